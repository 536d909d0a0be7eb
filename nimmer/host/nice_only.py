"""Limits without control groups: nice values, and a bound on memory growth by the data limit.

CPU percent cannot be held this way; the supervisor's tick rate is what limits an NPC then.
Source: docs/domain.md section 12 (unprivileged: nice and tick rate).
"""

from nimmer.errors import HostError
from nimmer.host import levers
from nimmer.host.limits import Usage, checked_name, checked_values
from nimmer.host.processes import ProcessId, alive, identify


class NiceOnly:
    """Nice and data limit on the adopted process itself; needs no privilege to restrain, but to relax nice."""

    backend = "nice"
    directories: tuple[str, ...] = ()

    def __init__(self) -> None:
        """Know no process yet: a restarted supervisor adopts its NPCs again."""
        self._adopted: dict[str, tuple[ProcessId, int]] = {}
        self._wanted: dict[str, tuple[int | None, int]] = {}
        self.refused = 0

    def adopt(self, name: str, pid: int) -> None:
        """Remember process `pid` and what it holds; limits set before hold for it too; see the port."""
        checked_name(name)
        identity, held = identify(pid), levers.data_bytes(pid)
        if identity is None or held is None:
            raise HostError(f"process {pid} of {name} is gone, so it cannot be limited")
        self._adopted[name] = (identity, held)
        if name in self._wanted:
            self._apply(name)

    def set(self, name: str, cpu_percent: float | None, memory_bytes: int | None, nice: int) -> None:
        """Set nice and the bound on memory growth; `cpu_percent` is checked and not held; see the port."""
        checked_values(name, cpu_percent, memory_bytes, nice)
        if name not in self._adopted:
            raise HostError(f"nothing was adopted as {name}: adopt a process first")
        self._wanted[name] = (memory_bytes, nice)
        self._apply(name)

    def _apply(self, name: str) -> None:
        identity, held = self._adopted[name]
        memory_bytes, nice = self._wanted[name]
        if alive(identity):
            self.refused += not levers.set_nice(identity.pid, nice)
            limit = None if memory_bytes is None else held + memory_bytes
            self.refused += not levers.limit_data(identity.pid, limit)

    def usage(self, name: str) -> Usage | None:
        """Read CPU time and resident memory of the process; see the port."""
        identity = self._adopted[name][0] if name in self._adopted else None
        found = levers.use(identity.pid) if identity and alive(identity) else None
        return Usage(found.cpu_s, found.memory_bytes, 0, 0) if found else None

    def release(self, name: str) -> None:
        """Lift the data limit, and nice where the kernel allows; see the port."""
        identity, _ = self._adopted.pop(name, (None, 0))
        wanted = self._wanted.pop(name, None)
        if identity and wanted and alive(identity):
            levers.limit_data(identity.pid, None)
            levers.set_nice(identity.pid, 0)

    def close(self) -> None:
        """Release all names."""
        for name in tuple(self._adopted):
            self.release(name)


class NoLimits(NiceOnly):
    """No limits at all (`limits.mode = "none"`): processes are known only to read what they use."""

    backend = "none"

    def _apply(self, name: str) -> None:
        """Do nothing."""
