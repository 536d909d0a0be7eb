"""An outbox: a bounded byte ring in which one organism actor leaves messages for the bridge.

Leaving a message costs microseconds and no Ray call, and it survives the death of either side. A full outbox
drops the new message and counts it. Frame: total length, flags, subject length, message id length, then the
three byte strings.
"""

import struct
from typing import NamedTuple

from nimmer.arena.layout import OUTBOX_BYTES
from nimmer.arena.memory import Arena

OUTBOXES = (
    "supervisor",
    "garden",
    "governor",
    "cells",
    "recorder",
    "bridge",
    "launcher",
    "devices",
    "thalamus-0",
    "thalamus-1",
    "thalamus-2",
    "thalamus-3",
    "virtual",
    "boundary",
    "conversation",
)
"""Who writes which outbox, by index."""

_FRAME = struct.Struct("<IHH")


class Letter(NamedTuple):
    """One message for the bus. With a `message_id` it is published until acknowledged, else once."""

    subject: str
    payload: bytes
    message_id: str = ""


class Outbox:
    """One actor's outbox; `put` for its one writer, `take` and `commit` for the bridge."""

    def __init__(self, arena: Arena, owner: str) -> None:
        """Use the outbox of `owner`, one of `OUTBOXES`. Raises ValueError for another name."""
        index = OUTBOXES.index(owner)
        self.owner = owner
        self._cursor = arena.view("outbox_cursor")[index : index + 1]
        start = arena.sections["outbox"].offset + index * OUTBOX_BYTES
        self._ring = memoryview(arena.memory)[start : start + OUTBOX_BYTES]

    def enter(self) -> int:
        """Count one more process of the owner, and return how many there have been with this one."""
        self._cursor["births"][0] += 1
        return int(self._cursor["births"][0])

    def put(self, letter: Letter) -> bool:
        """Leave one letter; return False, and count a drop, when there is no room for it."""
        subject, message_id = letter.subject.encode(), letter.message_id.encode()
        length = _FRAME.size + len(subject) + len(message_id) + len(letter.payload)
        head, tail = int(self._cursor["head"][0]), int(self._cursor["tail"][0])
        if length > OUTBOX_BYTES - (head - tail):
            self._cursor["dropped"][0] += 1
            return False
        self._write(
            head, _FRAME.pack(length, len(subject), len(message_id)) + subject + message_id + letter.payload
        )
        self._cursor["head"][0] = head + length  # after the bytes: the reader sees whole letters only
        return True

    def take(self, most: int = 1000) -> tuple[list[Letter], int]:
        """Return up to `most` letters and the cursor to `commit` once they are handled."""
        head, at = int(self._cursor["head"][0]), int(self._cursor["tail"][0])
        letters: list[Letter] = []
        while at < head and len(letters) < most:
            length, subjects, ids = _FRAME.unpack(self._read(at, _FRAME.size))
            body = self._read(at + _FRAME.size, length - _FRAME.size)
            letters.append(
                Letter(
                    body[:subjects].decode(), body[subjects + ids :], body[subjects : subjects + ids].decode()
                )
            )
            at += length
        return letters, at

    def commit(self, cursor: int) -> None:
        """Free everything before `cursor`."""
        self._cursor["tail"][0] = cursor

    @property
    def dropped(self) -> int:
        """Return how many letters found no room."""
        return int(self._cursor["dropped"][0])

    @property
    def waiting_bytes(self) -> int:
        """Return how many bytes wait for the bridge."""
        return int(self._cursor["head"][0] - self._cursor["tail"][0])

    def _write(self, at: int, data: bytes) -> None:
        start = at % OUTBOX_BYTES
        first = min(len(data), OUTBOX_BYTES - start)
        self._ring[start : start + first] = data[:first]
        if first < len(data):
            self._ring[: len(data) - first] = data[first:]

    def _read(self, at: int, length: int) -> bytes:
        start = at % OUTBOX_BYTES
        first = min(length, OUTBOX_BYTES - start)
        return bytes(self._ring[start : start + first]) + bytes(self._ring[: length - first])
