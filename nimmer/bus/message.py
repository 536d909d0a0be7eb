"""The wire: one JSON object `{header, body}` per message, written and checked by msgspec.

msgspec and not pydantic, because the bus carries thousands of messages a second: encoding and checking one
costs about 1 us here and 6 us there. Every body is a frozen Struct that refuses unknown keys, wrong types
and values out of range, so that bad input dies at the edge with a reason.
Source: docs/domain.md section 7, "Header" and "Bodies".
"""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from nimmer.bus import (
    cortex_messages,
    device_messages,
    garden_messages,
    governor_messages,
    life_messages,
    organ_messages,
    subject,
    village_messages,
    world_messages,
)
from nimmer.bus.device_messages import DeviceReading
from nimmer.bus.garden_messages import (
    CorrelationEvent,
    Feedback,
    TrainingLabel,
    VerificationOutcome,
    VerifiedSignal,
    VirtualStatus,
    WindowSignal,
)
from nimmer.bus.governor_messages import GovernorObserved
from nimmer.bus.life_messages import (
    GateTransition,
    GovernorAllocate,
    LifeforceBalance,
    LifeforceSum,
    NerveTrail,
    NpcAction,
    NpcState,
    Tier,
    TrainingFrame,
    TriggerSignal,
    WaveSignal,
)
from nimmer.bus.village_messages import (
    BusStatus,
    Command,
    ErrorReply,
    GovernorStatus,
    Incident,
    LimitsStatus,
    MathRequest,
    MathResponse,
    NerveStatus,
    NpcStatus,
    RayLifecycle,
    Reply,
    Status,
    StatusRequest,
    StoresStatus,
    TierStatus,
)
from nimmer.bus.world_messages import (
    CurriculumStatus,
    HouseGap,
    HouseMissed,
    Lag,
    Laggard,
    LevelChange,
    NpcPlace,
    QuizReport,
    QuizRequest,
    QuizSheet,
    WorldAggregate,
    WorldDelta,
    WorldSnapshot,
)
from nimmer.errors import MessageError

__all__ = [
    "MAX_PAYLOAD",
    "VERSION",
    "BusStatus",
    "Command",
    "CorrelationEvent",
    "CurriculumStatus",
    "DeviceReading",
    "Envelope",
    "ErrorReply",
    "Feedback",
    "Garden",
    "GateTransition",
    "GovernorAllocate",
    "GovernorObserved",
    "GovernorStatus",
    "Header",
    "HouseGap",
    "HouseMissed",
    "Incident",
    "Lag",
    "Laggard",
    "LevelChange",
    "LifeforceBalance",
    "LifeforceSum",
    "LimitsStatus",
    "MathRequest",
    "MathResponse",
    "Message",
    "NerveStatus",
    "NerveTrail",
    "NpcAction",
    "NpcPlace",
    "NpcState",
    "NpcStatus",
    "QuizReport",
    "QuizRequest",
    "QuizSheet",
    "RayLifecycle",
    "Reply",
    "Source",
    "Status",
    "StatusRequest",
    "StoresStatus",
    "TierStatus",
    "TrainingFrame",
    "TrainingLabel",
    "TriggerSignal",
    "VerificationOutcome",
    "VerifiedSignal",
    "VirtualStatus",
    "WaveSignal",
    "WindowSignal",
    "WorldAggregate",
    "WorldDelta",
    "WorldSnapshot",
    "answer",
    "decode",
    "decode_reply",
    "encode",
    "expect",
    "stamp",
]

VERSION = "2.0"
MAX_PAYLOAD = 1 << 20
"""Largest message in bytes, the broker's default too."""
UUID4 = "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
TIMESTAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"

Garden = Literal["real", "virtual"]
B = TypeVar("B", bound=Struct)


class Source(Struct, frozen=True, forbid_unknown_fields=True):
    """Who speaks: `npc.7.distance_front`, its type, the garden it acts in, its tier."""

    entity_id: Annotated[str, Meta(min_length=1, max_length=200)]
    entity_type: Literal["cell", "gate", "boundary", "cognitive", "service"]
    garden: Garden = "real"
    tier: Tier = 0


class Header(Struct, frozen=True, forbid_unknown_fields=True):
    """What every message carries: a unique id, its type, our version, when (ISO-8601, ms, UTC) and who."""

    message_id: Annotated[str, Meta(pattern=UUID4)]
    message_type: str
    version: str
    timestamp: Annotated[str, Meta(pattern=TIMESTAMP)]
    source: Source
    beat_number: Annotated[int, Meta(ge=0)] | UnsetType = UNSET


class Envelope(Struct, Generic[B], frozen=True, forbid_unknown_fields=True):
    """The whole message as it travels."""

    header: Header
    body: B


@dataclass(frozen=True, slots=True)
class Message:
    """A decoded message: its subject ("" for a reply), header and body."""

    subject: str
    header: Header
    body: Struct


class _AnyHeader(Struct):
    message_type: str
    version: str


class _AnyEnvelope(Struct):
    header: _AnyHeader
    body: msgspec.Raw


_PEEK = msgspec.json.Decoder(_AnyEnvelope)
_ENCODER = msgspec.json.Encoder()
_BODIES: dict[str, type[Struct]] = {
    kind.__name__: kind
    for module in (
        life_messages,
        world_messages,
        village_messages,
        garden_messages,
        governor_messages,
        device_messages,
        cortex_messages,
        organ_messages,
    )
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Struct) and kind is not Struct
}


def stamp(unix_s: float) -> str:
    """Return seconds since 1970 as ISO-8601 with milliseconds in UTC, as headers carry it."""
    moment = dt.datetime.fromtimestamp(unix_s, tz=dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def encode(body: Struct, source: Source, unix_s: float, message_id: str) -> bytes:
    """Return `body` with its header as JSON bytes.

    What was written is read back, so that a message its receiver would refuse dies here. Raises MessageError.

    Args:
        body: one of the body types of this module.
        source: who speaks.
        unix_s: when, in seconds since 1970.
        message_id: a fresh uuid4.
    """
    kind = type(body).__name__
    header = Header(message_id, kind, VERSION, stamp(unix_s), source)
    payload = _ENCODER.encode(Envelope(header, body))
    _read(payload, type(body), kind)
    return payload


def decode(on: str, payload: bytes, limit: int = MAX_PAYLOAD) -> Message:
    """Return the message that came on the subject `on`.

    Raises MessageError saying what is wrong: an unknown subject (names the nearest), more than `limit`
    bytes, not JSON, another version, another type than the subject carries, a missing or unknown key, a
    value out of range, or an NPC other than the subject's.
    """
    parsed = subject.parse(on)
    envelope = _read(_bounded(payload, limit, on), parsed.topic.body, on)
    _agree(parsed, envelope.body, on)
    return Message(on, envelope.header, envelope.body)


def decode_reply(payload: bytes, limit: int = MAX_PAYLOAD) -> Message:
    """Return a reply, which travels on a private inbox and so is known by its message type alone.

    Raises MessageError as `decode` does, also for an unknown message type.
    """
    header = _peek(_bounded(payload, limit, "reply"), "reply")
    kind = _BODIES.get(header.message_type)
    if kind is None:
        raise MessageError(f"reply: unknown message_type {header.message_type!r}")
    envelope = _read(payload, kind, "reply")
    return Message("", envelope.header, envelope.body)


def expect(kind: type[B], payload: bytes) -> B:
    """Return the body of a reply that must be a `kind`.

    Raises MessageError with the answerer's reason when it is an ErrorReply, and when it is anything else.
    """
    body = decode_reply(payload).body
    if isinstance(body, kind):
        return body
    if isinstance(body, ErrorReply):
        raise MessageError(f"{body.code}: {body.reason}")
    raise MessageError(f"the reply is a {type(body).__name__}, not a {kind.__name__}")


def answer(on: str) -> type[Struct] | None:
    """Return the type of body a request on the subject `on` is answered with, None for an event."""
    return subject.parse(on).topic.reply


@lru_cache(maxsize=64)
def _decoder(kind: type[B]) -> msgspec.json.Decoder[Envelope[B]]:
    return msgspec.json.Decoder(Envelope[kind])  # type: ignore[valid-type]  # a type built at run time


def _bounded(payload: bytes, limit: int, where: str) -> bytes:
    if len(payload) > limit:
        raise MessageError(f"{where}: message has {len(payload)} bytes; {limit} are allowed")
    return payload


def _peek(payload: bytes, where: str) -> _AnyHeader:
    """Return type and version. Raises MessageError when the payload is no envelope or of another version."""
    try:
        header = _PEEK.decode(payload).header
    except msgspec.ValidationError as wrong:
        raise MessageError(f"{where}: {wrong}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as broken:
        raise MessageError(f"{where}: not JSON: {broken}") from None
    if header.version != VERSION:
        raise MessageError(f"{where}: version {header.version!r} is not ours; this is version {VERSION!r}")
    return header


def _read(payload: bytes, kind: type[B], where: str) -> Envelope[B]:
    """Return the envelope of a `kind`; only when that fails is the reason worked out."""
    try:
        envelope = _decoder(kind).decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
        _check_type(_peek(payload, where).message_type, kind, where)
        raise MessageError(f"{where}: {wrong}") from None
    header = envelope.header
    if header.version != VERSION or header.message_type != kind.__name__:
        _check_type(_peek(payload, where).message_type, kind, where)
    return envelope


def _check_type(message_type: str, kind: type[Struct], where: str) -> None:
    if message_type != kind.__name__:
        raise MessageError(f"{where}: carries {kind.__name__}, not {message_type!r}")


def _agree(parsed: subject.Subject, body: Struct, where: str) -> None:
    """Raise MessageError when the body speaks of another NPC, device, domain, state or command than its subject."""
    spoken = {
        "npc": getattr(body, "npc_id", None),
        "device": getattr(body, "device", None),
        "domain": getattr(body, "domain", None),
        "state": _STATE_TOKEN.get(getattr(body, "to_state", "")),
        "command": getattr(body, "command", None),
        "nerve": getattr(body, "nerve", None),
        "kind": getattr(body, "kind", None),
        "entity": getattr(body, "kind", None),
    }
    for name, value in parsed.values.items():
        said = spoken.get(name)
        if said is not None and str(said) != value:
            raise MessageError(f"{where}: the subject says {name} {value}, the body says {said}")


_STATE_TOKEN = {"open": "open", "stable": "stable", "closed": "close"}
