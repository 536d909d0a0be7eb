"""Measures what an operation takes once: processor time, energy, memory, wall time, as medians of many batches.

An operation is done many times in a row, because a clock cannot time one that takes a microsecond. Where an
operation can only be seen inside a larger one, the larger one is done with and without it, in turn, and the
difference is shared out. Energy is that of the whole machine, whoever else used it meanwhile.
Source: docs/domain.md section 6 (costs are to be measured).
"""

import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from nimmer.host.energy import EnergyMeter
from nimmer.life.profile import Sample

Rounds = Callable[[int], None]
"""Does something as many times as it is told."""
BATCH_S = 0.005
"""A batch lasts at least this long, s."""
MOST_ROUNDS = 1 << 20


@dataclass(frozen=True, slots=True)
class Workload:
    """Something to measure.

    names: the operations it stands for, alike for all of them; run: does it; without: does what `run` does besides;
    share: how many operations one round of `run` holds.
    """

    names: tuple[str, ...]
    run: Rounds
    without: Rounds | None = None
    share: int = 1


@dataclass(frozen=True, slots=True)
class Instruments:
    """What is read before and after a batch: seconds of this process's processor time, seconds passed, joules."""

    cpu_s: Callable[[], float]
    elapsed_s: Callable[[], float]
    energy: EnergyMeter


def system_instruments(energy: EnergyMeter) -> Instruments:
    """Return this machine's own instruments."""
    return Instruments(time.process_time, time.perf_counter, energy)


def measure(workload: Workload, instruments: Instruments, repeats: int) -> Sample:
    """Return what one operation of `workload` takes: the median of `repeats` batches, never below 0.

    Raises ValueError when `repeats` is below 1.
    """
    if repeats < 1:
        raise ValueError(f"repeats is {repeats}; a median needs 1 or more")
    rounds = _rounds(workload.run, instruments)
    batches = [_batch(workload, instruments, rounds) for _ in range(repeats)]
    operations = rounds * workload.share
    cpu_s = max(0.0, statistics.median(one.cpu_s for one in batches)) / operations
    elapsed_s = max(0.0, statistics.median(one.elapsed_s for one in batches)) / operations
    told = [one.joules for one in batches if one.joules is not None]
    joules = max(0.0, statistics.fmean(told)) / operations if len(told) == repeats else None
    held = _held(workload.run) - (_held(workload.without) if workload.without else 0)
    return Sample(cpu_s, joules, max(0, held) / workload.share / 1e6, elapsed_s)


def _rounds(run: Rounds, instruments: Instruments) -> int:
    """Return how many rounds last about `BATCH_S`; warms everything up on the way."""
    rounds = 1
    while rounds < MOST_ROUNDS:
        begun_s = instruments.elapsed_s()
        run(rounds)
        if instruments.elapsed_s() - begun_s >= BATCH_S:
            break
        rounds *= 2
    return rounds


class _Reading(NamedTuple):
    cpu_s: float
    elapsed_s: float
    joules: float | None


def _batch(workload: Workload, instruments: Instruments, rounds: int) -> _Reading:
    whole = _timed(workload.run, instruments, rounds)
    if workload.without is None:
        return whole
    less = _timed(workload.without, instruments, rounds)
    joules = None if whole.joules is None or less.joules is None else whole.joules - less.joules
    return _Reading(whole.cpu_s - less.cpu_s, whole.elapsed_s - less.elapsed_s, joules)


def _timed(run: Rounds, instruments: Instruments, rounds: int) -> _Reading:
    joules, elapsed_s, cpu_s = instruments.energy.joules(), instruments.elapsed_s(), instruments.cpu_s()
    run(rounds)
    cpu_s = instruments.cpu_s() - cpu_s
    elapsed_s = instruments.elapsed_s() - elapsed_s
    after = instruments.energy.joules()
    return _Reading(cpu_s, elapsed_s, None if joules is None or after is None else after - joules)


def _held(run: Rounds) -> int:
    """Return the most memory one round holds on top of what there was, bytes."""
    tracemalloc.start()
    try:
        run(1)  # what is kept from the first call on is not its price
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        run(1)
        return max(0, tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
