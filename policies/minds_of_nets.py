"""Nets in numpy for many villages: NPC n of every world thinks with the n-th weights, all in one multiplication.

The same net and the same masking as `nimmer.minds.mlp.Mlp`, so what is judged here is what lives in a village.
Source: docs/domain.md section 8 (private weights per NPC).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nimmer.errors import WeightsError
from nimmer.minds.mlp import Weights
from nimmer.minds.nursery import weights_path
from nimmer.minds.village_weights import SHIPPED, load_village
from nimmer.minds.weights import load_weights
from nimmer.world.level import Level
from policies.acts import legal
from policies.minds import Actions, View
from policies.minds_by_hand import Draws, likeliest_or_drawn


def load_brains(path: Path) -> Weights:
    """Return the brains at `path` stacked, `w1` `(N, F, H)`: of a village's file, or of a directory with one each.

    A directory may hold `npcs.safetensors`, as `nimmer train npc` writes it, or `npc-0.safetensors`,
    `npc-1.safetensors` ..., as a village that lives keeps them. Raises WeightsError naming the file and the fix when
    there are none or they do not fit each other.
    """
    village = path / SHIPPED if path.is_dir() else path
    return stack(load_village(village)[0] if village.exists() else _individuals(path))


def stack(brains: Sequence[Weights]) -> Weights:
    """Return brains of one size as one, with a leading axis."""
    return {name: np.stack([weights[name] for weights in brains]) for name in brains[0]}


def _individuals(directory: Path) -> list[Weights]:
    found: list[Weights] = []
    while weights_path(directory, len(found)).exists():
        path = weights_path(directory, len(found))
        weights, _ = load_weights(path)
        if found and weights["b1"].shape != found[0]["b1"].shape:
            raise WeightsError(
                f"{path}: the hidden layers are {weights['b1'].size} wide, those of npc-0 {found[0]['b1'].size};"
                " a village's brains have one size"
            )
        found.append(weights)
    if not found:
        raise WeightsError(
            f"{directory}: there is neither {SHIPPED} nor {weights_path(directory, 0).name}; name what"
            " `nimmer train npc` wrote"
        )
    return found


class NetMinds:
    """NPC n thinks with brain n; where there are fewer brains they are taken over again, as newborns take them.

    weights: stacked as `load_brains` returns them; greedy: take the likeliest action instead of drawing one.
    """

    def __init__(self, name: str, weights: Weights, *, greedy: bool = False) -> None:
        """Keep `weights`, `(B, ...)` each."""
        self.name = f"{name}, greedy" if greedy else name
        self._weights = weights
        self._greedy = greedy

    def begin(self, level: Level, seeds: Sequence[int], npcs: int) -> None:
        """Give everybody a brain."""
        whose = np.arange(npcs) % self._weights["b1"].shape[0]
        self._part = {name: array[whose] for name, array in self._weights.items()}
        self._draws = Draws(seeds, npcs)

    def decide(self, view: View) -> Actions:
        """Return what the nets choose among what is possible."""
        draws = None if self._greedy else self._draws.next()
        return likeliest_or_drawn(self.logits(view.features), legal(view.features), draws)

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return `(W, N, ACTIONS)` for features `(W, N, FEATURES)`."""
        part = self._part
        layer = features.transpose(1, 0, 2)
        for number in "12":
            layer = np.tanh(layer @ part[f"w{number}"] + part[f"b{number}"][:, None])
        found: NDArray[np.float32] = (layer @ part["w3"] + part["b3"][:, None]).transpose(1, 0, 2)
        return found
