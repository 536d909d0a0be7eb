"""Waves from a cell's reading through its gate, the ring and the bridge to the broker, against bare publishing.

    scripts/bench/run waves

Ours, all in one process: the six cells of 25 bodies read a percept, every wave goes through its gate and into the
NPC's ring in shared memory, and after each tick the bridge reads the rings, encodes and publishes to a real
nats-server. Percepts change as a walk through a village changes them: distances in grid steps, energy a little
every tick. Rival: `await client.publish` of nats-py for the very same subjects and payloads, made beforehand.
Measured in messages per CPU second of this process; the ratio is ours / rival, the goal at least 0.1.
"""

import asyncio
import tempfile
from pathlib import Path
from time import process_time

import nats
import numpy as np
from bridge import bare, broker
from measurement import Measurement, median_of_pairs

from nimmer.arena.layout import Plan
from nimmer.arena.memory import Arena, shared_memory_directory
from nimmer.arena.ring import RingReader
from nimmer.arena.slot import Slot
from nimmer.bus.bus import Bus, Delivery
from nimmer.bus.identities import BRIDGE
from nimmer.bus.memory import MemoryBroker
from nimmer.bus.nats import NatsBus
from nimmer.bus.wave_mirror import Posting, WaveMirror
from nimmer.chance import Chance
from nimmer.life.body_cells import BodyCells
from nimmer.life.gate import ResonantGate
from nimmer.life.gates import BODY_GATES
from nimmer.life.percept import Percept
from nimmer.life.senses import BODY_CELLS, CELLS

NPCS = 25
TICK_S = 0.05
Walk = list[list[Percept]]


class Village:
    """25 bodies without brains, their rings, and the bridge that empties them."""

    def __init__(self, arena: Arena) -> None:
        """Wire everything to `arena`."""
        self.now_s = 0.0
        self.mirror = WaveMirror("dev", 1.7e9, CELLS)
        self.ring = RingReader(arena, "wave", "bus")
        self.transitions = RingReader(arena, "transition", "store")
        self.published = 0
        self._bodies = []
        for npc in range(NPCS):
            gates = [ResonantGate(spec, index) for index, spec in enumerate(BODY_GATES)]
            of_cell = [next(gate for gate in gates if gate.spec.domain == kind.domain) for kind in BODY_CELLS]
            self._bodies.append((BodyCells(0.01), of_cell, Slot(arena, npc)))

    async def live(self, walk: Walk, bus: Bus) -> float:
        """Live one tick per row of `walk`; return messages per CPU second."""
        before = self.published
        started = process_time()
        for percepts in walk:
            self.now_s += TICK_S
            for (cells, gates, slot), percept in zip(self._bodies, percepts, strict=True):
                waves = cells.sense(percept, self.now_s)
                for wave in waves:
                    for transition in gates[wave.cell].hear(wave):
                        slot.transition(percept.tick, self.now_s, *transition[:9], transition.triggers)
                slot.waves(percept.tick, waves)
            harvest = self.ring.read()
            messages = self.mirror.encode(harvest.records, harvest.npcs)
            await bus.publish_many(messages)
            self.ring.commit(harvest)
            self.transitions.commit(
                self.transitions.read()
            )  # as the recorder does, so that the ring takes more
            self.published += len(messages)
        await bus.subscribe("dev.bench.flushed.now", _nothing)  # live only when all before it has left
        return (self.published - before) / (process_time() - started)

    async def collect(self, walk: Walk) -> list[Posting]:
        """Live a walk on an in-memory bus; return what was published."""
        found: list[Posting] = []

        async def keep(delivery: Delivery) -> None:
            found.append((delivery.subject, delivery.payload))

        bus = MemoryBroker().connect()
        await bus.subscribe("dev.>", keep)
        await self.live(walk, bus)
        await asyncio.sleep(0)
        await bus.close()
        return found


async def _nothing(delivery: object) -> None:
    """Hear nothing."""


def walks(ticks: int, generator: np.random.Generator) -> Walk:
    """Return `ticks` rows of one percept per NPC, as a walk through a village gives them."""
    distance = generator.choice([15.0, 25.0, 115.0, 215.0, 315.0], (ticks // 4 + 1, NPCS, 8)).repeat(
        4, axis=0
    )
    energy = 1.0 - (np.arange(ticks)[:, None] * 0.0003 + generator.random(NPCS) * 0.2) % 1.0
    rows = []
    for tick in range(ticks):
        percepts = []
        for npc in range(NPCS):
            ways = tuple(distance[tick, npc].tolist())
            known = tuple((np.arange(8) < tick // 8 % 5).astype(int).tolist())
            percepts.append(
                Percept(
                    tick + 1,
                    1,
                    tick // 4 % 25,
                    tick // 4 % 4,
                    float(energy[tick, npc]),
                    0.0,
                    tick % 26 / 25,
                    npc % 4,
                    tick % 5,
                    tick & 1,
                    0,
                    0,
                    4,
                    (1, 2, 3, 4, -1, -1, -1, -1),
                    ways,
                    (0,) * 8,
                    known,
                )
            )
        rows.append(percepts)
    return rows


def measure(quick: bool) -> list[Measurement]:
    """Run the pairs."""
    ticks, pairs = (100, 5) if quick else (400, 9)
    generator = Chance(7).generator("bench", "waves")
    with tempfile.TemporaryDirectory(prefix="nimmer-bench-", dir=shared_memory_directory()) as place:
        village = Village(Arena.create(Path(place) / "arena", Plan(NPCS, 25, 1), 0.0))
        with broker() as (url, password), asyncio.Runner() as runner:
            bus = runner.run(NatsBus.connect(url, BRIDGE, password))
            client = runner.run(nats.connect(url, user=BRIDGE, password=password))
            messages = runner.run(village.collect(walks(ticks, generator)))
            runner.run(village.live(walks(ticks, generator), bus))

            def ours() -> float:
                return runner.run(village.live(walks(ticks, generator), bus))

            def rival() -> float:
                return runner.run(bare(client, messages))

            taken = median_of_pairs(ours, rival, pairs)
            dropped = bus.counts.dropped + village.ring.dropped + village.transitions.dropped
            runner.run(bus.close())
            runner.run(client.close())
    if dropped or village.mirror.refused:
        raise RuntimeError(f"not comparable: {dropped} dropped, {village.mirror.refused} refused")
    note = f"{len(messages)} messages, {NPCS} bodies"
    return [taken.measurement("waves per CPU second", "1/s", "bare nats-py publish", ">= 0.1", note)]
