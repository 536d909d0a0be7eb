"""What trials say: means with the intervals they may be off by, and ratios of minds that lived through the same seeds.

All intervals are 95 % percentile bootstraps over seeds (Efron and Tibshirani 1993, chapter 13). A ratio is of two
means, its interval from resampling seeds in pairs: both sides lived in the same villages.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.chance import Chance
from policies.evaluation import Trial

RESAMPLES = 4000
_TAILS = (2.5, 97.5)
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean or a ratio of means, and its 95 % interval; NaN where nothing was measured."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Score:
    """One row of the table.

    name, embodied: as in `Trial`; seeds: how many villages; ticks: until passed, a village that never passed counted with the most ticks allowed; passed: share of villages;
    bumps: refused actions per NPC; lifeforce: level of a ledger at the end; nerves: share of ticks in which a nerve
    moved the body; against: ratios of ticks to those of others by name, 1 for itself.
    """

    name: str
    embodied: bool
    seeds: int
    ticks: Estimate
    median: float
    passed: float
    bumps: Estimate
    lifeforce: Estimate
    nerves: Estimate
    against: dict[str, Estimate]


class Resampling:
    """The resamples of S seeds, drawn once, so that every estimate of a table is over the same ones."""

    def __init__(self, seeds: int) -> None:
        """Draw them."""
        drawn = Chance(0).generator("bootstrap", seeds).random((RESAMPLES, seeds))
        self._shares = np.zeros((RESAMPLES, seeds))
        np.add.at(
            self._shares, (np.arange(RESAMPLES)[:, None], (drawn * seeds).astype(np.int64)), 1.0 / seeds
        )

    def mean(self, values: NDArray[np.generic]) -> Estimate:
        """Return the mean of `(S,)` values."""
        taken = values.astype(np.float64)
        low, high = np.percentile(self._shares @ taken, _TAILS)
        return Estimate(float(taken.mean()), float(low), float(high))

    def ratio(self, values: NDArray[np.generic], others: NDArray[np.generic]) -> Estimate:
        """Return the mean of `(S,)` values over the mean of others of the same seeds."""
        above, below = values.astype(np.float64), others.astype(np.float64)
        low, high = np.percentile((self._shares @ above) / (self._shares @ below), _TAILS)
        return Estimate(float(above.mean() / below.mean()), float(low), float(high))

    def curve(self, values: NDArray[np.float32]) -> tuple[Values, Values, Values]:
        """Return mean, low and high `(T,)` of curves `(S, T)`."""
        taken = values.astype(np.float64)
        low, high = np.percentile(self._shares @ taken, _TAILS, axis=0)
        return taken.mean(axis=0), low, high


def score(
    trials: Sequence[Trial], bound: NDArray[np.int64], against: Sequence[str] = ("explorer", "random")
) -> list[Score]:
    """Return a row per trial, each compared with those of `against` that lived the same way, and with the `bound`.

    Args:
        trials: each over the first of the same seeds, those of `against` over as many as any that lived that way.
        bound: `(S,)` ticks that nobody can beat, "bound" in `Score.against`.
        against: names of minds.
    """
    rivals = {(one.name, one.embodied): one for one in trials if one.name in against}
    resamplings = {size: Resampling(size) for size in {one.ticks.size for one in trials}}
    rows: list[Score] = []
    for trial in trials:
        resampling = resamplings[trial.ticks.size]
        ratios = {
            name: resampling.ratio(trial.ticks, rivals[name, trial.embodied].ticks[: trial.ticks.size])
            for name in against
            if (name, trial.embodied) in rivals
        }
        ratios["bound"] = resampling.ratio(trial.ticks, bound[: trial.ticks.size])
        rows.append(
            Score(
                trial.name,
                trial.embodied,
                trial.ticks.size,
                resampling.mean(trial.ticks),
                float(np.median(trial.ticks)),
                float(trial.passed.mean()),
                resampling.mean(trial.bumps),
                resampling.mean(trial.lifeforce),
                resampling.mean(trial.nerves),
                ratios,
            )
        )
    return rows
