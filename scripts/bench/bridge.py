"""Waves from arena records to the broker, against bare nats-py publishing of the same bytes.

    scripts/bench/run bridge

Ours: wave records as the bridge reads them from the rings, 500 at a time, through `WaveMirror.encode` and
`NatsBus.publish_many` to a real nats-server. Rival: `await client.publish(subject, payload)` of nats-py for the
very same subjects and payloads, made beforehand. Both flush at the end. Every number in the records is fresh in
every pair, so that nothing is found ready in a cache. Measured in messages per CPU second of this process; the
ratio is ours / rival, the goal at least 0.4. A second row does the same for NPC states.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nats
import numpy as np
from measurement import Measurement, median_of_pairs
from nats.aio.client import Client

from nimmer.arena.layout import TRAIL, WAVE
from nimmer.bus.bus import Bus
from nimmer.bus.identities import BRIDGE, identities
from nimmer.bus.mirror import StateMirror
from nimmer.bus.nats import NatsBus
from nimmer.bus.wave_mirror import Ids, Posting, Records, WaveMirror
from nimmer.chance import Chance
from nimmer.clock import SystemClock
from nimmer.embedded.credentials import ensure
from nimmer.embedded.nats_server import NatsServer
from nimmer.life.senses import BODY_CELLS, CELLS

CHUNK = 500
NPCS = 100
Encode = Callable[[Records, Ids], list[Posting]]


@contextmanager
def broker() -> Iterator[tuple[str, str]]:
    """Run a nats-server for a while; gives its url and the bridge's password."""
    with tempfile.TemporaryDirectory(prefix="nimmer-bench-") as place:
        credentials = ensure(Path(place), identities("dev"))
        server = NatsServer(Path(place), "dev", credentials, SystemClock())
        try:
            yield server.start(), credentials.nats[BRIDGE]
        finally:
            server.stop()


async def bare(client: Client, messages: list[Posting]) -> float:
    """Publish with nats-py alone; return messages per CPU second."""
    started = time.process_time()
    for number, (subject, payload) in enumerate(messages):
        await client.publish(subject, payload)
        if not number % 512:
            await asyncio.sleep(0)
    await client.flush()
    return len(messages) / (time.process_time() - started)


async def mirrored(bus: Bus, encode: Encode, records: Records, npcs: Ids) -> float:
    """Encode and publish chunk by chunk; return messages per CPU second."""
    started = time.process_time()
    for first in range(0, len(records), CHUNK):
        await bus.publish_many(encode(records[first : first + CHUNK], npcs[first : first + CHUNK]))
    await bus.subscribe("dev.bench.flushed.now", _nothing)  # live only when all before it has left
    return len(records) / (time.process_time() - started)


async def _nothing(delivery: object) -> None:
    """Hear nothing."""


def wave_records(count: int, generator: np.random.Generator) -> tuple[Records, Ids]:
    """Return fresh waves of all body cells, every number a random one."""
    records = np.zeros(count, dtype=WAVE)
    place = np.arange(count)
    records["cell"] = np.array([kind.code for kind in BODY_CELLS])[place % len(BODY_CELLS)]
    records["time_s"] = 1000.0 + place * 1e-4
    records["confidence"] = generator.choice([0.3, 0.6, 0.9], count)
    for kind in BODY_CELLS:
        of_kind = records["cell"] == kind.code
        records["count"][of_kind] = len(kind.fields)
        records["cost"][of_kind] = kind.cost * 0.01
        for column, field in enumerate(kind.fields):
            many = int(of_kind.sum())
            drawn = (
                generator.integers(len(field.choices), size=many) if field.choices else generator.random(many)
            )
            records["values"][of_kind, column] = drawn * (1.0 if field.choices else field.scale)
    return records, place // len(BODY_CELLS) % NPCS


def trail_records(count: int, generator: np.random.Generator) -> tuple[Records, Ids]:
    """Return fresh trail steps, every number a random one."""
    records = np.zeros(count, dtype=TRAIL)
    place = np.arange(count)
    records["time_s"] = 1000.0 + place * 1e-4
    records["npc_tick"] = place
    records["verb"] = place % 5
    for name in ("energy", "lifeforce", "reward", "coverage", "lateness_us", "compute_us"):
        records[name] = generator.random(count)
    return records, place % NPCS


def measure(quick: bool) -> list[Measurement]:
    """Run the pairs for waves and for NPC states."""
    count, pairs = (10_000, 5) if quick else (60_000, 9)
    generator = Chance(7).generator("bench", "bridge")
    waves = WaveMirror("dev", 1.7e9, CELLS)
    states = StateMirror("dev", 1.7e9, gates=4)
    with broker() as (url, password), asyncio.Runner() as runner:
        bus = runner.run(NatsBus.connect(url, BRIDGE, password))
        client = runner.run(nats.connect(url, user=BRIDGE, password=password))
        found = []
        for metric, encode, draw in (
            ("waves per CPU second", waves.encode, wave_records),
            ("NPC states per CPU second", states.encode, trail_records),
        ):
            made = draw(count, generator)
            runner.run(mirrored(bus, encode, *made))

            def ours(encode: Encode = encode, draw: Callable[..., tuple[Records, Ids]] = draw) -> float:
                return runner.run(mirrored(bus, encode, *draw(count, generator)))

            def rival(encode: Encode = encode, draw: Callable[..., tuple[Records, Ids]] = draw) -> float:
                return runner.run(bare(client, encode(*draw(count, generator))))

            taken = median_of_pairs(ours, rival, pairs)
            found.append(
                taken.measurement(metric, "1/s", "bare nats-py publish", ">= 0.4", f"{count} messages")
            )
        dropped, refused = bus.counts.dropped, waves.refused + states.refused
        runner.run(bus.close())
        runner.run(client.close())
    if dropped or refused:
        raise RuntimeError(f"not comparable: {dropped} messages dropped, {refused} records refused")
    return found
