"""Virtual time: how fast it runs, what a minute of it costs, and what happens when nobody can pay.

    speed            1x  10x  100x  1000x      in between: log-linear, 31.6x costs 12.5
    lifeforce / min   0    5    20     50      a pause 1 a minute, a rewind 50 at once; real time is free

A minute is a minute of the wall clock during which virtual time runs, and the speed that is paid for is the one
that was reached, not the one that was asked for.
Source: docs/domain.md section 4 (virtual time).
"""

from math import inf, log10
from typing import NamedTuple, Protocol

from nimmer.errors import WorldError

SLOWEST, FASTEST = 1.0, 1000.0
PRINTED: tuple[tuple[float, float], ...] = ((1.0, 0.0), (10.0, 5.0), (100.0, 20.0), (1000.0, 50.0))
"""Lifeforce per minute at the printed speeds."""
PAUSE_PER_MINUTE = 1.0
REWIND = 50.0
REASON = "garden"
"""What a purse is charged for."""
_HAIR = 1e-9
"""Ticks by which a sum of shares may miss the whole tick it stands for."""


class Purse(Protocol):
    """Who pays for virtual time; `nimmer.life.lifeforce.Lifeforce` is one."""

    @property
    def level(self) -> float:
        """Return what there is, lifeforce."""
        ...

    def charge(self, reason: str, amount: float) -> float:
        """Pay up to `amount` for `reason` and return what was paid."""
        ...


class Share(NamedTuple):
    """What an interval of real time comes to.

    ticks: world ticks to live; speed: virtual seconds per real second in force, 0 while paused;
    cost: lifeforce due; slowed: the purse could not pay for more than 1x.
    """

    ticks: int
    speed: float
    cost: float
    slowed: bool


def price_per_minute(speed: float) -> float:
    """Return what a minute at `speed` costs, lifeforce; nothing up to 1x, and no more than at 1000x above that."""
    slow, cheap = PRINTED[0]
    if not speed > slow:
        return cheap
    for fast, dear in PRINTED[1:]:
        if speed <= fast:
            return cheap + (dear - cheap) * log10(speed / slow) / log10(fast / slow)
        slow, cheap = fast, dear
    return cheap


def checked_speed(value: object) -> float:
    """Return `value` as a speed. Raises WorldError naming value and range when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not SLOWEST <= value <= FASTEST:
        raise WorldError(f"speed is {value!r}; it is a number from {SLOWEST:g} to {FASTEST:g}, such as 10")
    return float(value)


class VirtualTime:
    """The pace of one virtual garden."""

    __slots__ = ("_owed", "hz", "paused", "speed")

    def __init__(self, hz: float, speed: float = 1.0) -> None:
        """Run at `speed` times real time, `hz` world ticks to a virtual second.

        Raises WorldError when either is out of range.
        """
        if not 0.0 < hz < inf:
            raise WorldError(f"hz is {hz}; a world has a positive number of ticks a second, such as 20")
        self.hz = hz
        self.speed = checked_speed(speed)
        self.paused = False
        self._owed = 0.0

    def share(self, elapsed_s: float, most_ticks: int, level: float) -> Share:
        """Return what `elapsed_s` of real time comes to, with at most `most_ticks` ticks to be lived in it.

        1. Paused: nothing runs; who cannot pay for the pause runs on at 1x.
        2. The speed is the one asked for, or what `most_ticks` allow: what cannot be reached is not owed later.
        3. Who cannot pay for it runs at 1x, or at what `most_ticks` allow.

        level: what the purse holds, lifeforce. An interval that is not positive and finite comes to nothing.
        """
        if not 0.0 < elapsed_s < inf or most_ticks < 0:
            return Share(0, 0.0, 0.0, False)
        resting = PAUSE_PER_MINUTE * elapsed_s / 60.0
        if self.paused and level >= resting:
            return Share(0, 0.0, resting, False)
        reachable = most_ticks / (self.hz * elapsed_s)
        speed = min(SLOWEST if self.paused else self.speed, reachable)
        cost = price_per_minute(speed) * elapsed_s / 60.0
        slowed = cost > level
        if slowed:
            speed, cost = min(SLOWEST, reachable), 0.0
        owed = self._owed + speed * elapsed_s * self.hz
        ticks = min(int(owed + _HAIR), most_ticks)
        self._owed = min(max(owed - ticks, 0.0), 1.0)
        return Share(ticks, speed, cost, slowed or self.paused)

    def state(self) -> dict[str, object]:
        """Return pace and fraction of a tick, as plain JSON values."""
        return {"speed": self.speed, "paused": self.paused, "owed": self._owed}

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises KeyError, ValueError or WorldError when it is no pace's."""
        self.speed = checked_speed(state["speed"])
        self.paused = bool(state["paused"])
        self._owed = float(str(state["owed"]))
