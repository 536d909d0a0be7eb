"""Section 7 of docs/domain.md by number: subjects, the header, the bodies and the four streams."""

import json
import uuid

import msgspec
import pytest

from nimmer.bus import message as bodies
from nimmer.bus.garden_messages import CorrelationEvent, VerificationOutcome, VerifiedSignal
from nimmer.bus.identities import ENVIRONMENTS, identities
from nimmer.bus.message import VERSION, Source, encode
from nimmer.bus.streams import streams
from nimmer.bus.subject import TOPICS, matches, parse
from nimmer.errors import MessageError

WAVE = bodies.WaveSignal("distance", 0.9, 0.5, {"distance_cm": 25.0, "direction": "front"})
ID = str(uuid.UUID(int=1, version=4))


def header(**source: object) -> dict[str, object]:
    speaker = Source("npc.7.distance_front", "cell", "virtual", 2)
    written = encode(WAVE, msgspec.structs.replace(speaker, **source), 1_700_000_000.1234, ID)
    found: dict[str, object] = json.loads(written)["header"]
    return found


def fields(body: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(body)}


# Subjects


def test_7_a_subject_is_environment_domain_service_detail() -> None:
    assert ENVIRONMENTS == ("dev", "staging", "prod")
    with pytest.raises(MessageError, match=r"environment\.domain\.service\.detail"):
        parse("dev.npc.7")


@pytest.mark.parametrize(
    "subject",
    [
        "dev.nervous.cells.math.request",
        "dev.nervous.cells.math.response",
        "dev.nervous.cells.math.wave",
        "dev.thalamus.governor.allocate",
        "dev.thalamus.gate.open",
        "dev.npc.7.state",
    ],
)
def test_7_the_owner_s_subjects_hold_as_they_stand(subject: str) -> None:
    assert parse(subject).environment == "dev"


@pytest.mark.parametrize(
    ("identity", "subject"),
    [("nyx-cognitive", "dev.cortex.nyx.request"), ("nyx-organs", "dev.organs.vision.detect")],
)
def test_7_cortex_and_organs_have_their_place_on_the_bus(identity: str, subject: str) -> None:
    assert any(matches(allowed, subject) for allowed in identities("dev")[identity].publish)


@pytest.mark.parametrize(
    "subject",
    [
        "dev.nervous.cells.distance.wave",
        "dev.thalamus.gate.open",
        "dev.thalamus.gate.stable",
        "dev.thalamus.gate.close",
        "dev.thalamus.verified.signal",
        "dev.thalamus.outcomes.feedback",
        "dev.thalamus.traces.correlations",
        "dev.thalamus.traces.training",
        "dev.npc.myhost.commands.spawn",
        "dev.npc.7.action",
        "dev.world.arena.delta",
        "dev.world.arena.snapshot",
        "dev.world.arena.aggregate",
        "dev.world.arena.quiz",
    ],
)
def test_7_the_five_part_scheme_is_mapped_and_four_families_are_added(subject: str) -> None:
    assert parse(subject).topic in TOPICS


# Header


def test_7_the_header_has_id_type_version_2_0_timestamp_in_ms_and_source() -> None:
    found = header()
    assert uuid.UUID(str(found["message_id"])).version == 4
    assert (found["message_type"], found["version"], VERSION) == ("WaveSignal", "2.0", "2.0")
    assert found["timestamp"] == "2023-11-14T22:13:20.123Z"
    assert found["source"] == {
        "entity_id": "npc.7.distance_front",
        "entity_type": "cell",
        "garden": "virtual",
        "tier": 2,
    }


@pytest.mark.parametrize("kind", ["cell", "gate", "boundary", "cognitive", "service"])
def test_7_a_speaker_is_one_of_five_types(kind: str) -> None:
    assert header(entity_type=kind)
    with pytest.raises(MessageError):
        header(entity_type="daemon")


@pytest.mark.parametrize(("tier", "allowed"), [(0, True), (5, True), (6, False), (-1, False)])
def test_7_a_tier_lies_in_0_to_5(tier: int, allowed: bool) -> None:
    if allowed:
        assert header(tier=tier)
    else:
        with pytest.raises(MessageError):
            header(tier=tier)


def test_7_a_message_may_name_its_beat() -> None:
    assert "beat_number" in fields(bodies.Header)


# Bodies


@pytest.mark.parametrize(
    ("body", "printed"),
    [
        (bodies.WaveSignal, "domain confidence semantic_content lifeforce_cost"),
        (
            bodies.GateTransition,
            "gate_id domain from_state to_state state_value correlation_score trigger_signals routed_to_tier"
            " lifeforce_cost",
        ),
        (bodies.TriggerSignal, "source confidence timestamp"),
        (
            CorrelationEvent,
            "gate_id window_start window_end window_ms signals_in_window correlation_matrix aggregate_correlation"
            " result training_label",
        ),
        (bodies.WindowSignal, "source confidence semantic_hash"),
        (bodies.TrainingLabel, "should_open confidence"),
        (
            VerifiedSignal,
            "domain verification_confidence semantic_summary source_gate_transition_id virtual_correlation_score",
        ),
        (
            VerificationOutcome,
            "original_signal_id domain outcome actual_result expected_result discrepancy feedback_to_virtual",
        ),
        (bodies.Feedback, "correlation_adjustment gate_weight_delta"),
        (bodies.GovernorAllocate, "npc_id tick_hz cpu_pct nice gates llm_priority epoch"),
        (
            bodies.NpcState,
            "npc_id node needs last_action reward tick tick_latency_ms cortex_wait_ms lf",
        ),
        (bodies.NpcAction, "npc_id tick verb args"),
        (bodies.WorldDelta, "tick changes"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_7_a_body_has_the_printed_fields(body: type[msgspec.Struct], printed: str) -> None:
    assert set(printed.split()) <= fields(body)


@pytest.mark.parametrize("confidence", [-0.01, 1.01])
def test_7_a_confidence_lies_in_0_to_1(confidence: float) -> None:
    with pytest.raises(MessageError):
        encode(msgspec.structs.replace(WAVE, confidence=confidence), Source("it", "cell"), 0.0, ID)


def test_7_a_correlation_matrix_is_n_by_n() -> None:
    signals = [bodies.WindowSignal(f"npc.7.cell_{number}", 0.8, "0" * 16) for number in range(3)]
    moment = "2026-04-02T12:00:00.000Z"
    matrix = [[1.0, 0.9, 0.85], [0.9, 1.0, 0.88], [0.85, 0.88, 1.0]]
    event = CorrelationEvent("npc.7.g", moment, moment, 1500, signals, matrix, 0.865, "opened")
    assert event.training_label is None
    with pytest.raises(ValueError, match="3 x 3"):
        msgspec.structs.replace(event, correlation_matrix=matrix[:2])


# Streams


@pytest.mark.parametrize(
    ("name", "subject", "days"),
    [
        ("VIRTUAL_TRACES", "dev.thalamus.traces.correlations", 7.0),
        ("GATE_TRANSITIONS", "dev.thalamus.gate.open", 1.0),
        ("VERIFICATION", "dev.thalamus.outcomes.feedback", 30.0),
        ("TRAINING_DATA", "dev.thalamus.traces.training", 0.0),
    ],
)
def test_7_four_streams_keep_7_days_24_hours_30_days_and_for_ever(
    name: str, subject: str, days: float
) -> None:
    (stream,) = [stream for stream in streams("dev") if stream.name == name]
    assert any(matches(pattern, subject) for pattern in stream.subjects)
    assert stream.max_age_s == days * 86_400.0
