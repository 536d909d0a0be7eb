"""Bodies about the village as a whole: status, incidents, Ray's life events, commands, math and replies.

Source: docs/domain.md sections 7, 8 and 12.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from nimmer.bus.cortex_messages import CortexStatus
from nimmer.bus.life_messages import Count, Name, NpcId, Scalar, Share
from nimmer.bus.organ_messages import OrgansStatus
from nimmer.bus.world_messages import CurriculumStatus, RunId


class MathRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A computation asked of the math cell: 1 to 64 finite operands.

    cell: which version is asked, such as `math/v1`; empty or `math` is the newest.
    """

    operation: Annotated[str, Meta(min_length=1, max_length=40)]
    operands: Annotated[list[float], Meta(min_length=1, max_length=64)]
    context: Annotated[str, Meta(max_length=200)] = ""
    cell: Annotated[str, Meta(max_length=40)] = ""


class MathResponse(Struct, frozen=True, forbid_unknown_fields=True):
    """The math cell's answer: `result` is null when it was refused, and `reason` says why.

    cell: the version that answered, such as `math/v2`; empty when there is none of that name.
    """

    operation: str
    operands: list[float]
    result: float | None
    confidence: Share
    lifeforce_cost: Annotated[float, Meta(ge=0.0)]
    reason: str = ""
    context: str = ""
    cell: str = ""


class StatusRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Ask how the village fares."""


class NpcStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """How one NPC process fares.

    generation: births so far; ticks_due: what its rate asked for since birth; cpu_percent: of one core;
    gates: state by gate name, -1 closed, 0 stable, 1 open; nerve: who moved it last ("" for the brain).
    """

    id: NpcId
    node: int
    pid: int
    generation: Count
    alive: bool
    tick_hz: float
    ticks: Count
    ticks_due: Count
    energy: float
    lifeforce: float
    coverage: float
    gates: dict[str, int]
    nerve: str
    lateness_p99_ms: float
    compute_ms: float
    cpu_percent: float
    memory_mb: float
    attention: str = ""
    vigour: str = ""
    balance: float | None = None


class NerveStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """One nerve over all NPCs: in how many it is in which mode, what it did, what a run costs and how fast it acts.

    cost: mean lifeforce of a run; latency_ms: mean from waking to the first act; weight: mean of its gates' weights;
    compiled: in how many NPCs it is a reflex; patterns: stored in all.
    """

    name: str
    modes: dict[str, Count]
    runs: Count
    succeeded: Count
    failed: Count
    cost: float
    latency_ms: float
    weight: float
    compiled: Count
    patterns: Count


class TierStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """Reactions of one tier over all NPCs, from trigger wave to first act; budget_ms 0: the tier has none."""

    tier: Annotated[int, Meta(ge=0, le=5)]
    budget_ms: float
    events: Count
    late: Count
    mean_ms: float
    p99_ms: float
    worst_ms: float


class LimitsStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """Which backend limits NPC processes, and why it was chosen (and others were not)."""

    backend: str
    why: list[str]


class GovernorStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """The governor: what it was told to do, who decides, and how it fares.

    mode: net, rule, shadow or off; policy: who decided the last epoch (net, rule, fallback: the rule in place of a net
    that failed, or off); clamped: corrections by the envelope; fallbacks: epochs in which the net failed, in_a_row: up to
    now; trusted: false when it failed too often and the rule stays until a mode is commanded; fault: why it failed last;
    weights: digest of the net's; learns: whether it learns on, steps: how often it did; score: points of the epoch before.
    """

    mode: str
    epoch: Count
    clamped: Count
    policy: str = ""
    fallbacks: Count = 0
    in_a_row: Count = 0
    trusted: bool = True
    fault: str = ""
    weights: str = ""
    learns: bool = False
    steps: Count = 0
    score: float | None = None


class BusStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """What the bridge's bus did; see `nimmer.bus.bus.BusCounts`. connected: whether a broker is there now."""

    published: Count
    dropped: Count
    acked: Count
    ack_failures: Count
    reconnects: Count
    permission_violations: Count
    handler_errors: Count
    connected: bool = True


class StoresStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """The trail store: its state, rows stored, rows lost (0 is the promise), rows waiting in the spool."""

    state: str
    trail_rows: Count
    trail_rows_lost: Count
    spooled_rows: Count


class Status(Struct, frozen=True, forbid_unknown_fields=True):
    """How the village fares.

    waves and transitions: mirrored so far; servers: state by name; shared_gates: state by name, -1 closed, 0 stable,
    1 open; curriculum: null while the garden does not answer; cortex and organs: null where there are none, or while
    they do not answer.
    """

    run: RunId
    environment: str
    seed: Count
    uptime_s: float
    level: Count
    coverage: float
    world_tick: Count
    world_ticks_due: Count
    digest: str
    npcs: list[NpcStatus]
    limits: LimitsStatus
    governor: GovernorStatus
    bus: BusStatus
    stores: StoresStatus
    waves: Count
    transitions: Count
    restarts: Count
    incidents: list[str]
    servers: dict[str, str]
    nerves: list[NerveStatus] = []
    tiers: list[TierStatus] = []
    shared_gates: dict[str, Annotated[int, Meta(ge=-1, le=1)]] = {}
    nerve_trails: Count = 0
    curriculum: CurriculumStatus | None = None
    cortex: CortexStatus | None = None
    organs: OrgansStatus | None = None


class RayLifecycle(Struct, frozen=True, forbid_unknown_fields=True):
    """Something Ray manages changed its state, as Ray itself names it (ALIVE, DEAD, RESTARTING ...)."""

    kind: Literal["actor", "node", "job"]
    id: Name
    name: str
    state: str
    node_id: str = ""
    pid: Count = 0
    reason: str = ""


class Incident(Struct, frozen=True, forbid_unknown_fields=True):
    """Something went wrong: what, whom it concerns, how often so far, and what was done about it."""

    kind: Annotated[str, Meta(pattern="^[a-z0-9_-]+$")]
    entity: str
    reason: str
    count: Annotated[int, Meta(ge=1)] = 1
    remedy: str = ""


class Command(Struct, frozen=True, forbid_unknown_fields=True):
    """An operator's order. npcs: whom it concerns, empty for all; arguments: by name."""

    command: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]*$", max_length=40)]
    arguments: dict[str, Scalar] = {}
    npcs: list[NpcId] = []


class Reply(Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to an action or a command: taken or refused, why, and details."""

    accepted: bool
    reason: str = ""
    detail: dict[str, Scalar] = {}


class ErrorReply(Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to a request that could not be handled at all.

    code: `bad_message` the request is malformed, `unavailable` whoever answers it is away or too slow,
    `refused` it may not be done, `failed` handling it failed.
    """

    code: Literal["bad_message", "unavailable", "refused", "failed"]
    reason: str
