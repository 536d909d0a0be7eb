"""What a body still does at its level of lifeforce: the poorer, the quieter, the less it looks, the slower; then sleep.

    FULL      all
    SILENT    below 20 % of the birth level: does not speak
    SPARING   below 10 %: besides, it looks for novelty and company only every second tick
    SLOW      below 5 %: besides, it moves only every second tick and looks even less
    HALTED    at 0: does nothing and feels only its energy, at each heartbeat, until income has brought 5 %
    ASLEEP    slumber: lambda < .7 and level < 20 % and nothing urgent; wakes at lambda > 1.2 and level > 50 %, or
              when something is urgent

A stage is left only at a quarter above the level at which it was entered, and who was woken stays awake for 10 s:
so nothing flutters. Pure decision: `next_state`; `Vigour` remembers for one body.
Source: docs/domain.md section 6 (degradation, slumber, heartbeat); the stages' levels are ours.
"""

from enum import IntEnum
from math import inf

from nimmer.life.balance import heartbeat_hz
from nimmer.life.economy import BIRTH_LEVEL

SILENT_SHARE, SPARING_SHARE, SLOW_SHARE = 0.2, 0.1, 0.05
"""Shares of the birth level below which a stage begins."""
RECOVERY = 1.25
"""How far above its beginning a stage is left again, as a factor."""
RECHARGED_SHARE = 0.05
"""A halted body begins again at this share of its birth level."""
SLEEP_BALANCE, SLEEP_SHARE = 0.7, 0.2
WAKE_BALANCE, WAKE_SHARE = 1.2, 0.5
STAYS_AWAKE_S = 10.0
"""How long a body that has woken does not fall asleep again."""
ALL, LESS, ENERGY_ONLY, NOTHING = 0, 1, 2, 3
"""What to sense: all; no novelty and company; energy alone; not at all. The first three are `BodyCells.sense`'s."""


class State(IntEnum):
    """How much of a life a body lives; the awake ones in order of decline."""

    FULL = 0
    SILENT = 1
    SPARING = 2
    SLOW = 3
    HALTED = 4
    ASLEEP = 5

    @property
    def successors(self) -> "tuple[State, ...]":
        """Return the states that may follow at once: only who is recharged falls asleep."""
        if self is State.HALTED:
            return AWAKE
        return tuple(state for state in State if state is not self)


AWAKE = (State.FULL, State.SILENT, State.SPARING, State.SLOW)
_BEGINS = (inf, SILENT_SHARE, SPARING_SHARE, SLOW_SHARE)


def stage(share: float, previous: State) -> State:
    """Return the awake stage at `share` of the birth level, coming from `previous`."""
    held = previous if previous in AWAKE else State.FULL
    for candidate in (State.SLOW, State.SPARING, State.SILENT):
        begins = _BEGINS[candidate] * (RECOVERY if held >= candidate else 1.0)
        if share < begins:
            return candidate
    return State.FULL


def next_state(share: float, balance: float, urgent: bool, previous: State, may_sleep: bool = True) -> State:
    """Return what a body does next.

    share: level / birth level, 0 or more; balance: lambda; urgent: whether something cannot wait;
    may_sleep: false for who woke just now.

    1. Nothing left: halted. 2. Halted: until recharged. 3. Asleep: until it wakes. 4. Asleep when declining, poor
    and not needed. 5. Else the stage of its level.
    """
    if share <= 0.0:
        return State.HALTED
    if previous is State.HALTED:
        return stage(share, State.SLOW) if share >= RECHARGED_SHARE else State.HALTED
    if previous is State.ASLEEP:
        wakes = urgent or (balance > WAKE_BALANCE and share > WAKE_SHARE)
        return stage(share, previous) if wakes else State.ASLEEP
    if may_sleep and not urgent and balance < SLEEP_BALANCE and share < SLEEP_SHARE:
        return State.ASLEEP
    return stage(share, previous)


class Vigour:
    """How much of a life one body lives now. Update it once per tick; then ask what may be done in that tick."""

    __slots__ = ("_awake_until_s", "_birth_level", "_feels", "_feels_at_s", "changes", "current")

    def __init__(self, birth_level: float = BIRTH_LEVEL) -> None:
        """Be born in FULL. Raises ValueError when `birth_level`, lifeforce, is not above 0."""
        if not 0.0 < birth_level < inf:
            raise ValueError(f"birth_level is {birth_level}; shares are taken of a level above 0")
        self.current = State.FULL
        self.changes = 0
        self._birth_level = birth_level
        self._awake_until_s = self._feels_at_s = -1e18
        self._feels = True

    def update(self, level: float, balance: float, urgent: bool, now_s: float) -> State:
        """Take one tick's `level` (lifeforce), lambda and urgency at `now_s` (s) and return the state for it."""
        previous = self.current
        share = level / self._birth_level
        if previous is State.FULL and share >= SILENT_SHARE:
            return previous
        found = next_state(share, balance, urgent, previous, now_s >= self._awake_until_s)
        if found is not previous:
            self.current = found
            self.changes += 1
            self._feels_at_s = now_s
            if previous is State.ASLEEP:
                self._awake_until_s = now_s + STAYS_AWAKE_S
        if found is State.HALTED:
            self._feels = now_s >= self._feels_at_s
            if self._feels:
                self._feels_at_s = now_s + 1.0 / heartbeat_hz(level)
        return found

    def senses(self, tick: int) -> int:
        """Return what to sense in tick number `tick`: `ALL`, `LESS`, `ENERGY_ONLY` or `NOTHING`."""
        current = self.current
        if current < State.SPARING:
            return ALL
        if current is State.SPARING:
            return LESS if tick & 1 else ALL
        if current is State.SLOW:
            return ENERGY_ONLY if tick & 1 else LESS
        return ENERGY_ONLY if current is State.ASLEEP or self._feels else NOTHING

    def may_move(self, tick: int) -> bool:
        """Return whether the body may act in tick number `tick`."""
        current = self.current
        return current < State.SLOW or (current is State.SLOW and not tick & 1)

    @property
    def may_speak(self) -> bool:
        """Return whether the body can afford to speak."""
        return self.current is State.FULL

    @property
    def awake(self) -> bool:
        """Return whether the body lives at all: neither halted nor asleep."""
        return self.current < State.HALTED

    def state(self) -> dict[str, object]:
        """Return what must be remembered, as plain JSON values."""
        return {
            "state": self.current.name,
            "changes": self.changes,
            "awake_until_s": self._awake_until_s,
            "feels_at_s": self._feels_at_s,
        }

    def restore(self, state: dict[str, object], shift_s: float = 0.0) -> None:
        """Take back what `state` returned, times shifted by `shift_s`.

        Raises KeyError, TypeError or ValueError when it is not a vigour's.
        """
        self.current = State[str(state["state"])]
        self.changes = int(str(state["changes"]))
        self._awake_until_s = float(str(state["awake_until_s"])) + shift_s
        self._feels_at_s = float(str(state["feels_at_s"])) + shift_s
