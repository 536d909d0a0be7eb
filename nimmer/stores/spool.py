"""A bounded queue of batches on disk: what PostgreSQL cannot take now is safe here until it can.

    <directory>/lock                  held by the one process that uses the spool
                00000001.spool ...    segments of frames: length, rows, CRC-32, payload
                refused.frames        frames PostgreSQL would never take, kept for a person

A frame is acknowledged after fsync, so it survives kill -9 and, with an honest disk, power loss. A frame torn
by a death was never acknowledged: it is cut off when the spool is opened, and reported in `damage`. Frames leave in order;
a segment is deleted when all of it was taken, so after a death some frames come twice, and the unique keys of
the tables make that harmless. Source: docs/design.md, "Truth, mirrors and copies".
"""

import contextlib
import errno
import fcntl
import io
import os
import struct
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from nimmer.errors import SpoolFullError, StoreError

_FRAME = struct.Struct("<III")
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SEGMENTS_WITHIN_LIMIT = 8
"""Segments the limit is cut into, so that space comes back in pieces while the spool is replayed."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a frame lies: its payload begins `offset` bytes into `segment`."""

    segment: Path
    offset: int
    length: int
    rows: int
    crc: int


def open_segment(path: Path) -> io.FileIO:
    """Open a segment for appending, unbuffered."""
    return io.FileIO(path, "ab")


class Spool:
    """Frames on disk, first in, first out, with a limit. One process may hold a directory at a time."""

    def __init__(
        self, directory: Path, limit_bytes: int, opener: Callable[[Path], io.FileIO] = open_segment
    ) -> None:
        """Open the spool in `directory` (made if missing, readable by its owner only) and find what it holds.

        Args:
            directory: where the segments lie.
            limit_bytes: most bytes all segments may take.
            opener: opens a segment; given by tests that need a disk that is full.

        Raises:
            StoreError: another process holds it, or the directory cannot be used.
        """
        self.directory = directory
        self.limit_bytes = limit_bytes
        self.damage: list[str] = []
        """What was found torn or damaged on opening, one line each."""
        self._segment_bytes = max(limit_bytes // _SEGMENTS_WITHIN_LIMIT, 4096)
        self._open = opener
        self._tail: io.FileIO | None = None
        self._places: deque[_Place] = deque()
        self._sizes: dict[Path, int] = {}
        self._rows = 0
        self._last_number = 0
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = self._take_lock()
            for path in sorted(directory.glob("[0-9]*.spool")):
                self._scan(path)
        except OSError as error:
            raise StoreError(f"the spool directory {directory} cannot be used: {error}") from error

    @property
    def frames(self) -> int:
        """Return how many frames wait."""
        return len(self._places)

    @property
    def rows(self) -> int:
        """Return how many rows wait."""
        return self._rows

    @property
    def used_bytes(self) -> int:
        """Return how many bytes the segments take, frames already taken included."""
        return sum(self._sizes.values())

    def append(self, payload: bytes, rows: int) -> None:
        """Add a frame of so many rows; it is on disk when this returns.

        Raises:
            SpoolFullError: the limit or the disk leaves no room; the spool is as it was.
            StoreError: the disk failed in another way; the spool is as it was.
        """
        frame = _FRAME.pack(len(payload), rows, zlib.crc32(payload)) + payload
        if self.used_bytes + len(frame) > self.limit_bytes:
            raise self._full("its limit is reached", len(frame))
        tail, path, start = self._tail_for(len(frame))
        try:
            _write_all(tail, frame)
            os.fdatasync(tail.fileno())
        except OSError as error:
            self._undo(tail, path, start)
            if error.errno in _NO_ROOM:
                raise self._full(f"the disk is full ({error.strerror})", len(frame)) from error
            raise StoreError(f"the spool {path} cannot be written: {error}") from error
        self._sizes[path] = start + len(frame)
        self._places.append(_Place(path, start + _FRAME.size, len(payload), rows, zlib.crc32(payload)))
        self._rows += rows

    def first(self) -> bytes | None:
        """Return the payload of the oldest frame, which stays, or None when the spool is empty.

        Raises StoreError when the disk no longer gives it back as it was written.
        """
        if not self._places:
            return None
        place = self._places[0]
        try:
            with place.segment.open("rb") as file:
                file.seek(place.offset)
                payload = file.read(place.length)
        except OSError as error:
            raise StoreError(f"the spool {place.segment} cannot be read: {error}") from error
        if len(payload) != place.length or zlib.crc32(payload) != place.crc:
            raise StoreError(f"the spool {place.segment} changed on disk at byte {place.offset}")
        return payload

    def take(self) -> int:
        """Remove the oldest frame and return its rows. Raises IndexError when the spool is empty."""
        place = self._places.popleft()
        self._rows -= place.rows
        if not self._places or self._places[0].segment != place.segment:
            self._drop_segment(place.segment)
        return place.rows

    def set_aside(self) -> Path:
        """Move the oldest frame to refused.frames and return that path.

        Raises StoreError when it cannot be read or written; then the frame stays.
        """
        payload = self.first()
        if payload is None:
            raise IndexError("the spool is empty")
        path = self.directory / "refused.frames"
        place = self._places[0]
        try:
            with path.open("ab") as file:
                file.write(_FRAME.pack(len(payload), place.rows, place.crc) + payload)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(f"a refused frame cannot be kept in {path}: {error}") from error
        self.take()
        return path

    def close(self) -> None:
        """Let go of the directory; what waits stays on disk. May be called twice."""
        if self._tail is not None:
            self._tail.close()
            self._tail = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take_lock(self) -> int:
        lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise StoreError(
                f"the spool {self.directory} is held by another process: stop it, or use another directory"
            ) from error
        return lock

    def _scan(self, path: Path) -> None:
        content = path.read_bytes()
        before = self.frames
        good = 0
        while good + _FRAME.size <= len(content):
            length, rows, crc = _FRAME.unpack_from(content, good)
            start, end = good + _FRAME.size, good + _FRAME.size + length
            if end > len(content):
                break
            if zlib.crc32(memoryview(content)[start:end]) == crc:
                self._places.append(_Place(path, start, length, rows, crc))
                self._rows += rows
            elif end == len(content):
                break
            else:
                self.damage.append(f"{path}: skipped a damaged frame of {rows} rows at byte {good}")
            good = end
        if good < len(content):
            self.damage.append(f"{path}: cut off {len(content) - good} bytes of a torn frame at byte {good}")
            os.truncate(path, good)
        self._last_number = max(self._last_number, int(path.stem))
        self._sizes[path] = good
        if self.frames == before:
            self._drop_segment(path)

    def _tail_for(self, frame_bytes: int) -> tuple[io.FileIO, Path, int]:
        if self._tail is not None:
            path = Path(str(self._tail.name))
            if self._sizes[path] + frame_bytes <= self._segment_bytes:
                return self._tail, path, self._sizes[path]
            self._tail.close()
        self._last_number += 1
        path = self.directory / f"{self._last_number:08}.spool"
        try:
            self._tail = self._open(path)
            _sync_directory(self.directory)
        except OSError as error:
            self._tail = None
            path.unlink(missing_ok=True)
            if error.errno in _NO_ROOM:
                raise self._full(f"the disk is full ({error.strerror})", frame_bytes) from error
            raise StoreError(f"the spool {path} cannot be opened: {error}") from error
        self._sizes[path] = 0
        return self._tail, path, 0

    def _undo(self, tail: io.FileIO, path: Path, start: int) -> None:
        # after a failed fsync the kernel's idea of the file is unknown: go on in a new segment
        with contextlib.suppress(OSError):
            os.truncate(path, start)
        with contextlib.suppress(OSError):
            tail.close()
        self._tail = None
        if start == 0:
            self._drop_segment(path)

    def _drop_segment(self, path: Path) -> None:
        if self._tail is not None and Path(str(self._tail.name)) == path:
            self._tail.close()
            self._tail = None
        self._sizes.pop(path, None)
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)

    def _full(self, why: str, wanted: int) -> SpoolFullError:
        return SpoolFullError(
            f"the spool {self.directory} cannot take {wanted} bytes: {why}; it holds {self.used_bytes} of "
            f"{self.limit_bytes} bytes. Bring PostgreSQL back, free the disk, or raise stores.spool_mb"
        )


def _write_all(file: io.FileIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = file.write(view)
        view = view[written or 0 :]


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
