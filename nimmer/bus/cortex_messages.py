"""Bodies of the one road to the cortex: what is asked of it, what it answered, and what is to be done about it.

A request holds fields, never a finished prompt; an answer holds typed commands beside its words. Free text never
reaches the world. Source: docs/domain.md sections 7 ("Bodies"), 8 and 10.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from nimmer.bus.life_messages import Count, GateTransition, Name, NpcId, Scalar, Share

Words = Annotated[str, Meta(max_length=2000)]
"""Text for people and models; nothing parses it."""
Priority = Annotated[int, Meta(ge=0, le=10)]
"""10 is the most urgent."""
CallOutcome = Literal[
    "answered", "denied", "refused", "expired", "cancelled", "timeout", "failed", "stale", "nacked"
]
"""denied: the gate is closed, the NPC's budget is spent or the queue is full; refused: the request cannot be read or is
too large; expired: it waited too long; cancelled: who asked is gone or has moved on; timeout, failed: the engine;
stale: the answer came too late to matter; nacked: no valid JSON after three tries."""


class SuggestedAction(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that could be done, and how sure the asker is of it."""

    action: Annotated[str, Meta(min_length=1, max_length=80)]
    confidence: Share


class CognitiveRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A question for the cortex.

    structured_input: plain values by name; npc_id: who asks, None for a person or a tool; world_tick: when it
    was asked, for the answer to be dropped when it comes too late, None when that does not matter;
    processing_budget_lf: the most lifeforce it may cost; response_timeout_ms: from asking to answer.
    """

    event_type: Name
    domain: Name
    confidence: Share
    structured_input: dict[str, Scalar]
    suggested_actions: Annotated[list[SuggestedAction], Meta(max_length=16)]
    processing_budget_lf: Annotated[float, Meta(ge=0.0, le=100.0)] = 5.0
    response_timeout_ms: Annotated[int, Meta(ge=50, le=120_000)] = 4000
    npc_id: NpcId | None = None
    priority: Priority = 5
    world_tick: Count | None = None


class CortexCommand(Struct, frozen=True, forbid_unknown_fields=True):
    """One typed command that follows from an answer: to `npc.7`, `organs.speech`, or a cell."""

    target: Annotated[str, Meta(min_length=1, max_length=80)]
    command: Name
    payload: dict[str, Scalar]


class CognitiveResult(Struct, frozen=True, forbid_unknown_fields=True):
    """What the cortex made of the question, in words for people."""

    answer: Words
    confidence: Share
    reasoning_mode: Annotated[str, Meta(max_length=40)] = ""


class CognitiveResponse(Struct, frozen=True, forbid_unknown_fields=True):
    """What became of one request; `reason` says why when it was not answered."""

    request_id: Annotated[str, Meta(min_length=1, max_length=64)]
    outcome: CallOutcome
    decision: Annotated[str, Meta(max_length=80)]
    result: CognitiveResult
    downstream_commands: Annotated[list[CortexCommand], Meta(max_length=8)]
    lifeforce_spent: Annotated[float, Meta(ge=0.0)]
    processing_time_ms: Annotated[float, Meta(ge=0.0)]
    reason: Words = ""


class TransformRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Asks the boundary what question a gate's transition makes, without asking it."""

    transition: GateTransition
    npc_id: NpcId | None = None


class CortexStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """How the cortex fares: its engine, its queue, and what became of the requests so far, by outcome."""

    engine: Name
    model: str
    ready: bool
    open: bool
    waiting: Count
    running: Count
    slots: Count
    outcomes: dict[str, int]
    p50_ms: float
    p95_ms: float
    prompt_tokens: Count
    completion_tokens: Count
    restarts: Count
    url: str = ""
    reason: str = ""


class CortexStatusRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Ask how the cortex fares."""
