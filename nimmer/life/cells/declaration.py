"""What a kind of cell declares of itself: its walk, its raw inputs, its fields, and how it makes sense of a reading.

Everything here is data and pure functions; `nimmer.life.sensor_cell` runs any declaration.
Source: docs/domain.md section 2 (states, wave content, confidence rules).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

from nimmer.life.cell import CellState
from nimmer.life.wave import MEANINGS, Field

STABLE_READINGS = 3
"""More readings like each other in a row than this make a value trustworthy: confidence .9."""


class Raw(NamedTuple):
    """One number a sensor gives: its name with its unit, the range it can be right in, and what it is when absent.

    Without a `default` it must be there; `whole`: it counts, or is the index of a choice.
    """

    name: str
    low: float
    high: float
    default: float | None = None
    whole: bool = False


class Past(NamedTuple):
    """What a cell remembers of its readings: the values said last, and how many in a row were like them."""

    values: tuple[float, ...] = ()
    steady: int = 0


class Sensed(NamedTuple):
    """What a reading means: how sure (0..1), one number per field, and how many readings in a row are like it."""

    confidence: float
    values: tuple[float, ...]
    steady: int = 1


Sense = Callable[[Mapping[str, float], Past], Sensed | str]
"""Makes sense of one reading, given the past; a text says why it cannot be right."""

Path = Callable[[CellState, tuple[float, ...]], tuple[CellState, ...]]
"""From the state a cell is in and what it says, the states it goes through to say it; each move at its price."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """One kind of cell as its file declares it.

    walk: one whole poll, from rest to rest; fields: what a wave says; reads: what `sense` is given; path: the states
    a cell goes through from where it is, for kinds that do not walk the whole way at each poll; on_device: whether a device on the bus may
    carry it; stale_s: a reading older than this is no reading, s.
    """

    walk: tuple[CellState, ...]
    fields: tuple[Field, ...]
    reads: tuple[Raw, ...] = ()
    sense: Sense | None = None
    path: Path | None = None
    on_device: bool = False
    stale_s: float = 3.0

    def __post_init__(self) -> None:
        """Raise ValueError for more fields than a wave carries, or a range that is none."""
        if len(self.fields) > MEANINGS:
            raise ValueError(f"{len(self.fields)} fields are declared; a wave carries {MEANINGS}")
        for one in self.reads:
            if not one.low <= one.high:
                raise ValueError(f"{one.name} reads from {one.low} to {one.high}; that is no range")

    def fault(self, raw: Mapping[str, object]) -> str:
        """Return why `raw` cannot be a reading of this kind, naming key, value and what is allowed; "" when it can."""
        names = [one.name for one in self.reads]
        for name in raw:
            if name not in names:
                near = get_close_matches(str(name), names, n=1, cutoff=0.0)
                return (
                    f"{str(name)[:40]!r} is none of its numbers; the nearest is {near[0] if near else 'none'}"
                )
        for one in self.reads:
            value = raw.get(one.name, one.default)
            if value is None:
                return f"{one.name} is missing"
            if not isinstance(value, int | float) or not one.low <= value <= one.high:  # true for NaN
                return f"{one.name} is {value!r:.40}; it lies in {one.low:g}..{one.high:g}"
            if one.whole and value != int(value):
                return f"{one.name} is {value!r:.40}; it is a whole number in {one.low:g}..{one.high:g}"
        return ""

    def filled(self, raw: Mapping[str, float]) -> Mapping[str, float]:
        """Return `raw` with the defaults of what is absent."""
        absent = {
            one.name: one.default for one in self.reads if one.default is not None and one.name not in raw
        }
        return {**raw, **absent} if absent else raw


def likeness(value: float, past: Past, within: float, field: int = 0) -> int:
    """Return how many readings in a row, this one included, are `within` of the one before."""
    if past.values and abs(value - past.values[field]) <= within:
        return past.steady + 1
    return 1


def stability(value: float, past: Past, within: float, noise: float, field: int = 0) -> tuple[float, int]:
    """Return (confidence, steady) by the common rule: .3 after a jump of more than `noise`, .9 steady, else .6."""
    steady = likeness(value, past, within, field)
    if past.values and abs(value - past.values[field]) > noise:
        return 0.3, steady
    return (0.9 if steady > STABLE_READINGS else 0.6), steady
