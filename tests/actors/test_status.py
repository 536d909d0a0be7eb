"""The status is there whoever is away."""

from dataclasses import replace
from typing import Any

import pytest
import ray

from actors.bridge import BridgeShell
from actors.charter import Charter
from actors.status import asked, assemble
from nimmer.arena.diary import Diary
from nimmer.arena.memory import Arena
from nimmer.arena.slot import Slot, Vitals
from nimmer.bus.message import Incident, Source, Status, encode
from tests.actors.conftest import NPCS

ANSWERS: dict[str, dict[str, Any]] = {
    "garden": {"level": 2, "tick": 400, "due": 410, "coverage": 0.5, "digest": "00ff"},
    "supervisor": {
        "backend": "cgroup-v1",
        "why": ["cgroup-v2: not here"],
        "usage": {1: {"cpu_percent": 3.25, "memory_mb": 61.0}},
    },
    "governor": {"mode": "rule", "epoch": 6, "clamped": 2},
    "recorder": {"condition": "connected", "trail_rows": 900, "trail_rows_lost": 0, "rows_waiting": 0},
    "cells": {"cells": {}, "gates": {}},
    "devices": {"devices": {}},
    "thalamus-0": {
        "gates": {"math_gate": {"state": 1}},
        "reactions": [
            {
                "tier": 1,
                "events": 2,
                "over_budget": 1,
                "budget_ms": 50.0,
                "mean_ms": 40.0,
                "p99_ms": 60.0,
                "worst_ms": 61.0,
            }
        ],
    },
    "virtual": {"mode": "following"},
}
NAMES = ("garden", "supervisor", "governor", "recorder", "cells", "devices", "thalamus-0", "virtual")


@pytest.fixture
def bridge(charter: Charter, arena: Arena) -> BridgeShell:
    for npc in range(NPCS):
        slot = Slot(arena, npc)
        slot.be_born(Vitals(100 + npc, 1 + npc, 1.0, 50, 48, 2, 99.5, 0, 1500.0, 300.0, 288, 4))
        slot.trail(
            48, 40, 5.0, 1, 7, 1, 2, 1, 0, 0b00100110, 6, 1, 0.5, 99.0, 0.1, 1.0, 0.25, 10.0, 50.0, 0, 2, 0
        )
    arena.view("control")["alive"] = 1
    arena.view("header")["world_tick"] = 400
    return BridgeShell(charter)


def wire(status: Status) -> None:
    assert encode(status, Source("bridge", "service"), 0.0, "7cbded66-3563-44e0-9dca-82d1d6a18f43")


async def test_it_is_put_together_from_arena_and_actors(charter: Charter, bridge: BridgeShell) -> None:
    async def ask(name: str, method: str, *_: object) -> dict[str, Any]:
        assert method == "status"
        return ANSWERS[name]

    status = await assemble(charter, bridge, ask)
    wire(status)
    assert (status.level, status.world_tick, status.world_ticks_due) == (2, 400, 410)
    assert status.restarts == 0 + 1 + 2
    assert (status.waves, status.transitions) == (3 * 288, 3 * 4)
    npc = status.npcs[1]
    assert (npc.pid, npc.generation, npc.alive, npc.ticks, npc.ticks_due) == (101, 2, True, 48, 50)
    assert npc.gates == {
        "collision_avoidance_gate": 1,
        "battery_gate": 0,
        "exploration_gate": 1,
        "conversation_gate": -1,
        "motor_feedback_gate": -1,
    }
    assert npc.nerve == "collision_avoidance"
    assert (npc.cpu_percent, npc.memory_mb) == (3.25, 61.0)
    assert set(status.servers.values()) == {"answers"}
    assert not status.bus.connected


@pytest.mark.parametrize("missing", NAMES)
@pytest.mark.parametrize(
    "trouble", [TimeoutError(), ray.exceptions.RayActorError(), ValueError("no such actor")]
)
async def test_whoever_is_away_is_named_and_the_rest_is_told(
    charter: Charter, bridge: BridgeShell, missing: str, trouble: Exception
) -> None:
    async def ask(name: str, method: str, *_: object) -> dict[str, Any]:
        if name == missing:
            raise trouble
        return ANSWERS[name]

    status = await assemble(charter, bridge, ask)
    wire(status)
    assert status.servers == {name: "away" if name == missing else "answers" for name in NAMES}
    assert status.world_tick == 400
    assert len(status.npcs) == NPCS


def test_only_who_was_started_is_asked(charter: Charter) -> None:
    assert asked(charter) == NAMES
    few = replace(charter, devices_enabled=False, virtual_enabled=False, thalamus_shards=2)
    assert asked(few)[5:] == ("thalamus-0", "thalamus-1")


async def test_nerves_and_tiers_are_summed_over_all_npcs(charter: Charter, bridge: BridgeShell) -> None:
    for npc, (runs, cost, latency_ms) in enumerate(((4, 0.5, 40.0), (1, 1.0, 90.0), (0, 0.0, 0.0))):
        Diary(bridge.arena, npc).fare(
            (2, 1, 0, 29_000.0, 1.5, 60.0, 3.1, 2),
            [(npc, 2, 1, int(npc == 2), 0.1 * (npc + 1), runs, runs, 0, 3, runs, cost, latency_ms)],
            [(0, 0, 0.0, 0.0, 0.0), (0, 0, 0.0, 0.0, 0.0), (runs, npc, latency_ms, latency_ms, latency_ms)],
        )

    async def ask(name: str, method: str, *_: object) -> dict[str, Any]:
        return ANSWERS[name]

    status = await assemble(charter, bridge, ask)
    wire(status)
    nerve = status.nerves[0]
    assert nerve.modes == {"deliberate": 1, "hybrid": 1, "reflex": 1}
    assert (nerve.runs, nerve.compiled, nerve.patterns) == (5, 1, 9)
    assert (nerve.cost, nerve.latency_ms, nerve.weight) == (0.6, 50.0, 0.2)
    shared, tier = status.tiers
    assert (shared.tier, shared.events, shared.late, shared.mean_ms, shared.worst_ms) == (1, 2, 1, 40.0, 61.0)
    assert status.shared_gates == {"math_gate": 1}
    assert (tier.tier, tier.budget_ms, tier.events, tier.late, tier.worst_ms) == (2, 200.0, 5, 3, 90.0)
    assert (status.npcs[0].attention, status.npcs[0].vigour, status.npcs[0].balance) == (
        "focused",
        "silent",
        1.5,
    )


async def test_with_everyone_away_the_arena_still_speaks(charter: Charter, bridge: BridgeShell) -> None:
    async def ask(name: str, method: str, *_: object) -> dict[str, Any]:
        raise TimeoutError

    status = await assemble(charter, bridge, ask)
    wire(status)
    assert set(status.servers.values()) == {"away"}
    assert [one.ticks for one in status.npcs] == [48] * NPCS
    assert status.limits.backend == status.governor.mode == status.stores.state == "unknown"


async def test_it_names_what_went_wrong(charter: Charter, bridge: BridgeShell) -> None:
    bridge.chronicle.note("2026-11-23T00:01:02.000Z", Incident("death", "npc.2", "generation 1 died"))

    async def ask(name: str, method: str, *_: object) -> dict[str, Any]:
        return ANSWERS[name]

    assert (await assemble(charter, bridge, ask)).incidents == ["00:01:02 npc.2: generation 1 died"]
