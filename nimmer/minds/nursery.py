"""Gives every NPC a brain of its own before it is born: a trained one where there is one, else one drawn by chance.

Weights that an NPC has already, from an earlier life, are checked and left as they are.

Source: docs/domain.md section 8 (one process, one brain, private weights).
"""

from pathlib import Path

from nimmer.chance import Chance
from nimmer.minds.mlp import HIDDEN, Size, Weights, initial_weights
from nimmer.minds.village_weights import load_village
from nimmer.minds.weights import Origin, load_weights, save_weights


def weights_path(directory: Path, npc: int) -> Path:
    """Return where the weights of NPC `npc` are."""
    return directory / f"npc-{npc}.safetensors"


def newborn_brains(npcs: int, size: Size, seed: int, village: Path | None) -> list[Weights]:
    """Return the brains NPCs 0 to `npcs - 1` are born with: of the file `village`, over again, else drawn by chance.

    Raises WeightsError naming the file and the fix when it is corrupt or of another size.
    """
    if village is not None:
        trained = load_village(village, HIDDEN[size])[0]
        return [trained[npc % len(trained)] for npc in range(npcs)]
    chance = Chance(seed)
    return [initial_weights(size, chance.generator("npc", npc, "weights")) for npc in range(npcs)]


def prepare_brains(directory: Path, npcs: int, size: Size, seed: int, village: Path | None = None) -> int:
    """Check the weights of NPCs 0 to `npcs - 1` in `directory` and make those that are missing; return how many.

    village: file of trained brains (`nimmer.minds.village_weights`) that newborns take theirs from, over again where it
    holds fewer; without one they are drawn. Raises WeightsError naming the file and the fix when one is corrupt or of
    another size.
    """
    newborn, made = newborn_brains(npcs, size, seed, village), 0
    for npc in range(npcs):
        path = weights_path(directory, npc)
        if path.exists():
            load_weights(path, HIDDEN[size])
            continue
        save_weights(path, newborn[npc], Origin(npc, seed))
        made += 1
    return made
