"""Who ticks when: a rate says how often an NPC wants to, a quota how often it can, and what it did it must pay off.

A control group lets a process run until its quota of the period is spent and then stops it; so a tick may begin
whenever the last one is paid off, and a heavy one delays the next. Arrays are `(W, N)`.
Source: docs/domain.md section 8 (tick rate 1-20 Hz, CPU quota 5-100 %); docs/host.md (limits by control group).
"""

import numpy as np
from numpy.typing import NDArray

from nimmer.world.scarcity import ScarcityModel

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Compute:
    """The CPU of W worlds of N NPCs; times in ms of one core."""

    def __init__(self, model: ScarcityModel, tick_ms: Numbers, effective: Numbers) -> None:
        """Begin with nothing owed.

        Args:
            model: the numbers of the village.
            tick_ms: `(W, N)` what one tick of each NPC takes.
            effective: `(W, N)` 0..1, the share of its quota an NPC really gets; below 1 for a starved one.
        """
        self._period_ms = 1000.0 * model.tick_s
        self._tick_s = model.tick_s
        self.tick_ms = tick_ms
        self.effective = effective
        self._phase = np.zeros(tick_ms.shape)
        self._credit = np.zeros(tick_ms.shape)
        self._hz = np.ones(tick_ms.shape)
        self._given_ms = np.zeros(tick_ms.shape)
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Forget what was counted in the last epoch."""
        shape = self.tick_ms.shape
        self.used_ms = np.zeros(shape)
        self.due = np.zeros(shape)
        self.done = np.zeros(shape)
        self.owed_most_ms = np.zeros(shape)

    def allot(self, tick_hz: Numbers, cpu_percent: Numbers) -> None:
        """Put an epoch's rates in Hz and quotas in percent of a core into force."""
        self._hz = tick_hz
        self._given_ms = cpu_percent / 100.0 * self._period_ms * self.effective

    def turn(self) -> Flags:
        """Let one world tick pass; return `(W, N)` who ticks in it."""
        # at most one period's quota is kept: unused CPU is gone, as in a control group
        self._credit = np.minimum(self._credit + self._given_ms, self._given_ms)
        self._phase += self._hz * self._tick_s
        due = self._phase >= 1.0 - 1e-9
        self._phase -= due
        acts: Flags = due & (self._credit >= 0.0)
        self.due += due
        self.done += acts
        np.maximum(self.owed_most_ms, -self._credit, out=self.owed_most_ms)
        self.spend(np.where(acts, self.tick_ms, 0.0))
        return acts

    def spend(self, cpu_ms: Numbers) -> None:
        """Charge `cpu_ms` `(W, N)` for work done."""
        self._credit -= cpu_ms
        self.used_ms += cpu_ms

    @property
    def late_ms(self) -> Numbers:
        """Return how long the worst debt of this epoch takes to pay off, ms: how late a tick began."""
        rate = np.maximum(self._given_ms / self._period_ms, 1e-6)
        return self.owed_most_ms / rate
