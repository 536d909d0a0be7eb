"""The oracle that decides whether the village may move up: every NPC is asked about every house.

It reads only what each NPC believes and grades exact equality of trait sets; it changes nothing.
Source: docs/domain.md section 8 (quiz: 100 percent, village-wide).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.world.level import Level
from nimmer.world.state import Village


@dataclass(frozen=True, slots=True, eq=False)
class Quiz:
    """The result of one quiz.

    passed: every NPC knows every house; correct: `(N, nodes)` bool; coverage: `(N,)` float32, share answered right;
    missing: per NPC the nodes it answered wrong or not at all.
    """

    passed: bool
    correct: NDArray[np.bool_]
    coverage: NDArray[np.float32]
    missing: tuple[tuple[int, ...], ...]

    @property
    def score(self) -> float:
        """Return the share of all answers that were right, 0..1."""
        return float(self.correct.mean())


def ask_everyone(level: Level, village: Village, world: int = 0) -> Quiz:
    """Return the quiz of one world."""
    correct = village.knowledge[world] == level.traits
    missing = tuple(tuple(np.flatnonzero(~row).tolist()) for row in correct)
    return Quiz(bool(correct.all()), correct, correct.mean(axis=1, dtype=np.float32), missing)


def passed(level: Level, village: Village) -> NDArray[np.bool_]:
    """Return `(W,)` bool: which worlds would pass the quiz now."""
    complete: NDArray[np.bool_] = (village.facts == level.nodes).all(axis=1)
    for world in np.flatnonzero(complete):
        complete[world] = (village.knowledge[world] == level.traits).all()
    return complete
