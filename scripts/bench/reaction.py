"""Reactions of living NPCs, from wave to nerve's act, against their tiers' budgets and a bare Ray actor round trip.

    scripts/bench/run reaction

Ours: 25 NPC actors at 20 Hz, each with a random neural brain that runs into things, born hungry so that every kind of
nerve wakes; what is measured stands in their nerve trails: from the wave that called for the first act to the tick of
that act, and the mean time a tick computes. A run counts on the tier its gate routed to; one in which the nerve had to
think counts on tier 4, cognition. Goals: the 99th percentile of each tier within its budget (docs/domain.md section 3.3). Rival: asking
a bare Ray actor for nothing and waiting for the answer, on the same machine while they live; a reaction that needs no
second tick is compared with it, median against median, the goal at most 1.
"""

from typing import Any, NamedTuple

import numpy as np
from empty import Empty
from hamlet import CLOCK, Hamlet, awaited, feeding, hamlet
from measurement import Measurement, meets
from quiet_ray import quiet_ray, ray

from actors.npc import NpcActor
from nimmer.arena.ring import RingReader
from nimmer.life.reactions import BUDGETS_S

NPCS = 25
HZ = 20.0
HUNGRY = 0.19
TICK_MS = 1e3 / HZ
Milliseconds = np.ndarray[tuple[int], np.dtype[np.float64]]


class Heard(NamedTuple):
    """What the nerve trails of a while say: tier and latency of each reaction; and the rival's round trips, ms."""

    tier: np.ndarray[tuple[int], np.dtype[np.int64]]
    latency_ms: Milliseconds
    round_trip_ms: Milliseconds


def listen(home: Hamlet, spell_s: float) -> Heard:
    """Follow the nerve trails for `spell_s` and ask a bare actor all the while."""
    kind: Any = ray.remote(Empty)
    empty = kind.options(num_cpus=0.02).remote()
    ray.get(empty.ready.remote())
    reader = RingReader(home.arena, "nerve_trail", "store")
    records, trips = [], []
    end_s = CLOCK.monotonic_s() + spell_s
    while CLOCK.monotonic_s() < end_s:
        begun_s = CLOCK.monotonic_s()
        ray.get(empty.ready.remote())
        trips.append((CLOCK.monotonic_s() - begun_s) * 1e3)
        harvest = reader.read()
        records.append(harvest.records[harvest.records["acted_s"] > 0.0])
        reader.commit(harvest)
        CLOCK.wait_s(0.02)
    found = np.concatenate(records)
    return Heard(found["tier"].astype("i8"), found["latency_ms"].astype("f8"), np.array(trips))


def measure(quick: bool) -> list[Measurement]:
    """Return each tier's 99th percentile against its budget, and the reflex-quick ones against a Ray round trip."""
    npcs, spell_s = (5, 15.0) if quick else (NPCS, 60.0)
    with hamlet(npcs, tick_hz=HZ, energy=HUNGRY) as home, feeding([home]), quiet_ray():
        kind: Any = NpcActor
        actors = [kind.options(num_cpus=0.02).remote(home.birth(npc)) for npc in range(npcs)]
        ray.get([actor.born.remote() for actor in actors])
        for actor in actors:
            actor.live.remote()
        awaited(lambda: (home.board.vitals["ticks_done"] >= 20).all(), 60.0, "20 ticks")
        heard = listen(home, spell_s)
        home.board.control["stop"] = 1
        CLOCK.wait_s(1.0)
    rows = [_tier(heard, tier, npcs) for tier in sorted(set(heard.tier.tolist()))]
    return [*rows, _against_ray(heard)]


def _tier(heard: Heard, tier: int, npcs: int) -> Measurement:
    latency_ms = heard.latency_ms[heard.tier == tier]
    p99, budget_ms = float(np.percentile(latency_ms, 99)), BUDGETS_S[tier] * 1e3
    note = (
        f"{len(latency_ms)} reactions of {npcs} NPCs at {HZ:g} Hz, median {np.median(latency_ms):.2f} ms, "
        f"worst {latency_ms.max():.1f} ms"
    )
    ratio = p99 / budget_ms
    return Measurement(
        f"tier {tier}: wave to act, p99", p99, "ms", "its budget", budget_ms, ratio, "<= 1", meets(ratio, "<= 1"), note
    )  # fmt: skip


def _against_ray(heard: Heard) -> Measurement:
    quick_ms = heard.latency_ms[heard.latency_ms < TICK_MS / 2]
    ours, rival = float(np.median(quick_ms)), float(np.median(heard.round_trip_ms))
    note = (
        f"{len(quick_ms)} of {len(heard.latency_ms)} reactions need one tick; round trip p99 "
        f"{np.percentile(heard.round_trip_ms, 99):.2f} ms of {len(heard.round_trip_ms)}"
    )
    return Measurement(
        "wave to act in the same tick, median", ours, "ms", "a bare Ray actor round trip", rival, ours / rival, "<= 1",
        meets(ours / rival, "<= 1"), note,
    )  # fmt: skip
