"""What one village has on its host: processes, ports, control groups, shared memory, temporary directories.

Told by the village's own marks (its directory in environment, command line or working directory; its run in names),
so that what others do on the machine at the same time is nobody's fault.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from nimmer.host.processes import ProcessId, alive, identify


@dataclass(frozen=True, slots=True)
class Footprint:
    """What there was at one moment."""

    processes: frozenset[ProcessId]
    ports: frozenset[int]
    paths: frozenset[Path]

    @classmethod
    def of(cls, home: Path, run: str) -> "Footprint":
        """Look for everything of the village in `home` whose run is `run`."""
        processes = frozenset(_processes(home))
        pids = {one.pid for one in processes}
        ports = frozenset(
            one.laddr.port
            for one in psutil.net_connections("inet")
            if one.status == psutil.CONN_LISTEN and one.pid in pids
        )
        shared = {path for pid in pids for path in _shared_memory(pid)}
        return cls(processes, ports, frozenset(_paths(run)) | shared)

    def left(self) -> list[str]:
        """Name what is still there."""
        listening = {
            one.laddr.port for one in psutil.net_connections("inet") if one.status == psutil.CONN_LISTEN
        }
        return [
            *(f"process {one.pid} {_words(one.pid)}" for one in self.processes if alive(one)),
            *(f"port {port}" for port in self.ports & listening),
            *(f"{path}" for path in self.paths if path.exists()),
        ]


def _processes(home: Path) -> Iterator[ProcessId]:
    mark = str(home).encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        # gone meanwhile, or another user's
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            if mark in words or mark in bytes((entry / "cwd").readlink()):
                one = identify(int(entry.name))
                if one is not None:
                    yield one


def _shared_memory(pid: int) -> Iterator[Path]:
    """Yield the shared-memory files that a process has mapped by name, PostgreSQL's for instance."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            words = line.split(maxsplit=5)
            if len(words) == 6 and words[5].startswith("/dev/shm/") and Path(words[5]).exists():
                yield Path(words[5])


def _paths(run: str) -> Iterator[Path]:
    for directory in (Path("/dev/shm"), Path("/tmp")):
        yield from directory.glob(f"*{run}*")
    yield from Path("/sys/fs/cgroup").glob(f"*/**/*{run}*")
    yield from Path("/sys/fs/cgroup").glob(f"*{run}*")


def _words(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:100]
    return ""
