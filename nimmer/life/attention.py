"""Attention: which gates stand open decides what a body is about, and a beat's budget how long it can be.

    IDLE -> ALERT -> (REFLEX | FOCUSED | DIALOGUE | OVERWHELMED) -> SETTLE -> IDLE

Every tick the tests are made in this order:
    1. a reflex in the last second                     REFLEX
    2. the beat's budget is spent, or more than 5 open OVERWHELMED: gates are closed, lowest w * A first, never tier 0
    3. speech is open                                  DIALOGUE
    4. 1 to 3 open                                     FOCUSED
    5. 4 or 5 open, or some |A| >= .25                 ALERT
    6. else                                            IDLE
An episode ends when nothing is open any more: then comes SETTLE, one step in which state is to be written. Steps
that take no time (through IDLE or ALERT) are walked within one tick. Talk is speech: a body hears no sound, so the
gate of domain "social" (conversation_gate) counts like one of domain "speech".
Source: docs/domain.md section 6 (attention) with its [R] order of tests.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Protocol, TypeVar

from nimmer.life.beat_budget import BeatBudget, Spending

REFLEX_S = 1.0
"""How long a reflex holds the attention."""
MOST_OPEN = 5
"""More open gates than this overwhelm."""
FOCUS_OPEN = 3
ALERT_VALUE = 0.25
SPEECH = frozenset({"speech", "social"})
"""Domains whose open gate means a dialogue."""
_NEVER_S = -1e18


class Mode(IntEnum):
    """What a body attends to; each mode knows its successors."""

    IDLE = 0
    ALERT = 1
    FOCUSED = 2
    DIALOGUE = 3
    REFLEX = 4
    OVERWHELMED = 5
    SETTLE = 6

    @property
    def successors(self) -> "tuple[Mode, ...]":
        """Return the modes one step can reach."""
        return _SUCCESSORS[self]


_ENGAGED = (Mode.FOCUSED, Mode.DIALOGUE, Mode.REFLEX, Mode.OVERWHELMED)
_SUCCESSORS: dict[Mode, tuple[Mode, ...]] = {
    Mode.IDLE: (Mode.ALERT,),
    Mode.ALERT: (Mode.IDLE, *_ENGAGED, Mode.SETTLE),
    **{
        mode: (Mode.ALERT, *(other for other in _ENGAGED if other is not mode), Mode.SETTLE)
        for mode in _ENGAGED
    },
    Mode.SETTLE: (Mode.IDLE,),
}


class Named(Protocol):
    """What attention wants to know of a gate's table row."""

    @property
    def domain(self) -> str:
        """Return what it is about."""
        ...

    @property
    def tier(self) -> int:
        """Return the tier of its table row."""
        ...


class Attended(Protocol):
    """What attention wants to know of a gate; `ResonantGate` is one."""

    @property
    def discrete_state(self) -> int:
        """Return -1 closed, 0 stable, 1 open."""
        ...

    @property
    def value(self) -> float:
        """Return A."""
        ...

    @property
    def weight(self) -> float:
        """Return the trust it has earned, 0..1."""
        ...

    @property
    def tier(self) -> int:
        """Return the tier it routes to."""
        ...

    @property
    def override(self) -> int:
        """Return 1 while the governor holds it open: attention does not close that."""
        ...

    @property
    def spec(self) -> Named:
        """Return its table row."""
        ...


Gate = TypeVar("Gate", bound=Attended)


class Attention:
    """One body's attention. Per tick: `opened` for every opening, then `update`, then `to_close`."""

    __slots__ = ("_engaged", "_reflex_s", "budget", "changes", "closed", "mode")

    def __init__(self) -> None:
        """Begin IDLE with the budget of a whole beat."""
        self.mode = Mode.IDLE
        self.budget = BeatBudget()
        self.changes = 0
        self.closed = 0
        self._engaged = False
        self._reflex_s = _NEVER_S

    @property
    def settled(self) -> bool:
        """Return whether this tick is the one in which state is to be written."""
        return self.mode is Mode.SETTLE

    @property
    def overwhelmed(self) -> bool:
        """Return whether gates are to be closed."""
        return self.mode is Mode.OVERWHELMED

    @property
    def budget_left_ms(self) -> int:
        """Return what is left of this beat, ms."""
        return self.budget.left_ms

    def opened(self, tier: int, now_s: float) -> None:
        """Take note that a gate opened and routes to `tier`; tier 0 is a reflex."""
        self.budget.open_gate(tier)
        if tier == 0:
            self._reflex_s = now_s

    def begin_beat(self) -> Spending:
        """Begin the next beat with a whole budget and return where the last one's went."""
        spent = self.budget.spending()
        self.budget = BeatBudget()
        return spent

    def update(self, gates: Sequence[Attended], now_s: float) -> Mode:
        """Look at all gates at `now_s` (s) and return the mode of this tick."""
        opened = 0
        speaks = stirs = False
        for gate in gates:
            if gate.discrete_state > 0:
                opened += 1
                speaks = speaks or gate.spec.domain in SPEECH
            elif not -ALERT_VALUE < gate.value < ALERT_VALUE:
                stirs = True
        mode = self._judge(opened, speaks, stirs, now_s)
        if opened or mode > Mode.ALERT:
            self._engaged = True
        elif self._engaged:
            self._engaged = False
            mode = Mode.SETTLE
        if mode is not self.mode:
            self.mode = mode
            self.changes += 1
        return mode

    def _judge(self, opened: int, speaks: bool, stirs: bool, now_s: float) -> Mode:
        if 0.0 <= now_s - self._reflex_s < REFLEX_S:
            return Mode.REFLEX
        if opened > MOST_OPEN or self.budget.left_ms <= 0:
            return Mode.OVERWHELMED
        if speaks:
            return Mode.DIALOGUE
        if 0 < opened <= FOCUS_OPEN:
            return Mode.FOCUSED
        return Mode.ALERT if opened or stirs else Mode.IDLE

    def to_close(self, gates: Sequence[Gate]) -> Gate | None:
        """Return the one gate to be closed now, or None. Ask once per tick, after `update`.

        While OVERWHELMED it is the open one of lowest w * A (the first of equals), as long as more than 5 are open
        or the budget is spent. Never one of tier 0, be it by its trust or by its table row, nor one that the
        governor holds open.
        """
        if self.mode is not Mode.OVERWHELMED:
            return None
        opened = [gate for gate in gates if gate.discrete_state > 0]
        if len(opened) <= MOST_OPEN and self.budget.left_ms > 0:
            return None
        may = [gate for gate in opened if gate.tier and gate.spec.tier and gate.override <= 0]
        if not may:
            return None
        self.closed += 1
        return min(may, key=_hold)

    def state(self) -> dict[str, object]:
        """Return what must be remembered, as plain JSON values."""
        return {
            "mode": self.mode.name,
            "changes": self.changes,
            "closed": self.closed,
            "engaged": self._engaged,
            "reflex_s": self._reflex_s,
            "budget": self.budget.state(),
        }

    def restore(self, state: dict[str, Any], shift_s: float = 0.0) -> None:
        """Take back what `state` returned, times shifted by `shift_s`.

        Raises KeyError, TypeError or ValueError when it is not an attention's.
        """
        self.budget.restore(state["budget"])
        self.mode = Mode[str(state["mode"])]
        self.changes, self.closed = int(state["changes"]), int(state["closed"])
        self._engaged = bool(state["engaged"])
        self._reflex_s = float(state["reflex_s"]) + shift_s


def _hold(gate: Attended) -> float:
    """Return how firmly a gate holds the attention."""
    return gate.weight * gate.value
