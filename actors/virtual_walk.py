"""A free virtual garden and the share of its process that it may have.

It is given real time in small pieces; in each it lives as many ticks as the speed asks for and the share allows. What
a tick takes is measured as it goes, so a large village simply reaches less.
Source: docs/domain.md section 4; docs/gardens.md, "Speeds".
"""

from nimmer.clock import Clock
from nimmer.world.virtual_garden import Lived, VirtualGarden
from nimmer.world.virtual_time import Purse

LONGEST_S = 1.0
"""A pause of this process longer than this is not made up for."""
_SMOOTH = 0.1
_LEAST_TICK_S = 1e-6


class Walk:
    """One free garden on its way. speed: reached lately, times real time; cpu: share of a core, lately."""

    def __init__(self, garden: VirtualGarden, share: float, clock: Clock) -> None:
        """Let `garden` have `share` of the time from now on."""
        self.garden = garden
        self.began_tick = garden.tick
        self.speed = 0.0
        self.cpu = 0.0
        self.slowed = False
        self._share = share
        self._clock = clock
        self._tick_s: float | None = None
        self._last_s = clock.monotonic_s()

    def go(self, speed: float, purse: Purse) -> list[Lived]:
        """Live what the time since the last call comes to at `speed`, and return where gates moved."""
        begun_s = self._clock.monotonic_s()
        elapsed_s = min(begun_s - self._last_s, LONGEST_S)
        most = 1 if self._tick_s is None else int(elapsed_s * self._share / max(self._tick_s, _LEAST_TICK_S))
        if most < 1 and elapsed_s < LONGEST_S:
            return []  # a tick of this village takes more than the share of so short a time
        self._last_s = begun_s
        self.garden.time.speed = speed
        done = self.garden.advance(elapsed_s, max(most, 1), purse)
        worked_s = self._clock.monotonic_s() - begun_s
        if done.ticks:
            self._tick_s = _smooth(self._tick_s or 0.0, worked_s / done.ticks)
        if elapsed_s > 0.0:
            self.speed = _smooth(self.speed, done.ticks / self.garden.time.hz / elapsed_s)
            self.cpu = _smooth(self.cpu, worked_s / elapsed_s)
        self.slowed = done.slowed
        return done.lived

    def rest(self) -> None:
        """Let the time since the last call go by."""
        self._last_s = self._clock.monotonic_s()
        self.speed = self.cpu = 0.0


def _smooth(before: float, now: float) -> float:
    return before + (now - before) * _SMOOTH if before else now
