"""How far the brains of one village are apart, by what their weights files say now.

Source: docs/brains.md, "Personality".
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nimmer.minds.nursery import weights_path
from nimmer.minds.personality import Personality, conduct, distances, personality
from nimmer.minds.probes import load_probes
from nimmer.minds.weights import load_weights


class Census(NamedTuple):
    """The brains of NPCs 0 to N - 1: matrix `(N, N)` of their distances; steps each has learned by; what it comes to."""

    matrix: NDArray[np.float64]
    steps: list[int]
    village: Personality | None


def take_census(directory: Path, npcs: int) -> Census:
    """Return the census of the first `npcs` brains in `directory`. Raises WeightsError naming a file that is none."""
    probes = load_probes()
    brains = [load_weights(weights_path(directory, npc)) for npc in range(npcs)]
    matrix = distances([conduct(weights, probes) for weights, _ in brains])
    return Census(matrix, [origin.steps for _, origin in brains], personality(matrix))
