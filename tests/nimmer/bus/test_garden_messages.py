"""What passes between the gardens is checked at the edge."""

import uuid

import pytest

from nimmer.bus.identities import GUEST, OPERATOR, identities
from nimmer.bus.message import (
    Command,
    CorrelationEvent,
    Feedback,
    Reply,
    Source,
    TrainingLabel,
    VerificationOutcome,
    VerifiedSignal,
    WindowSignal,
    answer,
    decode,
    encode,
    stamp,
)
from nimmer.bus.outcomes import verification_outcome
from nimmer.bus.streams import streams
from nimmer.bus.subject import matches
from nimmer.errors import MessageError

GATE = "npc.7.collision_avoidance_gate"
SOURCE = Source(GATE, "gate", "virtual", 2)
ID = "7cbded66-3563-44e0-9dca-82d1d6a18f43"


def correlation(**changes: object) -> CorrelationEvent:
    fields: dict[str, object] = {
        "gate_id": GATE,
        "window_start": stamp(1_700_000_000.0),
        "window_end": stamp(1_700_000_001.5),
        "window_ms": 1500,
        "signals_in_window": [WindowSignal(f"npc.7.cell{i}", 0.9, "0123456789abcdef") for i in range(3)],
        "correlation_matrix": [[1.0, 0.9, 0.85], [0.9, 1.0, 0.88], [0.85, 0.88, 1.0]],
        "aggregate_correlation": 0.865,
        "result": "opened",
        "training_label": TrainingLabel(True, 1.0),
    }
    return CorrelationEvent(**{**fields, **changes})  # type: ignore[arg-type]  # some are wrong on purpose


def sent(body: CorrelationEvent | VerifiedSignal | VerificationOutcome, subject: str) -> object:
    message = decode(subject, encode(body, SOURCE, 1_700_000_000.0, str(uuid.uuid4())))
    assert message.header.source.garden == "virtual"
    return message.body


def test_a_correlation_comes_back_as_it_went() -> None:
    for label in (TrainingLabel(True, 1.0), None):
        event = correlation(training_label=label)
        assert sent(event, "dev.thalamus.traces.correlations") == event


@pytest.mark.parametrize(
    "wrong",
    [
        {"aggregate_correlation": 1.01},
        {"result": "exploded"},
        {"window_ms": 0},
        {"window_start": "yesterday"},
        {"signals_in_window": [WindowSignal("x", 2.0, "0123456789abcdef")], "correlation_matrix": [[1.0]]},
        {"signals_in_window": [WindowSignal("x", 0.5, "not hex")], "correlation_matrix": [[1.0]]},
        {"correlation_matrix": [[1.0, 2.0, 0.0]] * 3},
    ],
)
def test_a_correlation_out_of_range_is_not_sent(wrong: dict[str, object]) -> None:
    with pytest.raises(MessageError, match="CorrelationEvent"):
        encode(correlation(**wrong), SOURCE, 0.0, ID)


@pytest.mark.parametrize("matrix", [[[1.0]], [[1.0, 0.5]] * 3, []])
def test_a_matrix_is_as_wide_and_as_high_as_there_are_signals(matrix: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="must be 3 x 3"):
        correlation(correlation_matrix=matrix)
    whole = encode(correlation(), SOURCE, 0.0, ID).replace(b"[0.85,0.88,1.0]", b"[0.85,0.88]")
    with pytest.raises(MessageError, match="must be 3 x 3"):
        decode("dev.thalamus.traces.correlations", whole)


def test_a_verified_signal_carries_the_five_fields_of_the_domain() -> None:
    bare = VerifiedSignal("distance", 0.94, "a wall ahead and one to the left", ID, 0.91)
    assert sent(bare, "dev.thalamus.verified.signal") == bare
    with pytest.raises(MessageError, match="source_gate_transition_id"):
        encode(VerifiedSignal("distance", 0.94, "x", "7", 0.91), SOURCE, 0.0, ID)


@pytest.mark.parametrize(
    ("outcome", "word", "adjustment", "delta", "discrepancy"),
    [(1, "confirmed", 0.05, 0.02, 0.0), (-1, "failed", -0.05, -0.02, 1.0), (0, "partial", 0.0, 0.0, 0.5)],
)
def test_an_outcome_is_told_with_the_printed_feedback(
    outcome: int, word: str, adjustment: float, delta: float, discrepancy: float
) -> None:
    told = verification_outcome(
        ID,
        "distance",
        outcome,
        expected={"outcome": "success"},
        actual={"outcome": word, "cost": 2.5},
        gate_id=GATE,
    )
    assert told.outcome == word
    assert told.feedback_to_virtual == Feedback(adjustment, delta)
    assert told.discrepancy == discrepancy
    assert sent(told, "dev.thalamus.outcomes.feedback") == told


def test_an_outcome_may_bring_its_own_numbers() -> None:
    told = verification_outcome(
        ID, "battery", 1, expected={}, actual={}, weight_delta=0.01, correlation_adjustment=0.0, reward=10.0
    )
    assert told.feedback_to_virtual == Feedback(0.0, 0.01, 10.0)
    with pytest.raises(ValueError, match="outcome is 2; it is 1 confirmed, 0 partial or -1 failed"):
        verification_outcome(ID, "battery", 2, expected={}, actual={})


def test_the_virtual_garden_is_heard_by_all_and_commanded_by_operators() -> None:
    assert answer("dev.world.virtual.command") is Reply
    order = encode(Command("speed", {"x": 10}), SOURCE, 0.0, ID)
    assert decode("dev.world.virtual.command", order).body == Command("speed", {"x": 10})
    may = identities("dev")
    assert "dev.world.virtual.command" in may[OPERATOR].publish
    assert "dev.world.virtual.command" not in may[GUEST].publish
    for subject in ("world.virtual.aggregate", "thalamus.verified.signal", "thalamus.traces.correlations"):
        assert any(matches(pattern, f"dev.{subject}") for pattern in may[GUEST].subscribe)


def test_correlations_and_outcomes_are_kept_by_their_streams() -> None:
    kept = {stream.name: stream.subjects for stream in streams("dev")}
    assert "dev.thalamus.traces.correlations" in kept["VIRTUAL_TRACES"]
    assert "dev.thalamus.outcomes.feedback" in kept["VERIFICATION"]
