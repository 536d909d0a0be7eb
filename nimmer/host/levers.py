"""What can be turned and read on one process from outside: its nice value, its data limit, its use.

Linux keeps a nice value per thread, so all threads of the process are turned. The data limit bounds growth:
a process that is taken over late has already mapped its libraries and stacks, in cgroups too that memory
stays charged to where it was first touched.
Source: docs/domain.md section 12 (unprivileged: nice and tick rate).
"""

import contextlib
import os
import resource
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Use:
    """What a process uses: CPU seconds since it started, resident bytes now."""

    cpu_s: float
    memory_bytes: int


def set_nice(pid: int, nice: int) -> bool:
    """Give every thread of `pid` the nice value `nice` (-20..19); a process that is gone is no error.

    Returns:
        False when the kernel refused it for some thread: an unprivileged user may raise nice, never lower it.
    """
    allowed = True
    try:
        threads = [int(thread.name) for thread in Path(f"/proc/{pid}/task").iterdir()]
    except (FileNotFoundError, ProcessLookupError):
        return True
    for thread in threads:
        try:
            os.setpriority(os.PRIO_PROCESS, thread, nice)
        except ProcessLookupError:
            continue
        except PermissionError:
            allowed = False
    return allowed


def data_bytes(pid: int) -> int | None:
    """Return the size of the private writable memory of `pid` (VmData), or None when it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    for line in text.splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return None  # a zombie has no memory


def limit_data(pid: int, limit_bytes: int | None) -> bool:
    """Bound the private writable memory of `pid`; beyond it allocations fail. None lifts the bound.

    Returns:
        False when the kernel refused it: another user's process, or its hard limit is lower.
    """
    with contextlib.suppress(ProcessLookupError):
        try:
            _, hard = resource.prlimit(pid, resource.RLIMIT_DATA)
            soft = resource.RLIM_INFINITY if limit_bytes is None else limit_bytes
            resource.prlimit(pid, resource.RLIMIT_DATA, (soft, hard))
        except (PermissionError, ValueError):
            return False
    return True


def use(pid: int) -> Use | None:
    """Return what `pid` uses, or None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
    ticks = int(fields[11]) + int(fields[12])
    return Use(ticks / os.sysconf("SC_CLK_TCK"), pages * resource.getpagesize())
