"""The village's status, put together from the arena and from whoever is alive to be asked.

The arena is read directly, so status still answers while an actor is being revived; what nobody could say is said
to be unknown. Source: docs/domain.md section 12, dashboards.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import IntEnum
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
import ray

from actors.charter import Charter
from nimmer.arena.layout import NERVES, TIER_VITALS, TIERS
from nimmer.bus.diary_mirror import MODES
from nimmer.bus.message import (
    BusStatus,
    GovernorStatus,
    LimitsStatus,
    NerveStatus,
    NpcStatus,
    Status,
    StoresStatus,
    TierStatus,
)
from nimmer.life.attention import Mode as Attention
from nimmer.life.gates import named_gate_states
from nimmer.life.nerve_table import NERVE_NAMES
from nimmer.life.reactions import BUDGETS_S
from nimmer.life.vigour import State as Vigour

if TYPE_CHECKING:
    from actors.bridge import BridgeShell

Ask = Callable[..., Awaitable[Any]]
Column = np.ndarray[Any, np.dtype[Any]]


async def assemble(charter: Charter, bridge: "BridgeShell", ask: Ask) -> Status:
    """Return the status as of now; an actor that cannot answer is named in `servers` as away."""
    names = asked(charter)
    answers = dict(zip(names, await asyncio.gather(*(_asked(ask, name) for name in names)), strict=True))
    garden, supervisor, recorder = answers["garden"], answers["supervisor"], answers["recorder"]
    governor, header = answers["governor"], bridge.arena.view("header")
    shards = [answer for name, answer in answers.items() if name.startswith("thalamus-")]
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
        governor=_governor(governor),
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
        nerves=_nerves(bridge),
        tiers=_tiers(bridge, shards),
        shared_gates=_shared_gates(shards),
        nerve_trails=int(recorder.get("nerve_trail_rows", 0)),
        curriculum=garden.get("curriculum"),
        cortex=answers.get("conversation", {}).get("cortex"),
        organs=answers.get("conversation", {}).get("organs"),
    )


def asked(charter: Charter) -> tuple[str, ...]:
    """Return the actors that are asked how they fare; the bridge itself answers."""
    shards = tuple(f"thalamus-{shard}" for shard in range(charter.thalamus_shards))
    devices = ("devices",) if charter.devices_enabled else ()
    virtual = ("virtual",) if charter.virtual_enabled else ()
    boundary = ("boundary",) if charter.cortex_enabled else ()
    conversation = ("conversation",) if charter.cortex_enabled or charter.organs_enabled else ()
    always = ("garden", "supervisor", "governor", "recorder", "cells")
    return (*always, *devices, *shards, *virtual, *boundary, *conversation)


async def _asked(ask: Ask, name: str) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = await ask(name, "status")
    except (TimeoutError, ValueError, ray.exceptions.RayError):
        return {}
    return answer


def _governor(said: dict[str, Any]) -> GovernorStatus:
    score = said.get("score")
    return GovernorStatus(
        mode=str(said.get("mode", "unknown")),
        epoch=int(said.get("epoch", 0)),
        clamped=int(said.get("clamped", 0)),
        policy=str(said.get("policy", "")),
        fallbacks=int(said.get("fallbacks", 0)),
        in_a_row=int(said.get("in_a_row", 0)),
        trusted=bool(said.get("trusted", True)),
        fault=str(said.get("fault", "")),
        weights=str(said.get("weights", "")),
        learns=bool(said.get("learns", False)),
        steps=int(said.get("steps", 0)),
        score=None if score is None else round(float(score), 4),
    )


def _npcs(charter: Charter, bridge: "BridgeShell", supervisor: dict[str, Any]) -> list[NpcStatus]:
    vitals, control = bridge.arena.view("vitals"), bridge.arena.view("control")
    percept, trails = bridge.arena.view("percept"), bridge.last_trails()
    condition = bridge.arena.view("condition")
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
            gates=named_gate_states(int(trails["gates"][npc])),
            nerve=_nerve(int(trails["nerve"][npc])),
            lateness_p99_ms=round(float(vitals["lateness_p99_us"][npc]) / 1e3, 3),
            compute_ms=round(float(vitals["compute_mean_us"][npc]) / 1e3, 4),
            cpu_percent=round(float(usage.get(npc, {}).get("cpu_percent", 0.0)), 2),
            memory_mb=round(float(usage.get(npc, {}).get("memory_mb", 0.0)), 1),
            attention=_word(Attention, int(condition["attention"][npc])),
            vigour=_word(Vigour, int(condition["vigour"][npc])),
            balance=_finite(float(condition["balance"][npc])),
        )
        for npc in range(charter.npcs)
    ]


def _word(words: type[IntEnum], code: int) -> str:
    return words(code).name.lower() if code in set(words) else str(code)


def _finite(value: float) -> float | None:
    return round(value, 3) if isfinite(value) else None


def _nerves(bridge: "BridgeShell") -> list[NerveStatus]:
    """Return every nerve over all NPCs, in the order of the table."""
    table = bridge.arena.view("nerves").reshape(-1, NERVES)
    return [_nerve_over_all(name, table[:, place]) for place, name in enumerate(NERVE_NAMES)]


def _nerve_over_all(name: str, column: Column) -> NerveStatus:
    runs = column["runs"].astype("i8")
    acted, ran = column["acted"].astype("i8"), max(int(runs.sum()), 1)
    modes = np.bincount(column["mode"], minlength=len(MODES)).tolist()
    return NerveStatus(
        name=name,
        modes=dict(zip(MODES, modes, strict=False)),
        runs=int(runs.sum()),
        succeeded=int(column["succeeded"].sum()),
        failed=int(column["failed"].sum()),
        cost=round(float((column["cost"] * runs).sum()) / ran, 4),
        latency_ms=round(float((column["latency_ms"] * acted).sum()) / max(int(acted.sum()), 1), 3),
        weight=round(float(column["weight"].mean()), 4),
        compiled=int(column["compiled"].sum()),
        patterns=int(column["patterns"].sum()),
    )


def _tiers(bridge: "BridgeShell", shards: list[dict[str, Any]]) -> list[TierStatus]:
    """Return the tiers that something happened on, NPCs and shards together; p99 is that of the slowest of them."""
    table = np.concatenate([bridge.arena.view("tiers").reshape(-1, TIERS), _reactions(shards)])
    events = table["events"].sum(axis=0)
    return [_tier(tier, table[:, tier]) for tier in np.flatnonzero(events).tolist()]


def _tier(tier: int, column: Column) -> TierStatus:
    events = int(column["events"].sum())
    return TierStatus(
        tier=tier,
        budget_ms=_finite(BUDGETS_S[tier] * 1e3) or 0.0,
        events=events,
        late=int(column["late"].sum()),
        mean_ms=round(float((column["mean_ms"] * column["events"]).sum()) / events, 3),
        p99_ms=round(float(column["p99_ms"].max()), 3),
        worst_ms=round(float(column["worst_ms"].max()), 3),
    )


def _reactions(shards: list[dict[str, Any]]) -> Column:
    """Return what the shards of the thalamus say of their tiers, `(shards, TIERS)` of `TIER_VITALS`."""
    table = np.zeros((len(shards), TIERS), TIER_VITALS)
    for place, shard in enumerate(shards):
        for one in shard.get("reactions", []):
            table[place, one["tier"]] = (
                one["events"], one["over_budget"], one["mean_ms"], one["p99_ms"], one["worst_ms"],
            )  # fmt: skip
    return table


def _shared_gates(shards: list[dict[str, Any]]) -> dict[str, int]:
    return {name: int(gate["state"]) for shard in shards for name, gate in shard.get("gates", {}).items()}


def _nerve(number: int) -> str:
    return NERVE_NAMES[number - 1] if 0 < number <= len(NERVE_NAMES) else ""
