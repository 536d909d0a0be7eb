"""What the virtual garden hands an NPC: verified signals for its gates, the newest eight of each NPC.

The virtual actor writes, each signal into the slot after the last one; the NPC looks at the one slot that is
written next, so that a tick without news costs it one comparison. A signal that came while eight newer ones
were written is lost; it would have been stale.
Source: docs/domain.md section 3.1 point 6; docs/gardens.md.
"""

import struct
from typing import NamedTuple

from nimmer.arena.layout import VERDICTS, VERIFIED
from nimmer.arena.memory import Arena
from nimmer.errors import ArenaError

_U64 = struct.Struct("<Q")
_RECORD = struct.Struct("<IB3xffd")
_SERIAL = struct.Struct("<I")
_VERSION_BYTES = 8
_DIGITS = 6
"""A share is written as a float32 and read back as the number that was meant."""


class Verdict(NamedTuple):
    """One verified signal; expires_s: monotonic s, after which it says nothing any more."""

    serial: int
    gate: int
    confidence: float
    correlation: float
    expires_s: float


class Verdicts:
    """The virtual actor's side: every NPC of the host."""

    def __init__(self, arena: Arena) -> None:
        """Go on after the last signal that was handed to each NPC, by this process or the one before it."""
        self._memory = arena.memory
        self._words = memoryview(arena.memory).cast("Q")
        self._start = arena.sections["verified"].offset
        self._npcs = arena.plan.npcs
        serials = arena.view("verified")["serial"].reshape(self._npcs, VERDICTS)
        self._serials: list[int] = serials.max(axis=1).tolist()

    def hand(self, npc: int, gate: int, confidence: float, correlation: float, expires_s: float) -> int:
        """Hand NPC `npc` one signal for its gate `gate` and return its serial. Raises ArenaError for no such NPC."""
        if not 0 <= npc < self._npcs:
            raise ArenaError(f"the arena has slots 0..{self._npcs - 1}, not {npc}")
        serial = self._serials[npc] = self._serials[npc] + 1
        at = self._start + (npc * VERDICTS + serial % VERDICTS) * VERIFIED.itemsize
        version = _U64.unpack_from(self._memory, at)[0] & ~1
        self._words[at >> 3] = version + 1
        _RECORD.pack_into(self._memory, at + _VERSION_BYTES, serial, gate, confidence, correlation, expires_s)
        self._words[at >> 3] = version + 2
        return serial


class VerdictReader:
    """One NPC's side."""

    __slots__ = ("_base", "_memory", "_next", "_seen", "_serial")

    def __init__(self, arena: Arena, npc: int) -> None:
        """Begin with what is there: it may have been handed while nobody lived here. Raises ArenaError as `Slot`."""
        if not 0 <= npc < arena.plan.npcs:
            raise ArenaError(f"the arena has slots 0..{arena.plan.npcs - 1}, not {npc}")
        self._memory = arena.memory
        self._base = arena.sections["verified"].offset + npc * VERDICTS * VERIFIED.itemsize
        self._serial = 0
        self._next = self._base + VERIFIED.itemsize
        self._seen = 0

    def fresh(self) -> list[Verdict]:
        """Return the signals that came since the last call, oldest first; nearly always none."""
        if _U64.unpack_from(self._memory, self._next)[0] == self._seen:
            return []
        return self._read()

    def _read(self) -> list[Verdict]:
        found: list[Verdict] = []
        memory = self._memory
        for slot in range(VERDICTS):
            at = self._base + slot * VERIFIED.itemsize
            before = _U64.unpack_from(memory, at)[0]
            serial, gate, confidence, correlation, expires_s = _RECORD.unpack_from(
                memory, at + _VERSION_BYTES
            )
            if before & 1 or before != _U64.unpack_from(memory, at)[0] or serial <= self._serial:
                continue  # being written, or known
            found.append(
                Verdict(serial, gate, round(confidence, _DIGITS), round(correlation, _DIGITS), expires_s)
            )
        found.sort()
        if found:
            self._serial = found[-1].serial
        self._next = self._base + (self._serial + 1) % VERDICTS * VERIFIED.itemsize
        self._seen = self._stale_version()
        return found

    def _stale_version(self) -> int:
        """Return the version of the slot written next as long as it holds an old signal; else 0, to look again."""
        version: int = _U64.unpack_from(self._memory, self._next)[0]
        serial: int = _SERIAL.unpack_from(self._memory, self._next + _VERSION_BYTES)[0]
        return version if not version & 1 and serial <= self._serial else 0


if _RECORD.size + _VERSION_BYTES != VERIFIED.itemsize:
    raise ArenaError(f"{_RECORD.format} packs {_RECORD.size} bytes into records of {VERIFIED.itemsize}")
