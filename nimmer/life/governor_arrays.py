"""The envelope's bounds over arrays, for the training world, where thousands of villages are governed at a time.

It bounds a finite proposal exactly as `nimmer.life.governor.Envelope` bounds one village's (a test compares them), so
a net learns under the bounds it will live under.
"""

import numpy as np
from numpy.typing import NDArray

from nimmer.life.governor import Envelope

Numbers = NDArray[np.float64]


def bounded(
    envelope: Envelope,
    wish: tuple[Numbers, Numbers],
    previous: tuple[Numbers, Numbers],
    capacity_percent: Numbers,
) -> tuple[Numbers, Numbers]:
    """Return the tick rates in Hz and quotas in percent that the envelope lets through, `(W, N)` each.

    Args:
        envelope: its steps and limits; its own capacity is not used.
        wish: rates and quotas as proposed, `(W, N)` each, finite.
        previous: those of the last epoch.
        capacity_percent: `(W,)` percent of one core for all NPCs of each world.
    """
    limits = envelope.limits
    step_hz, step_cpu = envelope.max_tick_step_hz, envelope.max_cpu_step
    hz = np.clip(wish[0], previous[0] - step_hz, previous[0] + step_hz)
    cpu = np.clip(wish[1], previous[1] - step_cpu, previous[1] + step_cpu)
    hz = np.clip(hz, limits.min_tick_hz, limits.max_tick_hz)
    cpu = np.clip(cpu, limits.min_cpu_percent, limits.max_cpu_percent)
    floor = limits.min_cpu_percent
    floors = floor * cpu.shape[1]
    total = cpu.sum(axis=1)
    above = np.maximum(total - floors, 1e-12)
    keep = np.clip((capacity_percent - floors) / above, 0.0, 1.0)
    over = (total > capacity_percent)[:, None]
    return hz, np.where(over, floor + (cpu - floor) * keep[:, None] * (1.0 - 1e-9), cpu)
