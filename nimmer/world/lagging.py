"""Who holds the village back, on what, and since when: the quiz read for the slowest instead of the verdict.

Source: docs/domain.md section 8 (only 100 percent, village-wide, passes, so the last one decides).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.world.level import Level
from nimmer.world.quiz import Quiz
from nimmer.world.state import Village

LAGGARDS = 5
"""Most NPCs that are named: in a fresh village everybody lags alike."""
GAPS = 10
"""Most houses that are named for one of them."""
HARDEST = 5
"""Most houses that are named for the village."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A house an NPC does not know, or has wrong: its node, what it is, what is believed of it, () for nothing."""

    node: int
    traits: tuple[str, ...]
    believed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Laggard:
    """An NPC that knows least.

    coverage: share of its answers that were right; missing: how many were not; gaps: the first of those houses;
    since_tick: the world tick at which it last learned a house, or came to the level.
    """

    npc: int
    coverage: float
    missing: int
    gaps: tuple[Gap, ...]
    since_tick: int


@dataclass(frozen=True, slots=True)
class Missed:
    """A house many lack: its node, what it is, and how many NPCs do not know it rightly."""

    node: int
    traits: tuple[str, ...]
    npcs: int


@dataclass(frozen=True, slots=True)
class Lag:
    """complete: NPCs that know everything; lagging: NPCs that know least; laggards and hardest: the first of them."""

    complete: int
    lagging: int
    laggards: tuple[Laggard, ...]
    hardest: tuple[Missed, ...]


class Growth:
    """When each NPC last learned something, looked at now and then."""

    def __init__(self, village: Village) -> None:
        """Begin with what the one world of `village` knows now."""
        self._level = village.level
        self._facts = village.facts[0]
        self.since: NDArray[np.int64] = np.full(village.npcs, village.tick[0], np.int64)
        """`(N,)`: the world tick since which nothing was learned, as exact as the looks are frequent."""

    def watch(self, village: Village) -> None:
        """Look again; on another level everybody begins anew."""
        grown = (village.facts[0] > self._facts) | (village.level != self._level)
        self.since = np.where(grown, village.tick[0], self.since)
        self._level, self._facts = village.level, village.facts[0]

    def resume(self, since: Iterable[int]) -> None:
        """Take back what `since` was before a restart."""
        self.since = np.fromiter(since, np.int64, self.since.size)


def lag(level: Level, village: Village, quiz: Quiz, since: NDArray[np.int64], world: int = 0) -> Lag:
    """Return who holds one world back; nobody does when the quiz was passed.

    since: `(N,)` as `Growth.since`.
    """
    right = quiz.correct.sum(axis=1)
    complete = int((right == level.nodes).sum())
    if quiz.passed:
        return Lag(complete, 0, (), ())
    slowest = np.flatnonzero(right == right.min())
    laggards = tuple(
        Laggard(
            npc=npc,
            coverage=float(quiz.coverage[npc]),
            missing=int(level.nodes - right[npc]),
            gaps=_gaps(level, village.knowledge[world, npc], quiz.correct[npc]),
            since_tick=int(since[npc]),
        )
        for npc in slowest[:LAGGARDS].tolist()
    )
    return Lag(complete, slowest.size, laggards, _hardest(level, quiz))


def _gaps(level: Level, believed: NDArray[np.uint64], correct: NDArray[np.bool_]) -> tuple[Gap, ...]:
    """Return the first gaps, wrong beliefs before what is not known: they are rarer, and talk spreads them."""
    wrong = np.flatnonzero(~correct & (believed != 0))
    unknown = np.flatnonzero(believed == 0)
    nodes = [*wrong[:GAPS].tolist(), *unknown[:GAPS].tolist()][:GAPS]
    return tuple(Gap(node, level.house(node), level.words(int(believed[node]))) for node in nodes)


def _hardest(level: Level, quiz: Quiz) -> tuple[Missed, ...]:
    """Return the houses most NPCs miss, the lowest node first among equals."""
    missing = (~quiz.correct).sum(axis=0)
    worst = np.argsort(-missing, kind="stable")[:HARDEST]
    return tuple(
        Missed(node, level.house(node), int(missing[node])) for node in worst.tolist() if missing[node]
    )
