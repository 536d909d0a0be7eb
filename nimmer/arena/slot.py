"""One NPC's side of the arena: what it reads and writes every tick, in as few machine steps as Python allows.

Everything here is one `struct` call on the mapping: numpy scalars and field look-ups cost ten times as much
and this runs up to 2,000 times a second on a laptop.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nimmer.arena.layout import (
    ACTION,
    CONTROL,
    GATES,
    MEMORY_BYTES,
    RING,
    TRAIL,
    TRAIL_RING,
    TRANSITION,
    TRANSITION_RING,
    TRIGGERS,
    VITALS,
    WAVE,
    WAVE_RING,
)
from nimmer.arena.memory import Arena
from nimmer.errors import ArenaError
from nimmer.life.percept import PERCEPT
from nimmer.life.wave import MEANINGS, Wave

_U64 = struct.Struct("<Q")
_CONTROL = struct.Struct(f"<IBBBBff{GATES}b")
_ACTION = struct.Struct("<QQdBbHI")
_VITALS = struct.Struct("<IIdQQQfIffQQ")
_REPORT = struct.Struct("<QQQfIffQQ")
_CURSORS = struct.Struct("<QQQQQ")
_WAVES = tuple(
    struct.Struct(f"<dQHHff{count}f{4 * (MEANINGS - count) + 4}x") for count in range(MEANINGS + 1)
)
"""By how many values are used; the others are zeroed."""
_TRANSITION = struct.Struct(f"<dQHbbBBHffff{TRIGGERS}H{TRIGGERS}f{TRIGGERS}d{TRIGGERS * MEANINGS}fII")
_TRAIL = struct.Struct("<QQdIiBbBBHBBfffffffBBBx")
_ZEROS = (0.0,) * MEANINGS
_ATTEMPTS = 64
_REPORT_OFFSET = 16
"""Where a `VITALS` record's report begins, behind pid, generation and time of birth."""


class Control(NamedTuple):
    """What the supervisor commands; see `nimmer.arena.layout.CONTROL`."""

    epoch: int
    alive: int
    stop: int
    cortex_permission: int
    cortex_priority: int
    tick_hz: float
    lifeforce_grant: float
    overrides: tuple[int, ...]


class Vitals(NamedTuple):
    """What an NPC reports of its running; see `nimmer.arena.layout.VITALS`."""

    pid: int
    generation: int
    born_s: float
    ticks_due: int
    ticks_done: int
    ticks_skipped: int
    lifeforce: float
    mode: int
    lateness_p99_us: float
    compute_mean_us: float
    waves: int
    transitions: int


class Slot:
    """The arena as NPC `npc` sees it."""

    def __init__(self, arena: Arena, npc: int) -> None:
        """Address slot `npc`. Raises ArenaError when the arena has no such slot."""
        if not 0 <= npc < arena.plan.npcs:
            raise ArenaError(f"the arena has slots 0..{arena.plan.npcs - 1}, not {npc}")
        sections = arena.sections
        self.npc = npc
        self.arena = arena
        self._memory = arena.memory
        # `pack_into` clears its target before it packs, which another process could see: whatever is read without
        # a version (cursors, versions themselves) is stored as one aligned word
        self._words = memoryview(arena.memory).cast("Q")
        self._control = sections["control"].offset + npc * CONTROL.itemsize
        self._vitals = sections["vitals"].offset + npc * VITALS.itemsize
        self._percept_version = sections["percept_version"].offset + npc * 8
        self._percept = sections["percept"].offset + npc * PERCEPT.itemsize
        self._percept_end = self._percept + PERCEPT.itemsize
        self._action = sections["action"].offset + npc * ACTION.itemsize
        self._memories = sections["memory"].offset + npc * 2 * MEMORY_BYTES
        self._memory_versions = sections["memory_version"].offset + npc * 16
        self._wave_cursor = sections["wave_cursor"].offset + npc * RING.itemsize
        self._waves = sections["wave"].offset + npc * WAVE_RING * WAVE.itemsize
        self._transition_cursor = sections["transition_cursor"].offset + npc * RING.itemsize
        self._transitions = sections["transition"].offset + npc * TRANSITION_RING * TRANSITION.itemsize
        self._trail_cursor = sections["trail_cursor"].offset + npc * RING.itemsize
        self._trails = sections["trail"].offset + npc * TRAIL_RING * TRAIL.itemsize
        nodes = arena.plan.nodes
        self.known = arena.view("known")[npc * nodes : (npc + 1) * nodes]
        """`(nodes,)` uint8, 1 where this NPC knows the node's house; live."""
        self.known.flags.writeable = False

    def control(self) -> Control:
        """Return the commands in force."""
        epoch, alive, stop, permission, priority, hz, grant, *overrides = _CONTROL.unpack_from(
            self._memory, self._control
        )
        return Control(epoch, alive, stop, permission, priority, hz, grant, tuple(overrides))

    def percept(self) -> bytes | None:
        """Return the newest whole observation record, or None before the first one.

        Raises ArenaError when the writer died in the middle of a record.
        """
        memory, version = self._memory, self._percept_version
        for _ in range(_ATTEMPTS):
            before = _U64.unpack_from(memory, version)[0]
            record = memory[self._percept : self._percept_end]
            if not before & 1 and before == _U64.unpack_from(memory, version)[0]:
                return record if before else None
        raise ArenaError(f"the observation of npc {self.npc} is half written: the supervisor died writing it")

    def act(
        self, npc_tick: int, seen_tick: int, time_s: float, verb: int, slot: int, generation: int
    ) -> None:
        """Write this tick's action, which is also the heartbeat."""
        memory, at = self._memory, self._action
        version = _U64.unpack_from(memory, at)[0] & ~1
        self._words[at >> 3] = version + 1
        _ACTION.pack_into(memory, at + 8, npc_tick, seen_tick, time_s, verb, slot, 0, generation)
        self._words[at >> 3] = version + 2

    def last_act(self) -> tuple[int, float, int]:
        """Return the last written (npc_tick, time_s, generation), zeros before the first."""
        npc_tick, _, time_s, _, _, _, generation = _ACTION.unpack_from(self._memory, self._action + 8)
        return npc_tick, time_s, generation

    def wave(
        self,
        npc_tick: int,
        cell: int,
        time_s: float,
        confidence: float,
        cost: float,
        values: tuple[float, ...],
    ) -> bool:
        """Append one wave; False, counted, when the bridge lags a whole ring behind."""
        return self.waves(npc_tick, (Wave(cell, time_s, confidence, cost, values),)) == 1

    def waves(self, npc_tick: int, waves: Sequence[Wave]) -> int:
        """Append a tick's waves; return how many found room, the rest counted as dropped: the bridge lags a ring."""
        memory, at, ring = self._memory, self._wave_cursor, self._waves
        head, dropped, bus, _, _ = _CURSORS.unpack_from(memory, at)
        room = WAVE_RING - (head - bus)
        if len(waves) > room:
            self._words[(at >> 3) + 1] = dropped + len(waves) - room
            waves = waves[:room]
        for cell, time_s, confidence, cost, values in waves:
            count = len(values)
            _WAVES[count].pack_into(
                memory, ring + head % WAVE_RING * 48, time_s, npc_tick, cell, count, confidence, cost, *values
            )
            head += 1
        self._words[at >> 3] = head  # last: what is not whole is not read
        return len(waves)

    def transition(
        self,
        npc_tick: int,
        time_s: float,
        gate: int,
        from_state: int,
        to_state: int,
        cause: int,
        tier: int,
        value: float,
        correlation: float,
        cost: float,
        weight: float,
        triggers: tuple[tuple[int, float, float, tuple[float, ...]], ...],
        node: int = 0,
    ) -> bool:
        """Append a gate transition; False, counted, when the recorder lags a whole ring behind.

        triggers: (cell, confidence, time in s, values) of the waves behind it, the last `TRIGGERS` are kept.
        """
        memory, at = self._memory, self._transition_cursor
        head, dropped, _, store, _ = _CURSORS.unpack_from(memory, at)
        if head - store >= TRANSITION_RING:
            self._words[(at >> 3) + 1] = dropped + 1
            return False
        named = triggers[-TRIGGERS:]
        zeros = (0,) * (TRIGGERS - len(named))
        said: list[float] = []
        for trigger in named:
            said += trigger[3]
            said += _ZEROS[len(trigger[3]) :]
        _TRANSITION.pack_into(
            memory,
            self._transitions + head % TRANSITION_RING * _TRANSITION.size,
            time_s,
            npc_tick,
            gate,
            from_state,
            to_state,
            cause,
            tier,
            len(named),
            value,
            correlation,
            cost,
            weight,
            *[trigger[0] for trigger in named],
            *zeros,
            *[trigger[1] for trigger in named],
            *zeros,
            *[trigger[2] for trigger in named],
            *zeros,
            *said,
            *_ZEROS * len(zeros),
            node,
            0,
        )
        self._words[at >> 3] = head + 1
        return True

    def trail(self, *fields: float) -> bool:
        """Append a trail step, fields in the order of `TRAIL`; False, counted, when the recorder lags a ring behind."""
        memory, at = self._memory, self._trail_cursor
        head, dropped, _, store, _ = _CURSORS.unpack_from(memory, at)
        if head - store >= TRAIL_RING:
            self._words[(at >> 3) + 1] = dropped + 1
            return False
        _TRAIL.pack_into(memory, self._trails + head % TRAIL_RING * 72, *fields)
        self._words[at >> 3] = head + 1
        return True

    def vitals(self) -> Vitals:
        """Return what was last reported in this slot, by this process or the one before it."""
        return Vitals(*_VITALS.unpack_from(self._memory, self._vitals))

    def be_born(self, vitals: Vitals) -> None:
        """Write who lives here now: pid and generation, once per life, with everything else of `vitals`."""
        start = self._vitals
        self._memory[start : start + VITALS.itemsize] = _VITALS.pack(*vitals)

    def report(
        self,
        ticks_due: int,
        ticks_done: int,
        ticks_skipped: int,
        lifeforce: float,
        mode: int,
        lateness_p99_us: float,
        compute_mean_us: float,
        waves: int,
        transitions: int,
    ) -> None:
        """Write how this life runs; who lives it stays as `be_born` wrote it."""
        start = self._vitals + _REPORT_OFFSET
        self._memory[start : start + _REPORT.size] = _REPORT.pack(
            ticks_due,
            ticks_done,
            ticks_skipped,
            lifeforce,
            mode,
            lateness_p99_us,
            compute_mean_us,
            waves,
            transitions,
        )

    def remember(self, state: bytes) -> None:
        """Keep `state` across a death of this process. Raises ArenaError when it is too long."""
        if len(state) > MEMORY_BYTES - 4:
            raise ArenaError(f"npc {self.npc} would remember {len(state)} bytes where {MEMORY_BYTES - 4} fit")
        memory = self._memory
        newer = self._newer_memory()
        older = 1 - newer
        version = _U64.unpack_from(memory, self._memory_versions + newer * 8)[0]
        start = self._memories + older * MEMORY_BYTES
        self._words[(self._memory_versions >> 3) + older] = 0
        memory[start : start + 4 + len(state)] = len(state).to_bytes(4, "little") + state
        self._words[(self._memory_versions >> 3) + older] = version + 1

    def memory(self) -> bytes:
        """Return what was remembered last, empty before the first time."""
        newer = self._newer_memory()
        if not _U64.unpack_from(self._memory, self._memory_versions + newer * 8)[0]:
            return b""
        start = self._memories + newer * MEMORY_BYTES
        length = int.from_bytes(self._memory[start : start + 4], "little")
        return self._memory[start + 4 : start + 4 + length]

    def _newer_memory(self) -> int:
        first, second = np.frombuffer(self._memory, "<u8", 2, self._memory_versions).tolist()
        return int(second > first)


for _record, _dtype in (
    (_CONTROL, CONTROL),
    (_VITALS, VITALS),
    *((one, WAVE) for one in _WAVES),
    (_TRANSITION, TRANSITION),
    (_TRAIL, TRAIL),
):
    if _record.size != _dtype.itemsize:
        raise ArenaError(f"{_record.format} packs {_record.size} bytes into records of {_dtype.itemsize}")
