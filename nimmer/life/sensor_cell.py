"""Runs any declared kind of cell on raw readings: a reading comes in, a wave goes out, or the reason why not.

Source: docs/domain.md section 2 ("all: declared states, costed transitions, free move to ERROR").
"""

from collections.abc import Mapping
from math import inf, isfinite
from typing import Any

from nimmer.life.cell import Cell
from nimmer.life.cells.declaration import Declaration, Past, Path, Sensed
from nimmer.life.pricing import Pricing
from nimmer.life.wave import CellKind, Wave

MISSING = "there is no such sensor"
SAME_S = 1e-6
"""Two readings taken this close together are the same one."""


class SensorCell:
    """One living cell of a declared kind. Nothing it is given makes it raise; it fails, and says why, instead."""

    __slots__ = ("_past", "_said_s", "cell", "declared", "kind", "missing")

    def __init__(
        self,
        kind: CellKind,
        declared: Declaration,
        price_scale: float = 1.0,
        prices: Pricing | None = None,
        missing: str = MISSING,
    ) -> None:
        """Rest, as `kind` with what its file declared; `missing` is the reason when there is nothing to read.

        Raises ValueError when the kind makes no sense of readings, or its walk is none.
        """
        if declared.sense is None:
            raise ValueError(f"{kind.label} works on request; it has no sense to read with")
        self.kind = kind
        self.declared = declared
        self.missing = missing
        self.cell = Cell(kind, declared.walk, price_scale, prices)
        self._past = Past()
        self._said_s = -inf

    @property
    def operational(self) -> bool:
        """Whether its last poll gave a wave, or it was not polled yet."""
        return self.cell.operational

    def poll(self, raw: Mapping[str, float] | None, now_s: float, age_s: float = 0.0) -> Wave | None:
        """Return the wave of the reading `raw`, None when it is none that can be right.

        raw: numbers by name, None when there is no reading; age_s: how long ago it was taken, s.
        """
        sensed = self._sensed(raw, age_s)
        if isinstance(sensed, str):
            self._fail(sensed)
            return None
        self._past = Past(sensed.values, sensed.steady)
        cell = self.cell
        cell.recover()
        cost = cell.emitted() if self.declared.path is None else self._walked(self.declared.path, sensed)
        return Wave(self.kind.code, now_s, sensed.confidence, cost, sensed.values)

    def hear(self, newest: tuple[Mapping[str, float], float] | None, now_s: float) -> Wave | None:
        """Return the wave of a driver's `newest` reading (raw, age in s), once; None when it was spoken of before.

        One that has grown too old is polled all the same, so that it is found out.
        """
        if newest is None:
            return self.poll(None, now_s)
        raw, age_s = newest
        taken_s = now_s - age_s
        if 0.0 < age_s <= self.declared.stale_s and taken_s <= self._said_s + SAME_S:
            return None
        wave = self.poll(raw, now_s, age_s)
        if wave is not None:
            self._said_s = taken_s
        return wave

    def _walked(self, path: Path, sensed: Sensed) -> float:
        """Go through the states that this reading leads through and return what that costs."""
        cell = self.cell
        cell.waves += 1
        return sum(cell.step(to) for to in path(cell.current, sensed.values))

    def _sensed(self, raw: Mapping[str, float] | None, age_s: float) -> Sensed | str:
        """Return what the kind's file makes of `raw`; what no gate could use is a reason, not a wave."""
        declared = self.declared
        if raw is None:
            return self.missing
        if not age_s <= declared.stale_s:
            return f"it gave no reading for more than {declared.stale_s:g} s"
        reason = declared.fault(raw)
        if reason:
            return reason
        assert declared.sense is not None
        sensed = declared.sense(declared.filled(raw), self._past)
        return sensed if isinstance(sensed, str) else self._checked(sensed)

    def _checked(self, sensed: Sensed) -> Sensed | str:
        if not 0.0 <= sensed.confidence <= 1.0:
            return f"confidence {sensed.confidence} is not a share from 0 to 1"
        if len(sensed.values) != len(self.declared.fields) or not all(map(isfinite, sensed.values)):
            return f"{sensed.values} are not {len(self.declared.fields)} finite numbers"
        return sensed

    def _fail(self, reason: str) -> None:
        self._past = Past()
        if self.cell.operational or self.cell.last_error != reason:
            self.cell.fail(reason)

    def state(self) -> dict[str, Any]:
        """Return what the cell must remember, as plain JSON values."""
        return {
            "cell": self.cell.state(),
            "values": list(self._past.values),
            "steady": self._past.steady,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is not a cell's."""
        values = tuple(float(value) for value in state["values"])
        if len(values) not in (0, len(self.declared.fields)):
            raise ValueError(f"{self.kind.label} says {len(self.declared.fields)} values, not {len(values)}")
        self.cell.restore(state["cell"])
        self._past = Past(values, int(state["steady"]))
