"""The file that makes a run repeatable: a header, then one checksummed frame per world tick, append-only.

    file   = MAGIC frame(header JSON) frame*           frame = length u32, crc32 u32, payload
    payload = kind u1, tick u64, ...                   all little-endian

A frame is written by one `write` and is complete in the kernel when it returns, so it survives the death of the
process; `sync` is for the death of the machine. A crash can tear only the last frame: readers stop there and say
so, a damaged frame before it is an error naming its tick.
Source: docs/design.md (a run is its seed plus its action log).
"""

import json
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np

from nimmer.errors import ReplayError
from nimmer.world.journal import Arrival, Frame, LevelFrame, RunHeader, TickFrame
from nimmer.world.sight import Sights

FORMAT = 1
MAGIC = b"NIMLOG01"
_FRAME = struct.Struct("<II")
_HEADER, _LEVEL, _TICK, _SEEING_TICK = 0, 1, 2, 3
_LEVEL_BODY = struct.Struct("<BQIB16s")
_TICK_HEAD = struct.Struct("<BQI16s")
_SIGHT = np.dtype([("npc", "<i4"), ("node", "<i4"), ("traits", "<u8")])
_MAX_FRAME = 1 << 20


def encode(frame: Frame) -> bytes:
    """Return the payload of one frame."""
    if isinstance(frame, LevelFrame):
        return _LEVEL_BODY.pack(_LEVEL, frame.tick, frame.level, frame.arrival, frame.digest)
    flags = frame.present.astype(np.uint8) | frame.permitted.astype(np.uint8) << 1
    seen = b"" if frame.sights is None else _encode_sights(frame.sights)
    return b"".join(
        (
            _TICK_HEAD.pack(_SEEING_TICK if seen else _TICK, frame.tick, frame.verbs.size, frame.digest),
            frame.verbs.astype(np.uint8, copy=False).tobytes(),
            frame.slots.astype(np.int8, copy=False).tobytes(),
            flags.tobytes(),
            seen,
        )
    )


def decode(payload: bytes) -> Frame:
    """Return the frame of one payload. Raises ReplayError when its kind or size is not of this format."""
    kind = payload[0] if payload else -1
    if kind == _LEVEL and len(payload) == _LEVEL_BODY.size:
        _, tick, level, arrival, digest = _LEVEL_BODY.unpack(payload)
        if arrival in tuple(Arrival):
            return LevelFrame(tick, level, Arrival(arrival), digest)
    if kind in (_TICK, _SEEING_TICK) and len(payload) >= _TICK_HEAD.size:
        _, tick, npcs, digest = _TICK_HEAD.unpack_from(payload)
        end = _TICK_HEAD.size + 3 * npcs
        seen = len(payload) - end
        if seen == 0 if kind == _TICK else seen > 0 and seen % _SIGHT.itemsize == 0:
            verbs, slots, flags = np.frombuffer(payload[_TICK_HEAD.size : end], np.uint8).reshape(3, npcs)
            sights = _decode_sights(payload[end:]) if seen else None
            return TickFrame(
                tick, verbs, slots.view(np.int8), (flags & 1) > 0, (flags & 2) > 0, digest, sights
            )
    raise ReplayError(f"a frame of kind {kind} with {len(payload)} bytes is not of format {FORMAT}")


def _encode_sights(seen: Sights) -> bytes:
    table = np.zeros(seen.size, _SIGHT)
    table["npc"], table["node"], table["traits"] = seen.npc, seen.node, seen.traits
    return table.tobytes()


def _decode_sights(payload: bytes) -> Sights:
    table = np.frombuffer(payload, _SIGHT)
    return Sights(
        table["npc"].astype(np.int32), table["node"].astype(np.int32), table["traits"].astype(np.uint64)
    )


class ActionLogWriter:
    """Appends frames to one run's log; one writer per file.

    flush_every: hand the frames to the disk (fdatasync) after so many, 0 for only on `sync` and `close`.
    """

    def __init__(self, file: BinaryIO, flush_every: int) -> None:
        """Take over an open, unbuffered file positioned at its end; use `create` or `reopen`."""
        self._file = file
        self._flush_every = flush_every
        self._unsynced = 0
        self.frames = 0

    @classmethod
    def create(cls, path: Path, header: RunHeader, flush_every: int = 0) -> Self:
        """Start the log of a new run. Raises ReplayError when there is one already."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = path.open("xb", buffering=0)
        except FileExistsError as error:
            raise ReplayError(
                f"{path}: a log is already there; a run is logged once, give the run a new id"
            ) from error
        writer = cls(file, flush_every)
        body = json.dumps({"format": FORMAT, **asdict(header)}, sort_keys=True).encode()
        writer._write(MAGIC + _framed(bytes([_HEADER]) + body))
        return writer

    @classmethod
    def reopen(cls, path: Path, flush_every: int = 0, start: int = 0) -> Self:
        """Go on with a log after a crash; a torn last frame is cut off first. Raises ReplayError if it is broken.

        start: as in `ActionLog.frames`; what lies before it is not looked at.
        """
        truncate_torn_tail(path, start)
        return cls(path.open("ab", buffering=0), flush_every)

    def append(self, frame: Frame) -> None:
        """Write one frame with one `write`; it outlives this process from then on."""
        self._write(_framed(encode(frame)))
        self.frames += 1
        self._unsynced += 1
        if self._flush_every and self._unsynced >= self._flush_every:
            self.sync()

    @property
    def offset(self) -> int:
        """Return where the next frame will begin, in bytes: a place to read on from."""
        return self._file.seek(0, os.SEEK_END)

    def sync(self) -> None:
        """Wait until everything appended is on the disk."""
        os.fdatasync(self._file.fileno())
        self._unsynced = 0

    def close(self) -> None:
        """Sync and close; more calls do nothing."""
        if not self._file.closed:
            self.sync()
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, data: bytes) -> None:
        try:
            written = self._file.write(data)
        except OSError as error:
            raise ReplayError(f"the log cannot be written ({error.strerror or error})") from error
        if written != len(data):
            # A full disk takes part of a frame; cut it off so that the log stays whole.
            self._file.truncate(self._file.seek(-written, os.SEEK_END))
            raise ReplayError(f"the log took {written} of {len(data)} bytes; free some disk space")


class ActionLog:
    """Reads one run's log. `header` is there at once, `frames` reads on demand, `torn` tells of a torn last frame."""

    def __init__(self, path: Path) -> None:
        """Open the log at `path`. Raises ReplayError when it is missing, foreign or its header is broken."""
        self.path = path
        self.torn = False
        self.whole_bytes = 0
        self.header = self._read_header()

    def frames(self, start: int = 0) -> Iterator[Frame]:
        """Yield every whole frame in order, then set `torn` and `whole_bytes`.

        start: 0 for all, or an `ActionLogWriter.offset`, from which on they are wanted.

        Raises ReplayError naming the tick when a frame before the last is damaged.
        """
        tick = 0
        for payload in self._payloads(skip_header=not start, start=start):
            try:
                frame = decode(payload)
            except ReplayError as error:
                raise ReplayError(f"{self.path}: after tick {tick}: {error}") from error
            tick = frame.tick
            yield frame

    def _read_header(self) -> RunHeader:
        for payload in self._payloads(skip_header=False):
            if payload[:1] != bytes([_HEADER]):
                break
            try:
                data = dict(json.loads(payload[1:]))
                if data.pop("format") == FORMAT:
                    return RunHeader(**data)
            except (ValueError, TypeError, KeyError) as error:
                raise ReplayError(
                    f"{self.path}: the header is damaged; this run cannot be replayed"
                ) from error
            raise ReplayError(
                f"{self.path}: the log is of another format than {FORMAT}; use the nimmer that wrote it"
            )
        raise ReplayError(f"{self.path}: the log has no whole header, so nothing of the run can be read")

    def _payloads(self, *, skip_header: bool, start: int = 0) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                yield from self._scan(file, skip_header=skip_header, start=start)
        except OSError as error:
            raise ReplayError(f"{self.path}: cannot be read ({error.strerror or error})") from error

    def _scan(self, file: BinaryIO, *, skip_header: bool, start: int) -> Iterator[bytes]:
        size = os.fstat(file.fileno()).st_size
        if file.read(len(MAGIC)) != MAGIC:
            raise ReplayError(f"{self.path}: not an action log (it does not begin with {MAGIC!r})")
        offset, tick, skip = max(len(MAGIC), start), -1, skip_header
        if offset > size:
            raise ReplayError(f"{self.path}: has {size} bytes, and was to be read on from byte {offset}")
        file.seek(offset)
        while offset < size:
            payload = _payload(file, size - offset)
            end = offset + _FRAME.size + (len(payload) if payload is not None else 0)
            if payload is None:
                if not _is_tail(file, offset, size):
                    raise ReplayError(
                        f"{self.path}: the frame of tick {tick + 1} (at byte {offset}) is damaged"
                    )
                break
            offset = end
            tick = _tick_of(payload, tick)
            if not skip:
                yield payload
            skip = False
        self.whole_bytes, self.torn = offset, offset < size


def truncate_torn_tail(path: Path, start: int = 0) -> int:
    """Cut a torn last frame off the log at `path`, reading from `start` on; return how many bytes went.

    Raises ReplayError when the log is broken elsewhere.
    """
    log = ActionLog(path)
    for _ in log.frames(start):
        pass
    size = path.stat().st_size
    if log.torn:
        os.truncate(path, log.whole_bytes)
    return size - log.whole_bytes


def _framed(payload: bytes) -> bytes:
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def _payload(file: BinaryIO, left: int) -> bytes | None:
    """Return the next payload, or None when it is cut short or its checksum differs."""
    if left < _FRAME.size:
        return None
    length, checksum = _FRAME.unpack(file.read(_FRAME.size))
    if not 0 < length <= min(_MAX_FRAME, left - _FRAME.size):
        return None
    payload = file.read(length)
    return payload if len(payload) == length and zlib.crc32(payload) == checksum else None


def _is_tail(file: BinaryIO, offset: int, size: int) -> bool:
    """Tell whether the bad frame at `offset` is the last one, that is, no whole frame begins behind it."""
    file.seek(offset)
    rest = file.read(min(size - offset, 2 * _MAX_FRAME))
    for start in range(1, len(rest) - _FRAME.size):
        length, checksum = _FRAME.unpack_from(rest, start)
        end = start + _FRAME.size + length
        if (
            0 < length <= _MAX_FRAME
            and end <= len(rest)
            and zlib.crc32(rest[start + _FRAME.size : end]) == checksum
        ):
            return False
    return True


def _tick_of(payload: bytes, before: int) -> int:
    return (
        int.from_bytes(payload[1:9], "little")
        if payload[:1] in (bytes([_LEVEL]), bytes([_TICK]), bytes([_SEEING_TICK]))
        else before
    )
