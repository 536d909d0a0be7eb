"""Bodies of what the living say: waves, gate transitions, an NPC's state, action, share and trail.

Source: docs/domain.md section 7, "Bodies".
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Share = Annotated[float, Meta(ge=0.0, le=1.0, description="a share, 0..1")]
Count = Annotated[int, Meta(ge=0, le=2**63 - 1, description="a count, 0..2^63-1")]
"""Bounded by what a column of 64 bits holds."""
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
    """One wave that helped a gate to move: its source, confidence, time (ISO-8601, UTC) and what it said."""

    source: Name
    confidence: Share
    timestamp: str
    semantic_content: dict[str, Scalar] = {}


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


Mode = Literal["deliberate", "hybrid", "reflex"]
RunOutcome = Literal["abandoned", "success", "failure", "timeout"]


class NerveTrail(Struct, frozen=True, forbid_unknown_fields=True):
    """One run of one nerve, from waking to rest.

    serial: counts the NPC's nerve trails; gate, cause, opened_tick: what woke it; states: visited, in words; reads:
    cells it looked at; commands: what it had the body do; latency_ms: from waking to its first act, null when it never
    acted; cost, reward: lifeforce; rubric: the training currency; weight_delta: what the outcome made of the gate's
    weight; event: compiled or demoted by this run.
    """

    npc_id: NpcId
    serial: Count
    nerve: Name
    mode: Mode
    outcome: RunOutcome
    gate: Name
    cause: str
    tick: Count
    opened_tick: Count
    started: str
    ended: str
    latency_ms: float | None
    states: list[str]
    reads: list[str]
    commands: list[str]
    cost: float
    reward: float
    rubric: float
    weight: Share
    weight_delta: float
    matched: bool = False
    event: Literal["", "compiled", "demoted"] = ""


class LifeforceSum(Struct, frozen=True, forbid_unknown_fields=True):
    """What an entity was charged or rewarded for one reason in one beat, in millionths of a lifeforce."""

    entity: Name
    beat: Count
    kind: Literal["charge", "reward"]
    reason: Name
    amount_micro: int
    unpaid_micro: Count
    entries: Count


class LifeforceBalance(Struct, frozen=True, forbid_unknown_fields=True):
    """How an entity stands at the close of a beat: level in millionths, lambda (null while dormant), attention left."""

    entity: Name
    beat: Count
    level_micro: Count
    lambda_: Annotated[float, Meta(ge=0.0)] | None = field(name="lambda", default=None)
    budget_left_ms: float = 0.0
    attention: str = ""
    vigour: str = ""
