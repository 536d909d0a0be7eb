"""Port of the limits: how much CPU and memory each NPC process may take, whatever the host offers.

A supervisor adopts a process under a name, turns its limits every epoch, and reads what it used. A Ray actor's
num_cpus is admission only, so these limits are what really holds a process.
Source: docs/domain.md section 12 (a supervisor actor writes cgroups by pid; unprivileged: nice and tick rate).
"""

import re
from dataclasses import dataclass
from typing import Protocol

from nimmer.errors import HostError

PERIOD_US = 50_000
"""CFS period in microseconds: a throttled process pauses at most this long (100 ms is the kernel's default)."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Usage:
    """What the processes under one name used.

    `cpu_s` grows from adoption on (from the process's start where no group counts it), `memory_bytes` is
    resident memory now, `throttled` counts periods in which the CPU quota was hit, `oom_kills` kernel kills
    for memory; both stay 0 where the host cannot count them.
    """

    cpu_s: float
    memory_bytes: int
    throttled: int
    oom_kills: int


class Limits(Protocol):
    """Named limits on processes. Names are entity ids such as `npc.7`."""

    @property
    def backend(self) -> str:
        """The driver: `cgroup-v2`, `cgroup-v1`, `nice` or `none`."""
        ...

    @property
    def directories(self) -> tuple[str, ...]:
        """Group directories this driver made, for the household to remove if the launcher is killed."""
        ...

    @property
    def refused(self) -> int:
        """How many settings the host refused so far (an unprivileged driver cannot lower a nice value)."""
        ...

    def adopt(self, name: str, pid: int) -> None:
        """Put process `pid` under `name`, in place of an earlier one; limits set before hold on.

        Raises:
            HostError: the process is gone, the name is malformed, or the host refuses.
        """
        ...

    def set(self, name: str, cpu_percent: float | None, memory_bytes: int | None, nice: int) -> None:
        """Set all limits of `name` at once; a process that ended meanwhile is no error.

        Args:
            name: an adopted name.
            cpu_percent: percent of one core, 1 to 100000; None: unlimited.
            memory_bytes: bytes beyond what it held when it was adopted, at least 1 MiB; None: unlimited.
            nice: nice value, -20 to 19.

        Raises:
            HostError: nothing was adopted under `name`, or a value is out of range.
        """
        ...

    def usage(self, name: str) -> Usage | None:
        """Return what `name` used, or None when nothing alive is known under it."""
        ...

    def release(self, name: str) -> None:
        """Forget `name` and give its process back unlimited; an unknown name is no error."""
        ...

    def close(self) -> None:
        """Release all names and remove every group this driver made; may be called twice."""
        ...


def checked_name(name: str) -> str:
    """Return `name` when it can be a group directory.

    Raises:
        HostError: it is empty, too long, or holds other than lower-case letters, digits, dot, dash, underscore.
    """
    if not _NAME.fullmatch(name):
        raise HostError(f"{name!r} cannot name a limit: use 1 to 100 of a-z, 0-9, '.', '-', '_'")
    return name


def checked_values(name: str, cpu_percent: float | None, memory_bytes: int | None, nice: int) -> None:
    """Check the range of each limit.

    Raises:
        HostError: naming the value and the allowed range.
    """
    if cpu_percent is not None and not 1.0 <= cpu_percent <= 100_000.0:
        raise HostError(
            f"{name}: cpu_percent is {cpu_percent}; allowed: 1 to 100000 percent of a core, or None"
        )
    if memory_bytes is not None and memory_bytes < 1 << 20:
        raise HostError(f"{name}: memory_bytes is {memory_bytes}; allowed: at least 1048576, or None")
    if not -20 <= nice <= 19:
        raise HostError(f"{name}: nice is {nice}; allowed: -20 to 19")


def quota_us(cpu_percent: float) -> int:
    """Return the run time in microseconds per `PERIOD_US` that `cpu_percent` of one core buys (at least 1 ms)."""
    return max(int(cpu_percent * PERIOD_US / 100), 1000)
