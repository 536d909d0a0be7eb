"""Bodies of what passes between the two gardens: correlations, verified signals, outcomes, and the virtual one's state.

Source: docs/domain.md sections 4 and 7, "Bodies".
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from nimmer.bus.life_messages import Count, Name, NpcId, Scalar, Share
from nimmer.bus.world_messages import RunId

Correlation = Annotated[float, Meta(ge=-1.0, le=1.0, description="agreement, -1 contradiction .. 1")]
Step = Annotated[float, Meta(ge=-1.0, le=1.0, description="a change of a share")]
Uuid = Annotated[str, Meta(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Moment = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
Outcome = Literal["confirmed", "failed", "partial"]


class WindowSignal(Struct, frozen=True, forbid_unknown_fields=True):
    """One wave in a gate's window. semantic_hash: equal for equal meanings, 16 hex digits."""

    source: Name
    confidence: Share
    semantic_hash: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]


class TrainingLabel(Struct, frozen=True, forbid_unknown_fields=True):
    """What the real garden taught about an opening: whether the gate should have opened, and how sure that is."""

    should_open: bool
    confidence: Share


class CorrelationEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """Why a virtual gate opened, or did not open when the real one did.

    gate_id: `npc.7.collision_avoidance_gate`; window: virtual time on the wall clock's scale, width in ms;
    correlation_matrix: n x n over signals_in_window, oldest first; aggregate_correlation: mean of the last wave's
    row; training_label: null until the real garden has spoken.
    """

    gate_id: Name
    window_start: Moment
    window_end: Moment
    window_ms: Annotated[int, Meta(ge=1)]
    signals_in_window: Annotated[list[WindowSignal], Meta(max_length=64)]
    correlation_matrix: Annotated[
        list[Annotated[list[Correlation], Meta(max_length=64)]], Meta(max_length=64)
    ]
    aggregate_correlation: Correlation
    result: Literal["opened", "closed", "stayed_stable"]
    training_label: TrainingLabel | None = None

    def __post_init__(self) -> None:
        """Raise ValueError when the matrix is not n x n over the signals."""
        size = len(self.signals_in_window)
        if len(self.correlation_matrix) != size or any(len(row) != size for row in self.correlation_matrix):
            raise ValueError(f"correlation_matrix must be {size} x {size}, one row and column per signal")


class VerifiedSignal(Struct, frozen=True, forbid_unknown_fields=True):
    """A virtual gate opened with a correlation of .85 or more: its real gate may expect the same.

    verification_confidence: of .9 or more opens the real gate directly; source_gate_transition_id: of the virtual
    opening; gate_id and npc_id: whose gate, where one NPC's is meant.
    """

    domain: Name
    verification_confidence: Share
    semantic_summary: Annotated[str, Meta(min_length=1, max_length=500)]
    source_gate_transition_id: Uuid
    virtual_correlation_score: Correlation
    gate_id: Annotated[str, Meta(max_length=200)] = ""
    npc_id: NpcId | None = None


class Feedback(Struct, frozen=True, forbid_unknown_fields=True):
    """What an outcome changes: expectations (.05 by default), the gate's weight (.02), and a reward if there was one."""

    correlation_adjustment: Step
    gate_weight_delta: Step
    reward: Annotated[float, Meta(ge=0.0)] | UnsetType = UNSET


class VerificationOutcome(Struct, frozen=True, forbid_unknown_fields=True):
    """What came of acting on an open gate in the real garden.

    original_signal_id: of the gate transition or verified signal acted on; discrepancy: how far result and
    expectation lie apart, 0..1.
    """

    original_signal_id: Uuid
    domain: Name
    outcome: Outcome
    actual_result: dict[str, Scalar]
    expected_result: dict[str, Scalar]
    discrepancy: Share
    feedback_to_virtual: Feedback
    gate_id: Annotated[str, Meta(max_length=200)] = ""


class VirtualStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """How the virtual garden fares.

    mode: `following` looks ahead from the newest snapshot again and again, `free` runs on from one, `paused`;
    asked: speed asked for, times real time; speed: reached lately; tick: world tick reached; snapshot_tick: where it
    began; checkpoints: numbers that can be gone back to; lifeforce: of its purse; slowed: it cannot pay for more;
    rehearsals: horizons run; forecasts: gates that opened in them; verified: of these correlated enough to be told;
    borne_out, missed: judged by the real garden; surprises: real openings nobody foresaw; bodies: NPCs with a
    virtual body; cpu_percent: of one core, lately; away: snapshots that were not to be had; late:
    forecasts that were verified when their time had passed, so that nobody was told.
    """

    run: RunId
    mode: Literal["following", "free", "paused"]
    asked: Annotated[float, Meta(ge=1.0, le=1000.0)]
    speed: Annotated[float, Meta(ge=0.0)]
    tick: Count
    snapshot_tick: Count
    checkpoints: list[Count]
    lifeforce: Annotated[float, Meta(ge=0.0)]
    slowed: bool
    rehearsals: Count
    forecasts: Count
    verified: Count
    borne_out: Count
    missed: Count
    surprises: Count
    bodies: Count
    cpu_percent: Annotated[float, Meta(ge=0.0)]
    away: Count = 0
    late: Count = 0
