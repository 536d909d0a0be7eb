"""What a village under scarcity achieved, and what that is worth: one number, its parts, and what it cost.

    score = mean over NPCs of  20 * coverage gained  +  value of the triggers met  +  .02 * lifeforce earned

A whole level learned by everybody is worth 20. A danger met is worth 1, an empty battery noticed .5, a question
answered 2 (it is what the dearest mind is for), a talk .25, a look at an unknown house .1. Lifeforce is what the
ledgers gained, .02 a piece, so that 50 LF weigh as much as one danger; above 200 LF an NPC earns nothing. The weights
were set before the first training and are arguments, so that others can be tried.
Source: docs/domain.md section 8 (reward of the governor's net).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nimmer.life.governor_outcome import COVERAGE_POINTS, LIFEFORCE_POINTS, TRIGGER_POINTS
from nimmer.world.scarcity import KINDS, QUESTION

Numbers = NDArray[np.float64]
QUESTION_POINTS = 2.0
"""Points for a question answered."""


@dataclass(frozen=True, slots=True)
class ScoreWeights:
    """What things are worth; by default what they are worth in a live village, where nobody asks questions yet.

    coverage: a whole level; met: a trigger of each kind; lifeforce: one LF.
    """

    coverage: float = COVERAGE_POINTS
    met: tuple[float, ...] = (*TRIGGER_POINTS.values(), QUESTION_POINTS)
    lifeforce: float = LIFEFORCE_POINTS


class Tally(NamedTuple):
    """What W worlds achieved and used.

    gained, earned: `(W, N)` coverage and lifeforce; noticed, met, missed: `(W, N, KINDS)` triggers; cpu_ms: `(W, N)`;
    calls: `(W, N)` questions put to the cortex.
    """

    gained: Numbers
    earned: Numbers
    noticed: Numbers
    met: Numbers
    missed: Numbers
    cpu_ms: Numbers
    calls: Numbers

    @classmethod
    def nothing(cls, shape: tuple[int, int]) -> "Tally":
        """Return the tally of `shape` (W, N) before anything happened."""
        kinds = (*shape, len(KINDS))
        gained, earned, cpu_ms, calls = (np.zeros(shape) for _ in range(4))
        noticed, met, missed = (np.zeros(kinds) for _ in range(3))
        return cls(gained, earned, noticed, met, missed, cpu_ms, calls)

    def copied(self) -> "Tally":
        """Return the same numbers, apart from these."""
        return Tally(*(part.copy() for part in self))

    def minus(self, earlier: "Tally") -> "Tally":
        """Return what was added since `earlier`."""
        return Tally(*(now - then for now, then in zip(self, earlier, strict=True)))

    def score(self, weights: ScoreWeights | None = None) -> Numbers:
        """Return the village score, `(W,)`."""
        worth = weights or ScoreWeights()
        triggers = self.met @ np.array(worth.met)
        total = worth.coverage * self.gained + triggers + worth.lifeforce * self.earned
        return np.asarray(total.mean(axis=1))

    def parts(self) -> dict[str, Numbers]:
        """Return by name, `(W,)` each, what a table shows beside the score."""
        came = self.met.sum(axis=(1, 2)) + self.missed.sum(axis=(1, 2))
        return {
            "score": self.score(),
            "coverage_gained": self.gained.mean(axis=1),
            "triggers_met": self.met.sum(axis=(1, 2)) / np.maximum(came, 1.0),
            "dangers_met": _share(self.met[..., 0], self.missed[..., 0]),
            "questions_met": _share(self.met[..., QUESTION], self.missed[..., QUESTION]),
            "lifeforce_earned": self.earned.mean(axis=1),
            "cpu_s": self.cpu_ms.sum(axis=1) / 1000.0,
            "calls": self.calls.sum(axis=1),
        }


def _share(met: Numbers, missed: Numbers) -> Numbers:
    return np.asarray(met.sum(axis=1) / np.maximum(met.sum(axis=1) + missed.sum(axis=1), 1.0))
