"""How differently NPCs act: distances between brains by what each would do in the same moments.

The distance of two brains is the mean over the probes of the total variation distance of their action distributions,
half the sum of the absolute differences: 0 when they act alike, 1 when they never do the same. It is a metric, and it
says in which share of the moments even two that follow the same dice would act apart.
Source: docs/brains.md, "Personality"; Levin and Peres, "Markov Chains and Mixing Times", section 4.1.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nimmer.minds.brain import Floats
from nimmer.minds.mlp import Weights


class Probes(NamedTuple):
    """Moments: features `(probes, FEATURES)`, possible `(probes, ACTIONS)`."""

    features: Floats
    possible: NDArray[np.bool_]


class Pair(NamedTuple):
    """Two NPCs and how far apart they are, 0..1."""

    one: int
    other: int
    distance: float


class Personality(NamedTuple):
    """How far the brains of a village are apart: the mean over all pairs, the most alike, and the most unlike."""

    mean: float
    alike: Pair
    apart: Pair


def conduct(weights: Weights, probes: Probes) -> Floats:
    """Return how probable each action is in each moment, `(probes, ACTIONS)`; what cannot be done has 0."""
    first = np.tanh(probes.features @ weights["w1"] + weights["b1"])
    second = np.tanh(first @ weights["w2"] + weights["b2"])
    logits = np.where(probes.possible, second @ weights["w3"] + weights["b3"], -np.inf)
    heights = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: Floats = (heights / heights.sum(axis=1, keepdims=True)).astype(np.float32)
    return found


def distances(conducts: list[Floats]) -> NDArray[np.float64]:
    """Return the distance of every two, `(brains, brains)`: 0..1, symmetric, 0 from each to itself."""
    every = np.stack(conducts)
    found = np.zeros((len(conducts), len(conducts)))
    for row, one in enumerate(every):  # a row at a time: all pairs at once would take 400 MB for 500 NPCs
        apart = np.abs(every[row + 1 :] - one).sum(axis=2, dtype=np.float64).mean(axis=1) / 2
        found[row, row + 1 :] = found[row + 1 :, row] = np.minimum(apart, 1.0)
    return found


def personality(matrix: NDArray[np.float64]) -> Personality | None:
    """Return what a matrix of `distances` comes to; None of fewer than two brains."""
    one, other = np.triu_indices(len(matrix), 1)
    if one.size == 0:
        return None
    flat = matrix[one, other]
    alike, apart = int(flat.argmin()), int(flat.argmax())
    return Personality(
        float(flat.mean()),
        Pair(int(one[alike]), int(other[alike]), float(flat[alike])),
        Pair(int(one[apart]), int(other[apart]), float(flat[apart])),
    )
