"""The few things one can do to a cgroup directory, so that the cgroup drivers can be tested without a kernel.

Source: Linux, Documentation/admin-guide/cgroup-v1 and cgroup-v2.
"""

from pathlib import Path
from typing import Protocol

from nimmer.clock import Clock
from nimmer.errors import HostError


class GroupFiles(Protocol):
    """Directories and files of a cgroup hierarchy. All but `remove` raise OSError when the kernel refuses."""

    def make(self, group: Path) -> None:
        """Make the group; one that exists is no error."""
        ...

    def remove(self, group: Path) -> bool:
        """Remove the group without children; tell whether it is gone."""
        ...

    def write(self, group: Path, name: str, value: str) -> None:
        """Write `value` into the control file `name`."""
        ...

    def read(self, group: Path, name: str) -> str:
        """Return the content of the control file `name`, or an empty string when it does not exist."""
        ...

    def children(self, group: Path) -> tuple[Path, ...]:
        """Return the groups inside, or none when the group does not exist."""
        ...


class KernelGroupFiles:
    """The real hierarchy under /sys/fs/cgroup."""

    def __init__(self, clock: Clock, patience_s: float = 1.0) -> None:
        """Wait up to `patience_s` for the kernel to let a group go whose last process has just ended."""
        self._clock = clock
        self._patience_s = patience_s

    def make(self, group: Path) -> None:
        """Make the group; one that exists is no error."""
        group.mkdir(exist_ok=True)

    def remove(self, group: Path) -> bool:
        """Remove the group without children; tell whether it is gone."""
        deadline_s = self._clock.monotonic_s() + self._patience_s
        while True:
            try:
                group.rmdir()
            except FileNotFoundError:
                return True
            except OSError:
                if self._clock.monotonic_s() >= deadline_s:
                    return False
                self._clock.wait_s(0.01)

    def write(self, group: Path, name: str, value: str) -> None:
        """Write `value` into the control file `name`; never creates a file."""
        with (group / name).open("r+b", buffering=0) as file:
            file.write(value.encode())

    def read(self, group: Path, name: str) -> str:
        """Return the content of the control file `name`, or an empty string when it does not exist."""
        try:
            return (group / name).read_text()
        except OSError:
            return ""

    def children(self, group: Path) -> tuple[Path, ...]:
        """Return the groups inside, or none when the group does not exist."""
        try:
            return tuple(sorted(entry for entry in group.iterdir() if entry.is_dir()))
        except OSError:
            return ()


def counter(text: str, key: str) -> int:
    """Return the number after `key` in a flat-keyed control file such as cpu.stat, or 0 when it is absent."""
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == key:
            return int(words[1])
    return 0


def members(text: str) -> tuple[int, ...]:
    """Return the pids of a cgroup.procs file; 0 stands for a process outside this pid namespace."""
    return tuple(pid for pid in map(int, text.split()) if pid > 0)


def own_groups(text: str) -> dict[str, str]:
    """Return the group of this process per controller from /proc/self/cgroup; the v2 group has the key ''."""
    groups = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            groups[controller] = path
    return groups


def refusal(doing: str, error: OSError) -> HostError:
    """Return the HostError for a control the kernel did not accept."""
    return HostError(f"{doing} was refused: {error.strerror}; choose another backend with limits.mode")
