"""What a village says, for the tests of those who listen."""

import uuid

import msgspec

from nimmer.bus.message import (
    BusStatus,
    GateTransition,
    GovernorStatus,
    LimitsStatus,
    NpcState,
    NpcStatus,
    QuizReport,
    QuizSheet,
    Reply,
    Source,
    Status,
    StoresStatus,
    TriggerSignal,
    WaveSignal,
    WorldAggregate,
    encode,
)

RUN = "0123456789abcdef"


def wire(body: msgspec.Struct) -> bytes:
    return encode(body, Source("test", "service"), 1_700_000_000.25, str(uuid.uuid4()))


def npc_state(npc: int, tick: int = 100, node: int | None = None, coverage: float = 0.5) -> NpcState:
    return NpcState(
        npc_id=npc,
        node=npc % 25 if node is None else node,
        needs={"energy": 0.5},
        last_action="move",
        reward=0.0,
        tick=tick,
        tick_latency_ms=0.2,
        cortex_wait_ms=0.0,
        lf=90.0,
        coverage=coverage,
        gates=[1, 0, -1, 0],
    )


def aggregate(rows: int = 5, columns: int = 5) -> WorldAggregate:
    nodes = rows * columns
    return WorldAggregate(
        tick=1234,
        level=1,
        coverage=0.84,
        energy=0.61,
        occupants=[2 if node == 7 else 6 if node == 3 else 0 for node in range(nodes)],
        known_share=[1.0 if node < 5 else 0.25 for node in range(nodes)],
        wells=[12],
        rows=rows,
        columns=columns,
    )


def transition(npc: int = 7) -> GateTransition:
    return GateTransition(
        gate_id=f"npc.{npc}.collision_avoidance_gate",
        domain="distance",
        from_state="stable",
        to_state="open",
        state_value=1.01,
        correlation_score=0.9,
        routed_to_tier=2,
        lifeforce_cost=0.3,
        trigger_signals=[TriggerSignal("npc.7.distance_front", 0.9, "2023-11-14T22:13:20.000Z")],
        cause="correlation",
        weight=0.1,
    )


def wave() -> WaveSignal:
    return WaveSignal("distance", 0.9, 0.5, {"distance_cm": 25.0, "direction": "front"})


def quiz_report(passed: bool = False) -> QuizReport:
    sheets = [QuizSheet(0, 1.0, []), QuizSheet(1, 1.0 if passed else 0.92, [] if passed else [3, 24])]
    return QuizReport(RUN, 1234, 1, passed, 1.0 if passed else 0.96, 25, sheets)


def virtual_reply(said: str = "the virtual garden follows") -> Reply:
    return Reply(
        True,
        said,
        {
            "mode": "free",
            "asked": 100.0,
            "speed": 31.5,
            "tick": 5000,
            "snapshot_tick": 1234,
            "checkpoints": "0,1,2",
            "lifeforce": 88.5,
            "slowed": True,
            "rehearsals": 12,
            "forecasts": 30,
            "verified": 4,
            "borne_out": 25,
            "missed": 5,
            "surprises": 2,
            "bodies": 25,
            "cpu_percent": 2.5,
        },
    )


def status() -> Status:
    npc = NpcStatus(
        id=7,
        node=12,
        pid=4321,
        generation=2,
        alive=True,
        tick_hz=10.0,
        ticks=990,
        ticks_due=1000,
        energy=0.5,
        lifeforce=88.0,
        coverage=0.84,
        gates={"collision_avoidance_gate": 1, "battery_gate": 0},
        nerve="collision_avoidance",
        lateness_p99_ms=1.5,
        compute_ms=0.3,
        cpu_percent=4.5,
        memory_mb=61.0,
    )
    return Status(
        run=RUN,
        environment="dev",
        seed=5,
        uptime_s=3720.0,
        level=1,
        coverage=0.84,
        world_tick=1234,
        world_ticks_due=1236,
        digest="00ff" * 8,
        npcs=[npc],
        limits=LimitsStatus("nice", ["cgroup v2 is read-only"]),
        governor=GovernorStatus("rule", 2, 0),
        bus=BusStatus(1000, 3, 50, 0, 1, 0, 0),
        stores=StoresStatus("spooling since 12:00", 900, 0, 90),
        waves=5000,
        transitions=40,
        restarts=1,
        incidents=["npc.7 died and was born again"],
        servers={"nats": "running", "postgres": "away"},
    )
