import json
import uuid
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.bus.life_messages import Count
from nimmer.bus.message import (
    MAX_PAYLOAD,
    Command,
    ErrorReply,
    GateTransition,
    MathRequest,
    MathResponse,
    NpcAction,
    Reply,
    Source,
    Status,
    WaveSignal,
    answer,
    decode,
    decode_reply,
    encode,
    expect,
    stamp,
)
from nimmer.bus.voice import Voice
from nimmer.clock import ManualClock
from nimmer.errors import MessageError

SOURCE = Source("npc.7.distance_front", "cell", "real", 2)
WAVE = WaveSignal("distance", 0.9, 0.5, {"distance_cm": 25.0, "direction": "front"})
ON = "dev.nervous.cells.distance.wave"
ID = str(uuid.UUID(int=1, version=4))


def written(body: msgspec.Struct = WAVE, **changes: object) -> bytes:
    return altered(body, changes)


def altered(body: msgspec.Struct, changes: dict[str, object]) -> bytes:
    message: dict[str, dict[str, object]] = json.loads(encode(body, SOURCE, 1_700_000_000.1234, ID))
    for path, value in changes.items():
        part, _, key = path.partition("__")
        if value is ...:
            del message[part][key]
        else:
            message[part][key] = value
    return json.dumps(message).encode()


def test_a_message_comes_back_as_it_went() -> None:
    message = decode(ON, written())
    assert message.body == WAVE
    assert message.header.source == SOURCE
    assert message.header.message_id == ID
    assert message.header.timestamp == "2023-11-14T22:13:20.123Z"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\x00\xff", "not JSON"),
        (b"", "not JSON"),
        (b"[1]", "Expected `object`, got `array`"),
        (b"[" * 100_000, "Expected `object`"),
        (written(header__version="3.0"), "version '3.0' is not ours; this is version '2.0'"),
        (written(header__version=...), "missing required field `version`"),
        (written(header__message_id="7"), "message_id"),
        (written(header__timestamp="yesterday"), "timestamp"),
        (written(header__message_type="NpcState"), "carries WaveSignal, not 'NpcState'"),
        (written(body__confidence=...), "missing required field `confidence`"),
        (written(body__confidence=1.1), r"<= 1.0 - at `\$.body.confidence`"),
        (written(body__confidence="high"), r"got `str` - at `\$.body.confidence`"),
        (written(body__confidence=None), "got `null`"),
        (written(body__mood=1), "unknown field `mood`"),
        (written(body__domain="battery"), "the subject says domain distance, the body says battery"),
        (written().replace(b"25.0", b"1e999"), "out of range"),
        (written().replace(b"25.0", b"NaN"), "not JSON"),
        (written() + b" " * MAX_PAYLOAD, "1048576 are allowed"),
    ],
)
def test_a_bad_message_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        decode(ON, payload)


def test_a_message_on_an_unknown_subject_is_refused() -> None:
    with pytest.raises(MessageError, match="the nearest is"):
        decode("dev.nervous.cell.distance.wave", written())


def test_a_body_must_speak_of_the_npc_state_and_command_of_its_subject() -> None:
    with pytest.raises(MessageError, match="the subject says npc 7, the body says 8"):
        decode("dev.npc.7.action", written(NpcAction(8, "look")))
    with pytest.raises(MessageError, match="the subject says command stop, the body says tick_hz"):
        decode("dev.npc.theia.commands.stop", written(Command("tick_hz", {"hz": 20})))
    opened = GateTransition("npc.7.g", "distance", "stable", "open", 1.0, 0.9, 2, 0.3, [])
    assert decode("dev.thalamus.gate.open", written(opened)).body == opened
    with pytest.raises(MessageError, match="the subject says state close, the body says open"):
        decode("dev.thalamus.gate.close", written(opened))


@pytest.mark.parametrize(
    "body",
    [
        WaveSignal("distance", float("nan"), 0.5, {}),
        WaveSignal("distance", 0.5, 0.5, {"distance_cm": float("inf")}),
        WaveSignal("distance", 2.0, 0.5, {}),
        MathRequest("add", []),
        MathRequest("add", [1.0] * 65),
        NpcAction(-1, "look"),
    ],
)
def test_what_a_receiver_would_refuse_is_not_sent(body: msgspec.Struct) -> None:
    with pytest.raises(MessageError, match=type(body).__name__):
        encode(body, SOURCE, 0.0, ID)


def test_a_reply_is_known_by_its_type() -> None:
    result = MathResponse("add", [1.0, 2.0], 3.0, 0.7, 0.1)
    assert decode_reply(written(result)).body == result
    assert expect(MathResponse, written(result)) == result
    with pytest.raises(MessageError, match="the reply is a MathResponse, not a Status"):
        expect(Status, written(result))
    with pytest.raises(MessageError, match="unknown message_type 'Poem'"):
        decode_reply(written(header__message_type="Poem"))


def test_an_error_reply_raises_its_reason() -> None:
    with pytest.raises(MessageError, match="unavailable: the garden is away"):
        expect(Reply, written(ErrorReply("unavailable", "the garden is away")))


def test_a_request_knows_its_answer() -> None:
    assert answer("dev.nervous.cells.math.request") is MathResponse
    assert answer("dev.npc.7.state") is None


def test_a_voice_speaks_with_the_time_and_a_fresh_id() -> None:
    voice = Voice(SOURCE, ManualClock(5.5), entropy=lambda count: bytes(range(count)))
    header = decode(ON, voice.say(WAVE)).header
    assert header.message_id == "00010203-0405-4607-8809-0a0b0c0d0e0f"
    assert header.timestamp == "2023-11-14T22:13:25.500Z"


def test_time_is_cut_to_milliseconds() -> None:
    assert stamp(0.0019) == "1970-01-01T00:00:00.001Z"


@given(st.binary(max_size=200))
def test_no_bytes_break_the_decoder(payload: bytes) -> None:
    with pytest.raises(MessageError):
        decode(ON, payload)


json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(["domain", "confidence", "lifeforce_cost", "semantic_content"]), json_value)
def test_a_body_of_any_shape_is_taken_or_refused_never_worse(key: str, value: object) -> None:
    with suppress(MessageError):
        decode(ON, altered(WAVE, {f"body__{key}": value}))


def test_a_count_is_no_larger_than_the_database_holds() -> None:
    assert msgspec.convert(2**63 - 1, Count) == 2**63 - 1
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(2**63, Count)
