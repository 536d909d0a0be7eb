"""Gives every NPC a brain of its own before it is born: a trained one where there is one, else one drawn by chance.

Weights that an NPC has already, from an earlier life, are checked and left as they are.

Source: docs/domain.md section 8 (one process, one brain, private weights).
"""

from pathlib import Path

from nimmer.chance import Chance
from nimmer.minds.mlp import HIDDEN, Size, initial_weights
from nimmer.minds.village_weights import load_village
from nimmer.minds.weights import Origin, load_weights, save_weights


def weights_path(directory: Path, npc: int) -> Path:
    """Return where the weights of NPC `npc` are."""
    return directory / f"npc-{npc}.safetensors"


def prepare_brains(directory: Path, npcs: int, size: Size, seed: int, village: Path | None = None) -> int:
    """Check the weights of NPCs 0 to `npcs - 1` in `directory` and make those that are missing; return how many.

    village: file of trained brains (`nimmer.minds.village_weights`) that newborns take theirs from, over again where it
    holds fewer; without one they are drawn. Raises WeightsError naming the file and the fix when one is corrupt or of
    another size.
    """
    trained = load_village(village, HIDDEN[size])[0] if village is not None else []
    made = 0
    for npc in range(npcs):
        path = weights_path(directory, npc)
        if path.exists():
            load_weights(path, HIDDEN[size])
            continue
        generator = Chance(seed).generator("npc", npc, "weights")
        weights = trained[npc % len(trained)] if trained else initial_weights(size, generator)
        save_weights(path, weights, Origin(npc, seed))
        made += 1
    return made
