"""Bodies of what is asked of the organs: to see, to hear and to speak; and of a whole conversation.

Pictures and sound are large: a message names them, in the object store or in the shared directory, and carries only
small ones itself. Source: docs/domain.md sections 7 and 9.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from nimmer.bus.cortex_messages import Priority, Words
from nimmer.bus.life_messages import Count, Name, NpcId, Share

MOST_INLINE = 512 << 10
"""Bytes a message may carry itself."""
Milliseconds = Annotated[float, Meta(ge=0.0)]


class Payload(Struct, frozen=True, forbid_unknown_fields=True):
    """Bytes, in exactly one of three places.

    object: a name in an object store of the environment, that of what is given or that of what is spoken; path: a file below the organs' shared directory, relative
    to it; data: the bytes themselves, base64 on the wire.
    """

    object: Annotated[str, Meta(max_length=200)] = ""
    path: Annotated[str, Meta(max_length=400)] = ""
    data: Annotated[bytes, Meta(max_length=MOST_INLINE)] = b""


class OrganTiming(Struct, frozen=True, forbid_unknown_fields=True):
    """What one operation took: waiting for its turn, loading the model, working; and what it cost, lifeforce."""

    wait_ms: Milliseconds
    load_ms: Milliseconds
    run_ms: Milliseconds
    lifeforce: float
    card: Count


class DetectRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Asks the eye what is in a picture (PNG, JPEG, WebP); embed: also for the picture's feature vector."""

    image: Payload
    priority: Priority = 5
    embed: bool = False


class Detection(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing seen: box is left, top, right, bottom as shares 0..1 of the picture."""

    label: Name
    confidence: Share
    box: Annotated[list[float], Meta(min_length=4, max_length=4)]


class Detections(Struct, frozen=True, forbid_unknown_fields=True):
    """What the eye saw, the surest first."""

    model: str
    width: Count
    height: Count
    detections: Annotated[list[Detection], Meta(max_length=300)]
    timing: OrganTiming
    embedding: list[float] = []


class TranscribeRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Asks the ear to write down speech (WAV, FLAC, OGG); language: `de`, `en`, "" to find out."""

    audio: Payload
    language: Literal["", "de", "en"] = ""
    priority: Priority = 5


class Transcript(Struct, frozen=True, forbid_unknown_fields=True):
    """What was said; confidence is 1 minus the mean no-speech probability; duration_s: of the sound."""

    model: str
    text: Annotated[str, Meta(max_length=20_000)]
    language: str
    confidence: Share
    duration_s: float
    timing: OrganTiming


class SynthesizeRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Asks for `text` to be spoken; keep: where the WAV goes; speed: 1 is the voice's own."""

    text: Annotated[str, Meta(min_length=1, max_length=2000)]
    voice: Annotated[str, Meta(max_length=80)] = ""
    speed: Annotated[float, Meta(ge=0.5, le=2.0)] = 1.0
    keep: Literal["object", "path", "data"] = "object"
    priority: Priority = 5


class Speech(Struct, frozen=True, forbid_unknown_fields=True):
    """What was spoken, as a mono WAV of 16 bits."""

    model: str
    audio: Payload
    sample_rate: Count
    duration_s: float
    timing: OrganTiming


class CardStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """One card: the model on it ("" for none), its state, and what it has done."""

    card: Count
    model: str
    state: Literal["unloaded", "loading", "processing", "warm", "failed"]
    in_flight: Count
    loads: Count
    evictions: Count
    operations: Count
    failures: Count
    memory_mb: Count


class OrgansStatusRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Ask how the organs fare."""


class OrgansStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """How the organs fare: cards, queue, and operations by outcome."""

    cards: list[CardStatus]
    models: list[str]
    waiting: Count
    deferred: Count
    outcomes: dict[str, int]
    url: str = ""


class SayRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody speaks to an NPC, by sound or by keyboard; speak: whether the answer is wanted as sound too."""

    npc_id: NpcId
    text: Words = ""
    audio: Payload | None = None
    speak: bool = True
    keep: Literal["object", "path", "data"] = "object"


class Said(Struct, frozen=True, forbid_unknown_fields=True):
    """A conversation from first to last: what was heard, what was answered, the states its nerve went through.

    outcome: as the nerve ended; reason: why, when it did not succeed; *_ms: hearing, thinking, speaking.
    """

    npc_id: NpcId
    transcript: str
    answer: str
    outcome: Literal["success", "failure", "timeout"]
    states: list[str]
    hear_ms: Milliseconds
    think_ms: Milliseconds
    speak_ms: Milliseconds
    audio: Payload | None = None
    reason: str = ""
