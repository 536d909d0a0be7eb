"""Limits by control groups of the older, split hierarchies: CPU by its quota, memory by its limit.

Where the memory hierarchy is not ours to use, memory is bounded by the process's data limit instead.
Source: Linux, Documentation/admin-guide/cgroup-v1 and scheduler/sched-bwc; docs/domain.md section 12.
"""

import contextlib
from pathlib import Path

from nimmer.errors import HostError
from nimmer.host import levers
from nimmer.host.group_files import GroupFiles, counter, members, refusal
from nimmer.host.limits import PERIOD_US, Usage, checked_name, checked_values, quota_us


class CgroupV1:
    """One group for the village in each hierarchy, one inside it per name. Existing ones are taken over."""

    backend = "cgroup-v1"

    def __init__(self, groups: dict[str, Path], files: GroupFiles) -> None:
        """Make or re-enter the village's group directories.

        Args:
            groups: the village's directory per controller: `cpu` must be there, `memory` and `cpuacct` may be.
            files: the hierarchies.

        Raises:
            HostError: the kernel refuses.
        """
        self._groups = groups
        self._files = files
        self._held: dict[int, int] = {}
        self.refused = 0
        try:
            for group in groups.values():
                files.make(group)
        except OSError as error:
            for group in groups.values():
                files.remove(group)
            raise refusal(f"a control group {groups['cpu'].name}", error) from error

    @property
    def directories(self) -> tuple[str, ...]:
        """The village's group directory in each hierarchy, without repetition."""
        return tuple(dict.fromkeys(str(group) for group in self._groups.values()))

    @property
    def shortcomings(self) -> tuple[str, ...]:
        """What these groups cannot hold here, one sentence each."""
        if "memory" in self._groups:
            return ()
        return (
            "cgroup-v1: the memory hierarchy is another supervisor's, so memory growth is bounded by RLIMIT_DATA",
        )

    def adopt(self, name: str, pid: int) -> None:
        """Move process `pid` into the groups of `name`; see the port."""
        checked_name(name)
        held = levers.data_bytes(pid)
        try:
            for group in map(Path, self.directories):
                self._files.make(group / name)
                self._files.write(group / name, "cgroup.procs", str(pid))
        except ProcessLookupError as error:
            raise HostError(f"process {pid} of {name} is gone, so it cannot be limited") from error
        except OSError as error:
            raise refusal(f"moving process {pid} into group {name}", error) from error
        self._held = {
            known: size for known, size in self._held.items() if levers.data_bytes(known) is not None
        }
        self._held[pid] = held or 0

    def set(self, name: str, cpu_percent: float | None, memory_bytes: int | None, nice: int) -> None:
        """Write the CPU quota, the memory limit and the nice values; see the port."""
        checked_values(name, cpu_percent, memory_bytes, nice)
        child = self._groups["cpu"] / checked_name(name)
        quota = -1 if cpu_percent is None else quota_us(cpu_percent)
        try:
            self._files.write(child, "cpu.cfs_period_us", str(PERIOD_US))
            self._files.write(child, "cpu.cfs_quota_us", str(quota))
            if "memory" in self._groups:
                limit = -1 if memory_bytes is None else memory_bytes
                self._files.write(self._groups["memory"] / name, "memory.limit_in_bytes", str(limit))
        except FileNotFoundError as error:
            raise HostError(f"nothing was adopted as {name}: adopt a process first") from error
        except OSError as error:
            raise refusal(f"limiting {name}", error) from error
        for pid in members(self._files.read(child, "cgroup.procs")):
            self.refused += not levers.set_nice(pid, nice)
            if "memory" not in self._groups:
                self._bound(pid, memory_bytes)

    def _bound(self, pid: int, memory_bytes: int | None) -> None:
        """Let `pid` grow by `memory_bytes` beyond what it held at adoption (or at first sight, if re-entered)."""
        held = self._held.setdefault(pid, levers.data_bytes(pid) or 0)
        self.refused += not levers.limit_data(pid, None if memory_bytes is None else held + memory_bytes)

    def usage(self, name: str) -> Usage | None:
        """Read the counters of the groups and the members' memory; see the port."""
        child = self._groups["cpu"] / checked_name(name)
        uses = [
            found for pid in members(self._files.read(child, "cgroup.procs")) if (found := levers.use(pid))
        ]
        if not uses:
            return None
        counted = self._read("cpuacct", name, "cpuacct.usage")
        return Usage(
            cpu_s=int(counted) / 1e9 if counted else sum(one.cpu_s for one in uses),
            memory_bytes=sum(one.memory_bytes for one in uses),
            throttled=counter(self._files.read(child, "cpu.stat"), "nr_throttled"),
            oom_kills=counter(self._read("memory", name, "memory.oom_control"), "oom_kill"),
        )

    def _read(self, controller: str, name: str, file: str) -> str:
        group = self._groups.get(controller)
        return self._files.read(group / name, file) if group else ""

    def release(self, name: str) -> None:
        """Move the members of `name` back beside the village's group and remove its groups."""
        checked_name(name)
        for pid in members(self._files.read(self._groups["cpu"] / name, "cgroup.procs")):
            if "memory" not in self._groups:
                levers.limit_data(pid, None)
            self._held.pop(pid, None)
        for group in map(Path, self.directories):
            for pid in members(self._files.read(group / name, "cgroup.procs")):
                with contextlib.suppress(ProcessLookupError):  # ended meanwhile
                    self._files.write(group.parent, "cgroup.procs", str(pid))
            self._files.remove(group / name)

    def close(self) -> None:
        """Release all names and remove the village's groups."""
        for group in map(Path, self.directories):
            for child in self._files.children(group):
                self.release(child.name)
        for group in map(Path, self.directories):
            self._files.remove(group)
