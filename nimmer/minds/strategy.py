"""An evolution strategy: better weights found by trying pairs of opposite changes and ranking what came of them.

    ask: weights +- sigma * noise, in pairs      tell: how each fared -> ranks -> a gradient -> Adam

It needs no derivative of the world and no library but numpy. Ranks in place of scores keep one lucky world from
deciding; pairs of opposites take most of the noise out.
Source: Salimans et al. 2017, "Evolution Strategies as a Scalable Alternative to Reinforcement Learning"; Kingma and Ba
2015, "Adam".
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.errors import WeightsError

Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]
Named = dict[str, Floats]
_KEEP_MEAN, _KEEP_SQUARE, _TINY = 0.9, 0.999, 1e-8


@dataclass(frozen=True, slots=True)
class StrategySettings:
    """pairs: of opposite changes a generation tries; sigma: their standard deviation; rate: Adam's step."""

    pairs: int = 24
    sigma: float = 0.1
    rate: float = 0.02


class Strategy:
    """One search. Its state is `mean`, Adam's two moments and the generation; noise is drawn by the generation's generator."""

    def __init__(self, weights: Mapping[str, Floats], settings: StrategySettings) -> None:
        """Begin at `weights`."""
        self.settings = settings
        self._shapes = {name: array.shape for name, array in weights.items()}
        self.mean = np.concatenate([array.reshape(-1) for array in weights.values()]).astype(np.float64)
        self.generation = 0
        self._moment = np.zeros_like(self.mean)
        self._square = np.zeros_like(self.mean)
        self._noise = np.zeros((settings.pairs, self.mean.size))

    def weights(self) -> Named:
        """Return the weights the search stands at, by name."""
        return self._named(self.mean)

    def ask(self, generator: np.random.Generator) -> Named:
        """Return `2 * pairs` sets of weights to try, stacked along a first axis; the second half mirrors the first."""
        self._noise = generator.standard_normal((self.settings.pairs, self.mean.size))
        steps = self.settings.sigma * self._noise
        return self._named(np.concatenate([self.mean + steps, self.mean - steps]))

    def tell(self, scores: Numbers) -> None:
        """Move by how the `2 * pairs` sets fared, more being better. A score that is no number counts as the worst."""
        pairs, sigma = self.settings.pairs, self.settings.sigma
        shaped = centred_ranks(np.nan_to_num(scores, nan=-np.inf))
        gradient = (shaped[:pairs] - shaped[pairs:]) @ self._noise / (2.0 * pairs * sigma)
        self.generation += 1
        self._moment = _KEEP_MEAN * self._moment + (1.0 - _KEEP_MEAN) * gradient
        self._square = _KEEP_SQUARE * self._square + (1.0 - _KEEP_SQUARE) * gradient**2
        moment = self._moment / (1.0 - _KEEP_MEAN**self.generation)
        square = self._square / (1.0 - _KEEP_SQUARE**self.generation)
        self.mean = self.mean + self.settings.rate * moment / (np.sqrt(square) + _TINY)

    def state(self) -> dict[str, NDArray[np.float64]]:
        """Return what must be remembered to go on bit for bit."""
        return {
            "mean": self.mean.copy(),
            "moment": self._moment.copy(),
            "square": self._square.copy(),
            "generation": np.array([float(self.generation)]),
        }

    def restore(self, state: Mapping[str, NDArray[np.float64]]) -> None:
        """Take back what `state` returned. Raises WeightsError when it is of a net of another size."""
        for name in ("mean", "moment", "square"):
            found = state.get(name)
            if found is None or found.shape != self.mean.shape:
                size = "nothing" if found is None else f"{found.size} numbers"
                raise WeightsError(
                    f"the checkpoint holds {size} as {name}, this search has {self.mean.size}: it is of another"
                    " network size; resume with that size or begin anew"
                )
        self.mean, self._moment, self._square = (
            state[name].astype(np.float64) for name in ("mean", "moment", "square")
        )
        self.generation = int(state["generation"][0])

    def _named(self, flat: Numbers) -> Named:
        found: Named = {}
        at = 0
        for name, shape in self._shapes.items():
            size = int(np.prod(shape))
            part = flat[..., at : at + size]
            found[name] = part.reshape(*flat.shape[:-1], *shape).astype(np.float32)
            at += size
        return found


def centred_ranks(scores: Numbers) -> Numbers:
    """Return ranks in -.5..+.5, the best highest; equal scores share their mean rank."""
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(scores.size)
    ranks[order] = np.arange(scores.size, dtype=np.float64)
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    shared = np.bincount(place, weights=ranks) / count
    return np.asarray(shared[place] / max(scores.size - 1, 1) - 0.5)
