"""The arena's bytes: one file in shared memory, mapped by every process of the host that lives by it.

The file outlives the processes that map it, which is what lets an NPC, the supervisor, the bridge or the
recorder be killed and carry on where the last one stopped. Whoever created it removes it by its path.
"""

import mmap
import os
from pathlib import Path
from typing import Any, Self

import numpy as np

from nimmer.arena.layout import HEADER, LAYOUT_VERSION, MAGIC, Extent, Plan
from nimmer.errors import ArenaError

Array = np.ndarray[Any, np.dtype[Any]]


def shared_memory_directory() -> Path:
    """Return where shared-memory files live on this machine: /dev/shm, else the temporary directory."""
    shm = Path("/dev/shm")
    return shm if os.access(shm, os.W_OK) else Path(os.environ.get("TMPDIR", "/tmp"))


class Arena:
    """A mapped arena: raw bytes and one numpy view per section."""

    def __init__(self, path: Path, memory: mmap.mmap, plan: Plan) -> None:
        """Wrap a mapping; use `create` or `attach`."""
        self.path = path
        self.plan = plan
        self.memory = memory
        self.sections: dict[str, Extent] = plan.sections()

    @classmethod
    def create(cls, path: Path, plan: Plan, started_s: float) -> Self:
        """Make a zeroed arena at `path` (mode 0600) and map it.

        Raises ArenaError when the file exists or shared memory is too small for it.
        """
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise ArenaError(f"arena {path} exists already: another village uses it") from None
        try:
            os.posix_fallocate(handle, 0, plan.size)
            memory = mmap.mmap(handle, plan.size)
        except OSError as error:
            path.unlink()
            raise ArenaError(
                f"shared memory has no room for an arena of {plan.size / 1e6:.0f} MB at {path}: {error.strerror}; "
                "lower village.npcs or enlarge /dev/shm"
            ) from error
        finally:
            os.close(handle)
        arena = cls(path, memory, plan)
        header = np.array(
            [(0, LAYOUT_VERSION, plan.npcs, plan.nodes, plan.outboxes, plan.size, 0, started_s)], dtype=HEADER
        )
        arena.view("header")[:] = header
        arena.view("header")["magic"] = MAGIC  # last: a file without it is not ready
        return arena

    @classmethod
    def attach(cls, path: Path) -> Self:
        """Map the arena at `path`. Raises ArenaError when it is missing, foreign or of another layout."""
        try:
            handle = os.open(path, os.O_RDWR)
        except OSError as error:
            raise ArenaError(f"no arena at {path}: {error.strerror}") from error
        try:
            head = os.pread(handle, HEADER.itemsize, 0)
            if len(head) < HEADER.itemsize:
                raise ArenaError(f"{path} is not an arena: {len(head)} bytes")
            header = np.frombuffer(head, dtype=HEADER)[0]
            if header["magic"] != MAGIC or header["layout"] != LAYOUT_VERSION:
                raise ArenaError(
                    f"{path} is not an arena of layout {LAYOUT_VERSION} (found magic {int(header['magic']):#x}, "
                    f"layout {int(header['layout'])}): was it made by another version of nimmer?"
                )
            plan = Plan(int(header["npcs"]), int(header["nodes"]), int(header["outboxes"]))
            if int(header["size"]) != plan.size:
                raise ArenaError(f"{path} has {int(header['size'])} bytes where {plan.size} are due")
            memory = mmap.mmap(handle, plan.size)
        finally:
            os.close(handle)
        return cls(path, memory, plan)

    def view(self, name: str) -> Array:
        """Return section `name` as a writable numpy view of its records."""
        extent = self.sections[name]
        return np.frombuffer(self.memory, dtype=extent.dtype, count=extent.count, offset=extent.offset)

    def remove(self) -> None:
        """Remove the file; mappings stay valid until their processes end."""
        self.path.unlink(missing_ok=True)
