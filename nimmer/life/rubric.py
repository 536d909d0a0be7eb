"""The training rubric: points for behaving as one should, a currency of its own that is never summed with lifeforce.

A step earns fewer points than it costs lifeforce on purpose; the two answer different questions (was it right, could
it be afforded) and `Points` refuse to be added to a plain number. Inside are whole thousandths of a point.
Source: docs/domain.md section 6 (training rubric) and section 13 points 8 and 19.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Mark(NamedTuple):
    """points: what it earns; lifeforce: what reaching it cost, in the other currency, for comparison only."""

    points: float
    lifeforce: float


MARKS: Mapping[str, Mark] = MappingProxyType(
    {
        "cell": Mark(0.1, 0.3),
        "nerve": Mark(1.0, 2.0),
        "organism": Mark(5.0, 8.0),
        "human": Mark(2.0, 0.0),
        "collision": Mark(-5.0, 0.0),
    }
)
"""A right step of a cell, a nerve, an organism; a human's check; and a collision (in lifeforce it costs 10)."""


class Points:
    """An amount of rubric points. Adds to points alone: anything else is a TypeError."""

    __slots__ = ("milli",)

    def __init__(self, milli: int = 0) -> None:
        """Hold `milli` thousandths of a point."""
        self.milli = milli

    def __add__(self, other: "Points") -> "Points":
        if not isinstance(other, Points):
            return NotImplemented
        return Points(self.milli + other.milli)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Points) and self.milli == other.milli

    def __hash__(self) -> int:
        return hash((Points, self.milli))

    def __repr__(self) -> str:
        return f"Points({self.value:g})"

    @property
    def value(self) -> float:
        """Return the amount as a number, for a record or a display."""
        return self.milli / 1000


class Rubric:
    """The points of one body, and how often it earned each mark."""

    __slots__ = ("counts", "points")

    def __init__(self) -> None:
        """Begin with nothing."""
        self.points = Points()
        self.counts: dict[str, int] = dict.fromkeys(MARKS, 0)

    def mark(self, name: str) -> Points:
        """Note one mark called `name` and return its points; a name that is none earns nothing."""
        mark = MARKS.get(name)
        if mark is None:
            return Points()
        earned = Points(round(mark.points * 1000))
        self.points += earned
        self.counts[name] += 1
        return earned

    def state(self) -> dict[str, int]:
        """Return how often each mark was earned, as plain JSON values; the points follow from it."""
        return dict(self.counts)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is no rubric's."""
        counts = {name: int(state[name]) for name in MARKS}
        self.counts = counts
        self.points = Points(sum(round(MARKS[name].points * 1000) * count for name, count in counts.items()))
