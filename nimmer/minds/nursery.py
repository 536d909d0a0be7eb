"""Gives every NPC a brain of its own before it is born: weights it already has are checked, missing ones are drawn.

Source: docs/domain.md section 8 (one process, one brain, private weights).
"""

from pathlib import Path

from nimmer.chance import Chance
from nimmer.minds.mlp import HIDDEN, Size, initial_weights
from nimmer.minds.weights import Origin, load_weights, save_weights


def weights_path(directory: Path, npc: int) -> Path:
    """Return where the weights of NPC `npc` are."""
    return directory / f"npc-{npc}.safetensors"


def prepare_brains(directory: Path, npcs: int, size: Size, seed: int) -> int:
    """Check the weights of NPCs 0 to `npcs - 1` in `directory` and draw those that are missing; return how many.

    Raises WeightsError naming the file and the fix when one is corrupt or of another size.
    """
    drawn = 0
    for npc in range(npcs):
        path = weights_path(directory, npc)
        if path.exists():
            load_weights(path, HIDDEN[size])
            continue
        generator = Chance(seed).generator("npc", npc, "weights")
        save_weights(path, initial_weights(size, generator), Origin(npc, seed))
        drawn += 1
    return drawn
