"""A cell: a small state machine around one capability, which prices what it does and can fail alone.

A cell says what it senses without knowing who listens. Every declared move of it costs lifeforce; the move to
ERROR is always open and free, so that a broken sensor is seen instead of guessed at.
Source: docs/domain.md section 2.
"""

from enum import Enum

from nimmer.life.wave import CellKind


class CellState(Enum):
    """Base of every cell's states: each one knows its successors and what going there costs."""

    @property
    def successors(self) -> "dict[CellState, float | None]":
        """Return the states that may follow, with the price in lifeforce; None means the kind's own price."""
        declared = _SUCCESSORS[self]
        error = type(self)["ERROR"]
        return declared if self is error else {**declared, error: 0.0}


class DistanceState(CellState):
    """States of a distance sensor; one whole poll costs .5."""

    IDLE = "idle"
    POLLING = "polling"
    READING = "reading"
    EMITTING = "emitting"
    ERROR = "error"


class BatteryState(CellState):
    """States of a battery monitor; every read costs the kind's price."""

    MONITORING = "monitoring"
    LOW = "low"
    CRITICAL = "critical"
    ERROR = "error"


class ReaderState(CellState):
    """States of a cell that reads one thing and reports it."""

    IDLE = "idle"
    READING = "reading"
    REPORTING = "reporting"
    ERROR = "error"


class MathState(CellState):
    """States of the math cell, which works on request only."""

    IDLE = "idle"
    COMPUTING = "computing"
    EMITTING = "emitting"
    ERROR = "error"


_D, _B, _R, _M = DistanceState, BatteryState, ReaderState, MathState
_ANY_CHARGE: dict[CellState, float | None] = {_B.MONITORING: None, _B.LOW: None, _B.CRITICAL: None}
_SUCCESSORS: dict[CellState, dict[CellState, float | None]] = {
    _D.IDLE: {_D.POLLING: 0.1},
    _D.POLLING: {_D.READING: 0.3},
    _D.READING: {_D.EMITTING: 0.1},
    _D.EMITTING: {_D.IDLE: 0.0},
    _D.ERROR: {_D.IDLE: 0.0},
    _B.MONITORING: _ANY_CHARGE,
    _B.LOW: _ANY_CHARGE,
    _B.CRITICAL: _ANY_CHARGE,
    _B.ERROR: {_B.MONITORING: 0.0},
    _R.IDLE: {_R.READING: None},
    _R.READING: {_R.REPORTING: 0.0},
    _R.REPORTING: {_R.IDLE: 0.0},
    _R.ERROR: {_R.IDLE: 0.0},
    _M.IDLE: {_M.COMPUTING: None},
    _M.COMPUTING: {_M.EMITTING: 0.0},
    _M.EMITTING: {_M.IDLE: 0.0},
    _M.ERROR: {_M.IDLE: 0.0},
}


class Cell:
    """One living cell: where it is in its states, whether it works, what it has said and spent.

    `poll` is the whole closed walk of one reading at once, priced when the cell is made: nobody can see the
    states in between of a read that takes microseconds, and twenty polls a second have no time to play them.
    """

    __slots__ = (
        "_home",
        "code",
        "current",
        "error_count",
        "kind",
        "last_error",
        "operational",
        "poll_cost",
        "price_scale",
        "spent",
        "waves",
    )

    def __init__(self, kind: CellKind, walk: tuple[CellState, ...], price_scale: float = 1.0) -> None:
        """Make a cell of `kind` resting in the first state of `walk`, which is one whole poll.

        Raises ValueError when the walk is not closed or takes a move its states do not declare.
        """
        self.kind = kind
        self.code = kind.code
        self.price_scale = price_scale
        self._home = walk[0]
        self.current = walk[0]
        self.operational = True
        self.error_count = 0
        self.last_error = ""
        self.waves = 0
        self.spent = 0.0
        if walk[0] is not walk[-1]:
            raise ValueError(f"the walk of {kind.name} must end where it began, at {walk[0].name}")
        self.poll_cost = 0.0
        for to in walk[1:]:
            self.poll_cost += self.step(to)
        self.spent = 0.0

    def step(self, to: CellState) -> float:
        """Go to state `to` and return its price in lifeforce. Raises ValueError when it is not a successor."""
        allowed = self.current.successors
        if to not in allowed:
            names = ", ".join(state.name for state in allowed)
            raise ValueError(
                f"{self.kind.name} cannot go from {self.current.name} to {to.name}, only to {names}"
            )
        price = allowed[to]
        cost = (self.kind.cost if price is None else price) * self.price_scale
        self.current = to
        self.spent += cost
        return cost

    def emitted(self) -> float:
        """Count one poll that ended in a wave and return its cost in lifeforce."""
        self.waves += 1
        self.spent += self.poll_cost
        return self.poll_cost

    def fail(self, reason: str) -> None:
        """Go to ERROR, free of charge: the cell says nothing until `recover`."""
        self.current = type(self.current)["ERROR"]
        self.operational = False
        self.error_count += 1
        self.last_error = reason

    def recover(self) -> None:
        """Return to rest and work again; nothing happens to a cell that works."""
        if not self.operational:
            self.current = self._home
            self.operational = True

    def state(self) -> dict[str, object]:
        """Return what the cell must remember, as plain JSON values."""
        return {
            "current": self.current.value,
            "operational": self.operational,
            "error_count": self.error_count,
            "last_error": self.last_error,
            "waves": self.waves,
            "spent": self.spent,
        }

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises KeyError, ValueError or TypeError when it is not a cell's."""
        self.current = type(self._home)(state["current"])
        self.operational = bool(state["operational"])
        self.error_count = int(str(state["error_count"]))
        self.last_error = str(state["last_error"])
        self.waves = int(str(state["waves"]))
        self.spent = float(str(state["spent"]))


DISTANCE_WALK = (_D.IDLE, _D.POLLING, _D.READING, _D.EMITTING, _D.IDLE)
BATTERY_WALK = (_B.MONITORING, _B.MONITORING)
READER_WALK = (_R.IDLE, _R.READING, _R.REPORTING, _R.IDLE)
MATH_WALK = (_M.IDLE, _M.COMPUTING, _M.EMITTING, _M.IDLE)


def battery_state(percentage: float) -> BatteryState:
    """Return the state of a battery at `percentage` (0..100): LOW below 20, CRITICAL below 10."""
    if percentage < 10.0:
        return _B.CRITICAL
    return _B.LOW if percentage < 20.0 else _B.MONITORING


def battery_confidence(percentage: float) -> float:
    """Return how sure a battery at `percentage` is of being worth hearing: .3 when full to 1.0 when critical."""
    if percentage < 20.0:
        return 1.0 if percentage < 10.0 else 0.9
    return 0.6 if percentage <= 50.0 else 0.3
