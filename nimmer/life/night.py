"""One body's slumbers: it gathers trails by day and, each time it falls asleep, puts them and its reflexes in order.

A night is one falling asleep, whatever its length; one cycle of rent and of keeping is one night. The body tells
what happened and does what the night says: compile these, forget those reflexes.
Source: docs/domain.md section 6 (slumber jobs).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple
from zlib import crc32

from nimmer.life.reflex_account import ReflexAccounts
from nimmer.life.slumber import CONFIDENT, Consolidation, Trail, consolidate

MOST_TRAILS = 64
"""Trails of one day that are remembered; a confident success beyond them still counts."""
MOST_PATTERNS = 64
"""Patterns whose successes are counted; beyond them the ones that were seen least are forgotten."""


class Night(NamedTuple):
    """What one slumber came to.

    compiled: patterns that have become worth a reflex; lapsed: reflexes whose account is empty; deleted: trails gone;
    reward: lifeforce for what was compiled.
    """

    compiled: tuple[int, ...]
    lapsed: tuple[str, ...]
    deleted: int
    reward: float


def pattern_of(nerve: int, states: Iterable[int]) -> int:
    """Return the key of a path: equal for equal paths of one nerve, and the same in every process."""
    return crc32(bytes((nerve, *states)))


class Slumbers:
    """The trails, counts and reflex accounts of one body."""

    __slots__ = ("_counted", "_done", "_trails", "accounts", "nights")

    def __init__(self) -> None:
        """Begin with nothing to put in order."""
        self.accounts = ReflexAccounts()
        self.nights = 0
        self._trails: list[Trail] = []
        self._counted: dict[int, int] = {}
        self._done: set[int] = set()

    def note(self, pattern: int, success: bool, confidence: float) -> None:
        """Remember how a run along `pattern` went; confidence: 0..1, such as its gate's weight."""
        if success and confidence > CONFIDENT:
            self._counted[pattern] = self._counted.get(pattern, 0) + 1
            if len(self._counted) > MOST_PATTERNS:
                del self._counted[min(self._counted, key=self._counted.__getitem__)]
        if len(self._trails) < MOST_TRAILS:
            self._trails.append(Trail(pattern, success, confidence))

    def know(self, pattern: int) -> None:
        """Take note that `pattern` is compiled already, and was paid for: no night compiles it again."""
        self._done.add(pattern)

    def forget(self, pattern: int) -> None:
        """Take note that the reflex of `pattern` is gone: it must be earned anew."""
        self._done.discard(pattern)
        self._counted.pop(pattern, None)

    def sleep(self) -> Night:
        """Put the day in order and return what is to be done. Call it once when the body falls asleep."""
        today = [one for one in self._trails if one.success and one.confidence > CONFIDENT]
        before = dict(self._counted)
        for trail in today:  # they are in the count already
            if trail.pattern in before:
                before[trail.pattern] -= 1
        found: Consolidation = consolidate(self._trails, before, self._done)
        self._trails = list(found.kept)
        self._done.update(found.compiled)
        self.nights += 1
        return Night(found.compiled, self.accounts.pay_rent(), found.deleted, found.reward)

    def state(self) -> dict[str, object]:
        """Return what must be remembered, as plain JSON values."""
        return {
            "accounts": self.accounts.state(),
            "nights": self.nights,
            "trails": [list(trail) for trail in self._trails],
            "counted": [[pattern, count] for pattern, count in self._counted.items()],
            "done": sorted(self._done),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is no slumbers'."""
        self.accounts.restore(state["accounts"])
        self.nights = int(state["nights"])
        self._trails = [
            Trail(int(pattern), bool(success), float(confidence), int(cycles))
            for pattern, success, confidence, cycles in state["trails"]
        ]
        self._counted = {int(pattern): int(count) for pattern, count in state["counted"]}
        self._done = {int(pattern) for pattern in state["done"]}
