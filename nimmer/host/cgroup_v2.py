"""Limits by control groups of the unified hierarchy: one group per NPC with cpu.max and memory.max.

Source: Linux, Documentation/admin-guide/cgroup-v2; docs/domain.md section 12.
"""

from pathlib import Path

from nimmer.errors import HostError
from nimmer.host import levers
from nimmer.host.group_files import GroupFiles, counter, members, refusal
from nimmer.host.limits import PERIOD_US, Usage, checked_name, checked_values, quota_us


class CgroupV2:
    """One group for the village, one inside it per name. An existing village group is taken over."""

    backend = "cgroup-v2"

    def __init__(self, group: Path, files: GroupFiles, memory: bool = True) -> None:
        """Make or re-enter the village's group directory `group` and hand its controllers to its children.

        Args:
            group: an absolute directory below the mount of the hierarchy.
            files: the hierarchy.
            memory: whether the memory controller is there too.

        Raises:
            HostError: the kernel refuses.
        """
        self._group = group
        self._files = files
        self._memory = memory
        self.refused = 0
        try:
            files.make(group)
            files.write(group, "cgroup.subtree_control", "+cpu +memory" if memory else "+cpu")
        except OSError as error:
            files.remove(group)
            raise refusal(f"the control group {group}", error) from error

    @property
    def directories(self) -> tuple[str, ...]:
        """The village's group directory."""
        return (str(self._group),)

    @property
    def shortcomings(self) -> tuple[str, ...]:
        """What these groups cannot hold here, one sentence each."""
        return () if self._memory else ("cgroup-v2: there is no memory controller, so memory is not limited",)

    def _child(self, name: str) -> Path:
        return self._group / checked_name(name)

    def adopt(self, name: str, pid: int) -> None:
        """Move process `pid` into the group of `name`; see the port."""
        child = self._child(name)
        try:
            self._files.make(child)
            self._files.write(child, "cgroup.procs", str(pid))
        except ProcessLookupError as error:
            raise HostError(f"process {pid} of {name} is gone, so it cannot be limited") from error
        except OSError as error:
            raise refusal(f"moving process {pid} into {child}", error) from error

    def set(self, name: str, cpu_percent: float | None, memory_bytes: int | None, nice: int) -> None:
        """Write cpu.max, memory.max and the nice values; see the port."""
        checked_values(name, cpu_percent, memory_bytes, nice)
        child = self._child(name)
        quota = "max" if cpu_percent is None else str(quota_us(cpu_percent))
        try:
            self._files.write(child, "cpu.max", f"{quota} {PERIOD_US}")
            if self._memory:
                self._files.write(child, "memory.max", "max" if memory_bytes is None else str(memory_bytes))
        except FileNotFoundError as error:
            raise HostError(f"nothing was adopted as {name}: adopt a process first") from error
        except OSError as error:
            raise refusal(f"limiting {name}", error) from error
        pids = members(self._files.read(child, "cgroup.procs"))
        self.refused += sum(not levers.set_nice(pid, nice) for pid in pids)

    def usage(self, name: str) -> Usage | None:
        """Read cpu.stat, memory.events and the members' memory; see the port."""
        child = self._child(name)
        uses = [
            found for pid in members(self._files.read(child, "cgroup.procs")) if (found := levers.use(pid))
        ]
        if not uses:
            return None
        cpu = self._files.read(child, "cpu.stat")
        return Usage(
            cpu_s=counter(cpu, "usage_usec") / 1e6,
            memory_bytes=sum(one.memory_bytes for one in uses),
            throttled=counter(cpu, "nr_throttled"),
            oom_kills=counter(self._files.read(child, "memory.events"), "oom_kill"),
        )

    def release(self, name: str) -> None:
        """Move the members of `name` into the parent of the village's group and remove its group."""
        self._empty(self._child(name))

    def _empty(self, child: Path) -> None:
        for pid in members(self._files.read(child, "cgroup.procs")):
            try:
                self._files.write(self._group.parent, "cgroup.procs", str(pid))
            except ProcessLookupError:
                continue  # ended meanwhile
            except OSError:  # the parent takes no members (it has controllers): lift the limits instead
                self._lift(child)
                return
        self._files.remove(child)

    def _lift(self, child: Path) -> None:
        self._files.write(child, "cpu.max", f"max {PERIOD_US}")
        if self._memory:
            self._files.write(child, "memory.max", "max")
        self.refused += 1

    def close(self) -> None:
        """Release all names and remove the village's group."""
        for child in self._files.children(self._group):
            self._empty(child)
        self._files.remove(self._group)
