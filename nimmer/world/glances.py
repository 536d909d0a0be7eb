"""Looks on their way to the eye and back: who looked where, whom the eye shall see next, what came of it.

Pure; the garden's actor renders and asks. At most one glance of an NPC is on its way, all are bounded, and whatever
is left out is counted. Source: docs/eye.md, "The look of an NPC".
"""

from collections import deque
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.life.action import Verb
from nimmer.world.journal import TickFrame
from nimmer.world.sight import NOTHING, Sights
from nimmer.world.state import Village

MOST_SIGHTS = 4096
"""Beliefs that change in one tick at most; a frame of the log has room for them."""


@dataclass(frozen=True, slots=True)
class Glance:
    """One look: who looked at which house of which level, in which tick, and how many others stood there."""

    npc: int
    node: int
    level: int
    tick: int
    occupants: int


@dataclass(slots=True)
class GlanceTally:
    """What became of looks.

    looked: all; repeated: while an earlier one was on its way; dropped: too many waited; seen: answered with traits;
    blank: with none; failed: not answered; outdated: the village had left the level; forgotten: beliefs given up.
    """

    looked: int = 0
    repeated: int = 0
    dropped: int = 0
    seen: int = 0
    blank: int = 0
    failed: int = 0
    outdated: int = 0
    forgotten: int = 0


class Glances:
    """The looks of one village. most: how many may wait."""

    def __init__(self, most: int) -> None:
        """Begin with none."""
        self.tally = GlanceTally()
        self._most = most
        self._waiting: deque[Glance] = deque()
        self._under_way: set[int] = set()
        self._beliefs: dict[tuple[int, int], tuple[int, int]] = {}

    def look(self, frame: TickFrame, village: Village) -> None:
        """Take in who looked in the tick of `frame`, after which the village is `village`."""
        node = village.node[0]
        crowd = np.bincount(node, minlength=village.nodes)
        for npc in np.flatnonzero(frame.present & (frame.verbs == Verb.LOOK)).tolist():
            self.tally.looked += 1
            here = int(node[npc])
            if npc in self._under_way:
                self.tally.repeated += 1
            elif len(self._waiting) >= self._most:
                self.tally.dropped += 1
            else:
                self._under_way.add(npc)
                self._waiting.append(Glance(npc, here, village.level, frame.tick, int(crowd[here]) - 1))

    def next(self, level: int) -> Glance | None:
        """Return the longest waiting glance of `level`, which is now before the eye, or None.

        Glances of a level that the village has left are passed over: what they showed would not be believed.
        """
        while self._waiting:
            glance = self._waiting.popleft()
            if glance.level == level:
                return glance
            self._under_way.discard(glance.npc)
            self.tally.outdated += 1
        return None

    def answer(self, glance: Glance, traits: int) -> None:
        """Take in which traits the eye saw; from nothing seen nothing follows."""
        self._under_way.discard(glance.npc)
        if traits == NOTHING:
            self.tally.blank += 1
            return
        self.tally.seen += 1
        self._beliefs[glance.npc, glance.node] = (glance.level, traits)

    def fail(self, glance: Glance) -> None:
        """Take in that the eye did not answer; the NPC may look again."""
        self._under_way.discard(glance.npc)
        self.tally.failed += 1

    def correct(self, wrong: NDArray[np.bool_], village: Village) -> None:
        """Let everyone give up what the quiz found wrong `(N, nodes)`, so that it looks again."""
        for npc, node in np.argwhere(wrong & (village.knowledge[0] != NOTHING)).tolist():
            self._beliefs.setdefault((npc, node), (village.level, NOTHING))

    def take(self, level: int) -> Sights | None:
        """Return what is believed from the next tick on, on this level; None when nothing is."""
        taken: dict[tuple[int, int], int] = {}
        for place in list(self._beliefs)[:MOST_SIGHTS]:
            seen_on, traits = self._beliefs.pop(place)
            if seen_on != level:
                self.tally.outdated += 1
                continue
            taken[place] = traits
            self.tally.forgotten += traits == NOTHING
        return Sights.of(taken) if taken else None

    def status(self) -> dict[str, int]:
        """Return the tally, and how many glances wait."""
        return {**asdict(self.tally), "waiting": len(self._waiting)}
