"""The village's status, put together from the arena and from whoever is alive to be asked.

The arena is read directly, so status still answers while an actor is being revived; what nobody could say is said
to be unknown. Source: docs/domain.md section 12, dashboards.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import ray

from actors.charter import Charter
from nimmer.bus.message import BusStatus, GovernorStatus, LimitsStatus, NpcStatus, Status, StoresStatus
from nimmer.life.gates import BODY_GATES
from nimmer.life.nerve_table import NERVE_NAMES

if TYPE_CHECKING:
    from actors.bridge import BridgeShell

Ask = Callable[..., Awaitable[Any]]
ASKED = ("garden", "supervisor", "governor", "recorder", "cells")


async def assemble(charter: Charter, bridge: "BridgeShell", ask: Ask) -> Status:
    """Return the status as of now; an actor that cannot answer is named in `servers` as away."""
    answers = dict(zip(ASKED, await asyncio.gather(*(_asked(ask, name) for name in ASKED)), strict=True))
    garden, supervisor, recorder = answers["garden"], answers["supervisor"], answers["recorder"]
    governor, header = answers["governor"], bridge.arena.view("header")
    vitals = bridge.arena.view("vitals")
    counts = bridge.counts()
    return Status(
        run=charter.run,
        environment=charter.environment,
        seed=charter.seed,
        uptime_s=round(max(bridge.clock.monotonic_s() - float(header["started_s"][0]), 0.0), 3),
        level=int(garden.get("level", charter.level)),
        coverage=float(garden.get("coverage", 0.0)),
        world_tick=int(garden.get("tick", header["world_tick"][0])),
        world_ticks_due=int(garden.get("due", 0)),
        digest=str(garden.get("digest", "")),
        npcs=_npcs(charter, bridge, supervisor),
        limits=LimitsStatus(str(supervisor.get("backend", "unknown")), list(supervisor.get("why", []))),
        governor=GovernorStatus(
            str(governor.get("mode", "unknown")),
            int(governor.get("epoch", 0)),
            int(governor.get("clamped", 0)),
        ),
        bus=BusStatus(
            published=counts["published"],
            dropped=counts["dropped"],
            acked=counts["acked"],
            ack_failures=counts["ack_failures"],
            reconnects=counts["reconnects"],
            permission_violations=counts["permission_violations"],
            handler_errors=counts["handler_errors"],
            connected=bridge.connected,
        ),
        stores=StoresStatus(
            str(recorder.get("condition", "unknown")),
            int(recorder.get("trail_rows", 0)),
            int(recorder.get("trail_rows_lost", 0)),
            int(recorder.get("rows_waiting", 0)),
        ),
        waves=int(vitals["waves"].sum()),
        transitions=int(vitals["transitions"].sum()),
        restarts=int((vitals["generation"].clip(1) - 1).sum()),
        incidents=bridge.chronicle.lines(),
        servers={name: "answers" if answer else "away" for name, answer in answers.items()},
    )


async def _asked(ask: Ask, name: str) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = await ask(name, "status")
    except (TimeoutError, ValueError, ray.exceptions.RayError):
        return {}
    return answer


def _npcs(charter: Charter, bridge: "BridgeShell", supervisor: dict[str, Any]) -> list[NpcStatus]:
    vitals, control = bridge.arena.view("vitals"), bridge.arena.view("control")
    percept, trails = bridge.arena.view("percept"), bridge.last_trails()
    usage = supervisor.get("usage", {})
    return [
        NpcStatus(
            id=npc,
            node=int(percept["node"][npc]),
            pid=int(vitals["pid"][npc]),
            generation=int(vitals["generation"][npc]),
            alive=bool(control["alive"][npc]),
            tick_hz=round(float(control["tick_hz"][npc]), 3),
            ticks=int(vitals["ticks_done"][npc]),
            ticks_due=int(vitals["ticks_due"][npc]),
            energy=round(float(percept["energy"][npc]), 4),
            lifeforce=round(float(vitals["lifeforce"][npc]), 3),
            coverage=round(float(percept["coverage"][npc]), 4),
            gates=_gates(int(trails["gates"][npc])),
            nerve=_nerve(int(trails["nerve"][npc])),
            lateness_p99_ms=round(float(vitals["lateness_p99_us"][npc]) / 1e3, 3),
            compute_ms=round(float(vitals["compute_mean_us"][npc]) / 1e3, 4),
            cpu_percent=round(float(usage.get(npc, {}).get("cpu_percent", 0.0)), 2),
            memory_mb=round(float(usage.get(npc, {}).get("memory_mb", 0.0)), 1),
        )
        for npc in range(charter.npcs)
    ]


def _gates(packed: int) -> dict[str, int]:
    return {gate.name: (packed >> 2 * index & 3) - 1 for index, gate in enumerate(BODY_GATES)}


def _nerve(number: int) -> str:
    return NERVE_NAMES[number - 1] if 0 < number <= len(NERVE_NAMES) else ""
