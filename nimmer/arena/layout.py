"""The binary layout of the arena: one shared-memory file per host, sections of fixed records per NPC.

    header | per NPC: control, percept, known, verified openings, action, memory, condition, and rings of waves,
           | transitions, trail steps, nerve trails, ledger sums and beats
           | per organism actor: an outbox of framed messages

Every section has one writer. Records that must be read whole carry a version that is odd while they are
being written (a seqlock; on x86-64 and with the GIL held, numpy's stores become visible in program order).
Rings have one producer and one reader per cursor; a full ring drops the new record and counts it.
Source: docs/design.md, "no Ray call in a tick".
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nimmer.life.percept import PERCEPT
from nimmer.life.wave import MEANINGS

MAGIC = 0x4E494D4D45523031
LAYOUT_VERSION = 4
GATES = 8
"""Gates an NPC body has room for."""
TRIGGERS = 4
"""Trigger waves a transition record can name."""
NERVES = 8
"""Nerves an NPC body has room for."""
TIERS = 6
STATES = 16
"""States one nerve trail can name; READS and COMMANDS likewise."""
READS = 8
COMMANDS = 8
VERDICTS = 8
"""Verified openings that may wait for one NPC."""

HEADER = np.dtype(
    [
        ("magic", "<u8"),
        ("layout", "<u4"),
        ("npcs", "<u4"),
        ("nodes", "<u4"),
        ("outboxes", "<u4"),
        ("size", "<u8"),
        ("world_tick", "<u8"),
        ("started_s", "<f8"),
    ]
)

CONTROL = np.dtype(
    [
        ("epoch", "<u4"),
        ("alive", "u1"),
        ("stop", "u1"),
        ("cortex_permission", "u1"),
        ("cortex_priority", "u1"),
        ("tick_hz", "<f4"),
        ("lifeforce_grant", "<f4"),
        ("gate_override", "i1", GATES),
    ]
)
"""What the supervisor tells an NPC. gate_override per gate: 0 auto, 1 force open, -1 force close."""

ACTION = np.dtype(
    [
        ("version", "<u8"),
        ("npc_tick", "<u8"),
        ("seen_tick", "<u8"),
        ("time_s", "<f8"),
        ("verb", "u1"),
        ("slot", "i1"),
        ("pad", "<u2"),
        ("generation", "<u4"),
    ]
)
"""What an NPC wants to do, and its heartbeat: npc_tick grows by one per tick, seen_tick is the world tick it
saw, generation counts its births (0 before the first)."""

VITALS = np.dtype(
    [
        ("pid", "<u4"),
        ("generation", "<u4"),
        ("born_s", "<f8"),
        ("ticks_due", "<u8"),
        ("ticks_done", "<u8"),
        ("ticks_skipped", "<u8"),
        ("lifeforce", "<f4"),
        ("mode", "<u4"),
        ("lateness_p99_us", "<f4"),
        ("compute_mean_us", "<f4"),
        ("waves", "<u8"),
        ("transitions", "<u8"),
    ]
)
"""What an NPC reports of its own running; ticks_due accumulates over rate changes and restarts."""

WAVE = np.dtype(
    [
        ("time_s", "<f8"),
        ("npc_tick", "<u8"),
        ("cell", "<u2"),
        ("count", "<u2"),
        ("confidence", "<f4"),
        ("cost", "<f4"),
        ("values", "<f4", MEANINGS),
        ("pad", "<u4"),
    ]
)
"""One wave of one NPC; see `nimmer.life.wave.Wave`. count: how many of `values` are used."""

TRANSITION = np.dtype(
    [
        ("time_s", "<f8"),
        ("npc_tick", "<u8"),
        ("gate", "<u2"),
        ("from_state", "i1"),
        ("to_state", "i1"),
        ("cause", "u1"),
        ("tier", "u1"),
        ("triggers", "<u2"),
        ("value", "<f4"),
        ("correlation", "<f4"),
        ("cost", "<f4"),
        ("weight", "<f4"),
        ("trigger_cell", "<u2", TRIGGERS),
        ("trigger_confidence", "<f4", TRIGGERS),
        ("trigger_time_s", "<f8", TRIGGERS),
        ("trigger_values", "<f4", (TRIGGERS, MEANINGS)),
        ("node", "<u4"),
        ("end", "<u4"),
    ]
)
"""One gate transition of one NPC; states are -1 closed, 0 stable, 1 open; cause: `nimmer.life.gate.Cause`.

trigger_values: what the trigger waves said, in the fields of their kinds; node: key of the node that fired, 0 none."""

TRAIL = np.dtype(
    [
        ("npc_tick", "<u8"),
        ("world_tick", "<u8"),
        ("time_s", "<f8"),
        ("level", "<u4"),
        ("node", "<i4"),
        ("verb", "u1"),
        ("slot", "i1"),
        ("nerve", "u1"),
        ("nerve_state", "u1"),
        ("gates", "<u2"),
        ("waves", "u1"),
        ("transitions", "u1"),
        ("energy", "<f4"),
        ("lifeforce", "<f4"),
        ("cost", "<f4"),
        ("reward", "<f4"),
        ("coverage", "<f4"),
        ("lateness_us", "<f4"),
        ("compute_us", "<f4"),
        ("rejection", "u1"),
        ("attention", "u1"),
        ("vigour", "u1"),
        ("pad", "u1"),
    ]
)
"""One tick of one NPC: what it saw, what moved it, what it did. gates: two bits per gate, state + 1.
nerve: 0 the brain, else 1 + index in `nimmer.life.nerve_table.NERVE_NAMES`; cost: lifeforce spent this tick; attention and
vigour: the modes of `nimmer.life.attention` and `nimmer.life.vigour`."""

NERVE_TRAIL = np.dtype(
    [
        ("serial", "<u8"),
        ("npc_tick", "<u8"),
        ("opened_tick", "<u8"),
        ("started_tick", "<u8"),
        ("ended_tick", "<u8"),
        ("started_s", "<f8"),
        ("acted_s", "<f8"),
        ("time_s", "<f8"),
        ("nerve", "u1"),
        ("mode", "u1"),
        ("outcome", "u1"),
        ("event", "u1"),
        ("gate", "u1"),
        ("cause", "u1"),
        ("matched", "u1"),
        ("states", "u1"),
        ("reads", "u1"),
        ("commands", "u1"),
        ("tier", "u1"),
        ("pad", "u1"),
        ("read", "<u2", READS),
        ("state", "u1", STATES),
        ("verb", "u1", COMMANDS),
        ("slot", "i1", COMMANDS),
        ("cost", "<f4"),
        ("reward", "<f4"),
        ("rubric", "<f4"),
        ("weight", "<f4"),
        ("weight_delta", "<f4"),
        ("latency_ms", "<f4"),
    ]
)
"""One run of one nerve, from waking to rest. serial: counts an NPC's nerve trails from 1, over all its births;
npc_tick: the NPC's own tick it ended in; opened_tick: the one in which its gate opened; started_tick, ended_tick:
world ticks; acted_s: its first act, 0 when there was none; latency_ms: from the wave that called for it to that act; tier: the one it counts on; states, reads, commands: how many of the arrays are used;
cost, reward: lifeforce; rubric: the training currency; weight: of the gate before the outcome, weight_delta: what the
outcome made of it. Codes are those of `nimmer.life.nerve`."""

LEDGER = np.dtype(
    [
        ("time_s", "<f8"),
        ("beat", "<u8"),
        ("amount_micro", "<i8"),
        ("unpaid_micro", "<i8"),
        ("entries", "<u4"),
        ("kind", "u1"),
        ("reason", "u1"),
        ("pad", "<u2"),
    ]
)
"""What one NPC was charged (kind 0) or rewarded (1) for one reason in one beat, in millionths of a lifeforce."""

BEAT = np.dtype(
    [
        ("time_s", "<f8"),
        ("beat", "<u8"),
        ("level_micro", "<i8"),
        ("balance", "<f4"),
        ("budget_ms", "<f4"),
        ("rubric", "<f4"),
        ("attention", "u1"),
        ("vigour", "u1"),
        ("pad", "<u2"),
        ("ticks", "<u4"),
        ("openings", "<u4"),
    ]
)
"""The close of one beat of one NPC: the ledger's level, lambda (balance, inf while dormant), what was left of the
attention budget, ticks lived and gates opened in the beat."""

CONDITION = np.dtype(
    [
        ("attention", "u1"),
        ("vigour", "u1"),
        ("pad", "<u2"),
        ("budget_ms", "<f4"),
        ("balance", "<f4"),
        ("reserve_s", "<f4"),
        ("rubric", "<f4"),
        ("rubric_runs", "<u4"),
    ]
)
"""How one NPC fares, rewritten every second for whoever looks."""

NERVE_VITALS = np.dtype(
    [
        ("mode", "u1"),
        ("state", "u1"),
        ("able", "u1"),
        ("compiled", "u1"),
        ("weight", "<f4"),
        ("runs", "<u4"),
        ("succeeded", "<u4"),
        ("failed", "<u4"),
        ("patterns", "<u4"),
        ("acted", "<u4"),
        ("cost", "<f4"),
        ("latency_ms", "<f4"),
    ]
)
"""One nerve of one NPC: its mode, mean cost of a run (lifeforce); acted: runs that acted, and their mean latency."""

TIER_VITALS = np.dtype(
    [("events", "<u4"), ("late", "<u4"), ("mean_ms", "<f4"), ("p99_ms", "<f4"), ("worst_ms", "<f4")]
)
"""Reactions of one NPC on one tier, trigger wave to first act, and how many were over the tier's budget."""

VERIFIED = np.dtype(
    [
        ("version", "<u8"),
        ("serial", "<u4"),
        ("gate", "u1"),
        ("pad", "u1", 3),
        ("confidence", "<f4"),
        ("correlation", "<f4"),
        ("expires_s", "<f8"),
    ]
)
"""An opening the virtual garden has verified for one gate of one NPC; see `nimmer.arena.verdicts`."""

RING = np.dtype([("head", "<u8"), ("dropped", "<u8"), ("bus", "<u8"), ("store", "<u8"), ("plan", "<u8")])
"""Cursors of one ring, counted in records ever written: head by the producer, `bus` by the bridge, `store` by
the recorder. A trail or transition ring frees a record once the recorder has kept it, and the bridge follows as
far as the ring still holds; a wave ring waits for the bridge. What a full ring refuses, `dropped` counts. plan: up to where the bridge was publishing, so that its successor sends the very same messages again."""

OUTBOX = np.dtype([("head", "<u8"), ("tail", "<u8"), ("dropped", "<u8"), ("births", "<u8")])
"""Cursors of one outbox, counted in bytes ever written; births: how many processes its actor has had."""

WAVE_RING = 512
TRANSITION_RING = 512
TRAIL_RING = 4096
NERVE_TRAIL_RING = 256
LEDGER_RING = 256
BEAT_RING = 16
OUTBOX_BYTES = 1 << 20
MEMORY_BYTES = 65536
"""Room for one NPC's remembered state, twice (two copies, the older is overwritten)."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a section lies: `offset` bytes into the file, `count` records of `dtype`."""

    offset: int
    count: int
    dtype: np.dtype[Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """The size and sections of an arena for so many NPCs, world nodes and organism actors."""

    npcs: int
    nodes: int
    outboxes: int

    def sections(self) -> dict[str, Extent]:
        """Return every section by name, each aligned to a cache line."""
        n = self.npcs
        byte = np.dtype("u1")
        wanted: tuple[tuple[str, int, np.dtype[Any]], ...] = (
            ("header", 1, HEADER),
            ("control", n, CONTROL),
            ("vitals", n, VITALS),
            ("percept_version", n, np.dtype("<u8")),
            ("percept", n, PERCEPT),
            ("known", n * self.nodes, byte),
            ("action", n, ACTION),
            ("memory_version", n * 2, np.dtype("<u8")),
            ("memory", n * 2 * MEMORY_BYTES, byte),
            ("wave_cursor", n, RING),
            ("wave", n * WAVE_RING, WAVE),
            ("transition_cursor", n, RING),
            ("transition", n * TRANSITION_RING, TRANSITION),
            ("trail_cursor", n, RING),
            ("trail", n * TRAIL_RING, TRAIL),
            ("nerve_trail_cursor", n, RING),
            ("nerve_trail", n * NERVE_TRAIL_RING, NERVE_TRAIL),
            ("ledger_cursor", n, RING),
            ("ledger", n * LEDGER_RING, LEDGER),
            ("beat_cursor", n, RING),
            ("beat", n * BEAT_RING, BEAT),
            ("condition", n, CONDITION),
            ("nerves", n * NERVES, NERVE_VITALS),
            ("tiers", n * TIERS, TIER_VITALS),
            ("verified", n * VERDICTS, VERIFIED),
            ("outbox_cursor", self.outboxes, OUTBOX),
            ("outbox", self.outboxes * OUTBOX_BYTES, byte),
        )
        found: dict[str, Extent] = {}
        offset = 0
        for name, count, dtype in wanted:
            found[name] = Extent(offset, count, dtype)
            offset += -(-count * dtype.itemsize // 64) * 64
        found["end"] = Extent(offset, 0, byte)
        return found

    @property
    def size(self) -> int:
        """Return the arena's size in bytes."""
        return self.sections()["end"].offset
