"""The subject grammar, and the one table of all subjects with what travels on them.

A subject is `{environment}.{domain}.{service}.{detail...}`. The table is the contract of the bus: messages
are decoded by it, the bridge refuses what is not in it, and the AsyncAPI document is printed from it.
Source: docs/domain.md section 7, "Canonical".
"""

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from nimmer.bus.cortex_messages import (
    CognitiveRequest,
    CognitiveResponse,
    CortexStatus,
    CortexStatusRequest,
    TransformRequest,
)
from nimmer.bus.device_messages import DEVICE, DeviceReading
from nimmer.bus.garden_messages import CorrelationEvent, VerificationOutcome, VerifiedSignal, VirtualStatus
from nimmer.bus.governor_messages import GovernorObserved
from nimmer.bus.identities import ENVIRONMENTS
from nimmer.bus.life_messages import (
    GateTransition,
    GovernorAllocate,
    LifeforceBalance,
    LifeforceSum,
    NerveTrail,
    NpcAction,
    NpcState,
    TrainingFrame,
    WaveSignal,
)
from nimmer.bus.organ_messages import (
    Detections,
    DetectRequest,
    OrgansStatus,
    OrgansStatusRequest,
    Said,
    SayRequest,
    Speech,
    SynthesizeRequest,
    TranscribeRequest,
    Transcript,
)
from nimmer.bus.village_messages import (
    Command,
    Incident,
    MathRequest,
    MathResponse,
    RayLifecycle,
    Reply,
    Status,
    StatusRequest,
)
from nimmer.bus.world_messages import (
    LevelChange,
    QuizReport,
    QuizRequest,
    WorldAggregate,
    WorldDelta,
    WorldSnapshot,
)
from nimmer.errors import MessageError

DOMAINS = ("nervous", "thalamus", "npc", "cortex", "organs", "world", "economy")
MAX_SUBJECT = 200
"""Longest subject in characters."""

PARAMETERS: dict[str, tuple[str, str]] = {
    "domain": (r"[a-z][a-z0-9_]*", "a cell's domain, such as distance, battery, exploration, social or math"),
    "state": (r"open|stable|close", "the state the gate moved to"),
    "npc": (r"0|[1-9][0-9]{0,4}", "number of an NPC, from 0"),
    "device": (DEVICE, "name of a device, such as greenhouse-1"),
    "host": (r"[A-Za-z0-9_-]+", "name of a host, dots written as dashes"),
    "nerve": (r"[a-z][a-z0-9_]*", "name of a nerve, such as charging"),
    "command": (r"[a-z][a-z0-9_]*", "name of a command, such as tick_hz"),
    "kind": (r"[a-z0-9_-]+", "what kind of incident"),
    "entity": (r"actor|node|job", "what kind of thing Ray speaks of"),
}
"""What may stand in a `{...}` of a pattern: a regular expression for the token, and what it means."""

_SENDABLE = re.compile(r"[^\s.*>]+(\.[^\s.*>]+)*")
_HEARABLE = re.compile(r"([^\s.*>]+|\*)(\.([^\s.*>]+|\*))*(\.>)?|>")
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Topic:
    """One row of the table: a pattern without its environment, and what travels on it.

    direction: `event` from the village, `request` to it (answered with `reply` or an ErrorReply), `report` to it
    that nobody answers.
    """

    pattern: str
    body: type[Struct]
    direction: Literal["event", "request", "report"]
    summary: str
    reply: type[Struct] | None = None


TOPICS: tuple[Topic, ...] = (
    Topic("nervous.cells.{domain}.wave", WaveSignal, "event", "a cell says what it senses"),
    Topic(
        "nervous.cells.math.request", MathRequest, "request", "asks the math cell to compute", MathResponse
    ),
    Topic(
        "nervous.cells.math.response", MathResponse, "event", "what the math cell answered, for all to hear"
    ),
    Topic(
        "nervous.devices.{device}.reading", DeviceReading, "report", "a device tells what one sensor measured"
    ),
    Topic("nervous.nerves.{nerve}.trail", NerveTrail, "event", "what a nerve did, why, and what came of it"),
    Topic("thalamus.gate.{state}", GateTransition, "event", "a gate opened, closed or came to rest"),
    Topic("thalamus.gates.command", Command, "request", "an order to a shared gate", Reply),
    Topic("thalamus.governor.allocate", GovernorAllocate, "event", "an NPC's share for an epoch"),
    Topic(
        "thalamus.governor.observation",
        GovernorObserved,
        "event",
        "what the governor sees at an epoch's begin",
    ),
    Topic("thalamus.governor.command", Command, "request", "an order to the governor", Reply),
    Topic("thalamus.status.request", StatusRequest, "request", "asks how the village fares", Status),
    Topic("thalamus.incident.{kind}", Incident, "event", "something went wrong"),
    Topic("thalamus.ray.{entity}", RayLifecycle, "event", "something Ray manages changed its state"),
    Topic(
        "thalamus.traces.training",
        TrainingFrame,
        "event",
        "decision trails in batches, stored and acknowledged",
    ),
    Topic("thalamus.traces.correlations", CorrelationEvent, "event", "why a virtual gate opened"),
    Topic("thalamus.verified.signal", VerifiedSignal, "event", "the virtual garden saw a gate open first"),
    Topic(
        "thalamus.outcomes.feedback",
        VerificationOutcome,
        "event",
        "what came of acting on an open gate",
    ),
    Topic("npc.{npc}.state", NpcState, "event", "one tick of an NPC"),
    Topic("npc.{npc}.action", NpcAction, "request", "proposes an action for an NPC", Reply),
    Topic("npc.{host}.commands.{command}", Command, "request", "an order to a host's supervisor", Reply),
    Topic("cortex.nyx.request", CognitiveRequest, "request", "a question for the cortex", CognitiveResponse),
    Topic("cortex.nyx.response", CognitiveResponse, "event", "what became of a question, for all to hear"),
    Topic("cortex.nyx.status", CortexStatusRequest, "request", "asks how the cortex fares", CortexStatus),
    Topic("cortex.nyx.command", Command, "request", "an order to the gate of the cortex", Reply),
    Topic(
        "cortex.gemma.transform",
        TransformRequest,
        "request",
        "asks what question a transition makes",
        CognitiveRequest,
    ),
    Topic("organs.vision.detect", DetectRequest, "request", "asks what is in a picture", Detections),
    Topic("organs.speech.transcribe", TranscribeRequest, "request", "asks what was said", Transcript),
    Topic("organs.speech.synthesize", SynthesizeRequest, "request", "asks for a text to be spoken", Speech),
    Topic("organs.cards.status", OrgansStatusRequest, "request", "asks how the organs fare", OrgansStatus),
    Topic("organs.conversation.say", SayRequest, "request", "somebody speaks to an NPC", Said),
    Topic("economy.lifeforce.charge", LifeforceSum, "event", "what was paid for one reason in a beat"),
    Topic("economy.lifeforce.reward", LifeforceSum, "event", "what was earned for one reason in a beat"),
    Topic(
        "economy.lifeforce.lambda", LifeforceBalance, "event", "how an entity stands at the close of a beat"
    ),
    Topic("world.arena.delta", WorldDelta, "event", "what changed in a world tick"),
    Topic("world.arena.snapshot", WorldSnapshot, "event", "a snapshot was taken"),
    Topic("world.arena.aggregate", WorldAggregate, "event", "the world at a glance"),
    Topic("world.arena.quiz", QuizReport, "event", "the oracle's verdict, every so many epochs"),
    Topic("world.arena.level", LevelChange, "event", "the village went up or down a level"),
    Topic(
        "world.quiz.request", QuizRequest, "request", "asks the oracle to question the village", QuizReport
    ),
    Topic("world.virtual.aggregate", VirtualStatus, "event", "how the virtual garden fares"),
    Topic("world.virtual.command", Command, "request", "an order to the virtual garden", Reply),
)

_RULES = tuple(
    (
        re.compile(
            re.sub(r"\\{(\w+)\\}", lambda found: f"(?P<{found[1]}>{PARAMETERS[found[1]][0]})", pattern)
        ),
        topic,
    )
    for topic in TOPICS
    for pattern in (re.escape(topic.pattern),)
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A parsed subject: its environment, its row of the table, and the values of the row's parameters."""

    environment: str
    topic: Topic
    values: dict[str, str]


@lru_cache(maxsize=4096)
def parse(subject: str) -> Subject:
    """Return what `subject` is. Raises MessageError, naming the nearest subject, when it is not in the table."""
    check(subject)
    environment, _, rest = subject.partition(".")
    if environment not in ENVIRONMENTS:
        raise MessageError(
            f"subject {subject!r}: environment must be one of {', '.join(ENVIRONMENTS)}, not {environment!r}"
        )
    for rule, topic in _RULES:
        found = rule.fullmatch(rest)
        if found is not None:
            return Subject(environment, topic, found.groupdict())
    domain = rest.partition(".")[0]
    if domain not in DOMAINS:
        raise MessageError(f"subject {subject!r}: domain must be one of {', '.join(DOMAINS)}, not {domain!r}")
    raise MessageError(f"subject {subject!r} is unknown; the nearest is {environment}.{_nearest(rest)}")


def check(subject: str) -> None:
    """Raise MessageError unless `subject` has at least four well-formed tokens and no wildcard."""
    if len(subject) > MAX_SUBJECT:
        raise MessageError(f"subject has {len(subject)} characters; {MAX_SUBJECT} are allowed")
    tokens = subject.split(".")
    if len(tokens) < 4:
        raise MessageError(
            f"subject {subject!r} has {len(tokens)} tokens; it needs environment.domain.service.detail"
        )
    for token in tokens:
        if not _TOKEN.fullmatch(token):
            raise MessageError(
                f"subject {subject!r}: token {token!r} must be letters, digits, dashes and underscores"
            )


def build(environment: str, pattern: str, **values: str | int) -> str:
    """Return the subject of a pattern of the table, such as `build("dev", "npc.{npc}.state", npc=7)`.

    Raises MessageError when the result is not in the table, ValueError when a parameter is missing.
    """
    try:
        subject = f"{environment}.{pattern.format(**values)}"
    except KeyError as missing:
        raise ValueError(f"pattern {pattern!r} needs a value for {missing}") from None
    parse(subject)
    return subject


def sendable(subject: str) -> bool:
    """Return whether a broker can carry `subject`: tokens without spaces, line breaks and wildcards."""
    return _SENDABLE.fullmatch(subject) is not None


def hearable(pattern: str) -> bool:
    """Return whether a broker can be asked for `pattern`: as `sendable`, wildcards as whole tokens allowed."""
    return _HEARABLE.fullmatch(pattern) is not None


def matches(pattern: str, subject: str) -> bool:
    """Return whether `subject` falls under `pattern` (`*` is one token, a last `>` is one or more)."""
    wanted, tokens = pattern.split("."), subject.split(".")
    for position, token in enumerate(wanted):
        if token == ">":
            return position < len(tokens)
        if position >= len(tokens) or token not in ("*", tokens[position]):
            return False
    return len(wanted) == len(tokens)


def covers(allowed: str, pattern: str) -> bool:
    """Return whether everything under `pattern` (wildcards included) also falls under `allowed`."""
    wide, narrow = allowed.split("."), pattern.split(".")
    for position, token in enumerate(wide):
        if token == ">":
            return position < len(narrow)
        if position >= len(narrow) or narrow[position] == ">":
            return False
        if token not in ("*", narrow[position]):
            return False
    return len(wide) == len(narrow)


def _nearest(rest: str) -> str:
    """Return the pattern most like `rest`, its parameters filled with the tokens of `rest` where they fit."""
    tokens = rest.split(".")
    filled: dict[str, str] = {}
    for topic in TOPICS:
        parts = topic.pattern.split(".")
        named = [
            tokens[place] if part.startswith("{") and place < len(tokens) else part
            for place, part in enumerate(parts)
        ]
        filled[".".join(named)] = topic.pattern
    best = difflib.get_close_matches(rest, filled, n=1, cutoff=0.0)
    return filled[best[0]]
