"""Bodies of what the living say: waves, gate transitions, an NPC's state, action, share and trail.

Source: docs/domain.md section 7, "Bodies".
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Share = Annotated[float, Meta(ge=0.0, le=1.0, description="a share, 0..1")]
Count = Annotated[int, Meta(ge=0, description="a count, never negative")]
NpcId = Annotated[int, Meta(ge=0, le=65535, description="number of an NPC, from 0")]
GateState = Literal["closed", "stable", "open"]
Tier = Annotated[int, Meta(ge=0, le=5, description="processing tier, 0 reflex .. 5 partnership")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Scalar = float | int | bool | str


class WaveSignal(Struct, frozen=True, forbid_unknown_fields=True):
    """What a cell says: its domain, how sure it is, what it means, what it cost in lifeforce units."""

    domain: Name
    confidence: Share
    lifeforce_cost: Annotated[float, Meta(ge=0.0)]
    semantic_content: dict[str, Scalar]


class TriggerSignal(Struct, frozen=True, forbid_unknown_fields=True):
    """One wave that helped a gate to move: its source, confidence and time (ISO-8601, UTC)."""

    source: Name
    confidence: Share
    timestamp: str


class GateTransition(Struct, frozen=True, forbid_unknown_fields=True):
    """A gate changed its state.

    state_value: the accumulator, -1.5..1.5; correlation_score: of the triggering wave, -1..1;
    weight: the gate's trust 0..1; cause: correlation, reflex, verified, governor, decay ...
    """

    gate_id: Name
    domain: Name
    from_state: GateState
    to_state: GateState
    state_value: Annotated[float, Meta(ge=-1.5, le=1.5)]
    correlation_score: Annotated[float, Meta(ge=-1.0, le=1.0)]
    routed_to_tier: Tier
    lifeforce_cost: Annotated[float, Meta(ge=0.0)]
    trigger_signals: list[TriggerSignal]
    cause: str = ""
    weight: Share = 0.0


class GovernorAllocate(Struct, frozen=True, forbid_unknown_fields=True):
    """What the governor gives one NPC for one epoch. gates: override per gate; cpu_pct: of one core."""

    npc_id: NpcId
    tick_hz: Annotated[float, Meta(ge=1.0, le=20.0)]
    cpu_pct: Annotated[float, Meta(ge=5.0, le=100.0)]
    nice: Annotated[int, Meta(ge=-20, le=19)]
    gates: dict[str, Literal["auto", "force_open", "force_close"]]
    llm_priority: Annotated[int, Meta(ge=0, le=10)]
    epoch: Count
    llm_access: bool = False


class NpcState(Struct, frozen=True, forbid_unknown_fields=True):
    """One tick of one NPC as others may see it.

    needs: by name, 0..1 (1 = satisfied); tick: the NPC's own, from 1; tick_latency_ms: how late the tick
    began; cortex_wait_ms: 0 when it waits for nothing; lf: lifeforce units; gates: -1 closed, 0 stable,
    1 open, in the order of the body's gates; nerve: 0 the brain, else 1 + index of the body's nerve.
    """

    npc_id: NpcId
    node: int
    needs: dict[str, float]
    last_action: str
    reward: float
    tick: Count
    tick_latency_ms: float
    cortex_wait_ms: float
    lf: float
    world_tick: Count = 0
    level: Count = 0
    coverage: float = 0.0
    gates: list[Annotated[int, Meta(ge=-1, le=1)]] = []
    nerve: Count = 0
    compute_ms: float = 0.0


class NpcAction(Struct, frozen=True, forbid_unknown_fields=True):
    """An action proposed for an NPC; the world accepts or refuses it. args: `{"slot": 0..7}` for move.

    tick: the world tick it is meant for, 0 for the next one.
    """

    npc_id: NpcId
    verb: Literal["stay", "move", "look", "talk", "ask_cortex"]
    tick: Count = 0
    args: dict[str, Annotated[int, Meta(ge=0, le=65535)]] = {}


class TrainingFrame(Struct, frozen=True, forbid_unknown_fields=True):
    """A batch of decision-trail rows, column by column; all columns hold `rows` values, null where not finite."""

    run: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    rows: Annotated[int, Meta(ge=1)]
    columns: dict[str, list[int | float | None]]
