"""The organs on the bus: they answer organs.vision.detect, organs.speech.* and organs.cards.status, and keep objects.

Whoever may publish there asks in a name of its own choosing, so such a request has at most the middle priority. While
the broker is away everything else goes on. Source: docs/bus.md.
"""

import asyncio
import logging
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from nimmer.bus import nats_objects
from nimmer.bus.message import Message, Source, WaveSignal
from nimmer.bus.nats import NatsBus
from nimmer.bus.organ_messages import (
    Detections,
    DetectRequest,
    OrgansStatus,
    Speech,
    SynthesizeRequest,
    TranscribeRequest,
    Transcript,
)
from nimmer.bus.respondent import Connect, Respondent
from nimmer.bus.streams import bucket, spoken_bucket
from nimmer.bus.subject import build
from nimmer.bus.voice import Voice
from nimmer.clock import Clock
from nimmer.errors import BusError, BusUnavailableError, MessageError
from nimmer.life.wave import CellKind

PRIORITY = 5
"""The highest priority of a request over the bus, or of a guest."""
ANSWER_S = 55.0
"""The broker lets an answer through for a minute."""
MOST_OPEN = 256
TOPICS = ("vision.detect", "speech.transcribe", "speech.synthesize", "cards.status")
_LOG = logging.getLogger("nimmer")
R = TypeVar("R", DetectRequest, TranscribeRequest, SynthesizeRequest)


class Senses(Protocol):
    """Whom the bus asks."""

    async def detect(self, request: DetectRequest, identity: str) -> Detections:
        """Look at a picture. Raises OrganError."""
        ...

    async def transcribe(self, request: TranscribeRequest, identity: str) -> Transcript:
        """Write down speech. Raises OrganError."""
        ...

    async def synthesize(self, request: SynthesizeRequest, identity: str) -> Speech:
        """Speak. Raises OrganError."""
        ...

    async def status(self) -> OrgansStatus:
        """Tell how the organs fare."""
        ...


class OrganBus:
    """One connection; without `connect` there is no bus, and objects cannot be kept."""

    def __init__(
        self, environment: str, host: str, connect: Connect[NatsBus] | None, senses: Senses, clock: Clock
    ) -> None:
        """Hear the requests of `environment` once `connect()` gives a bus."""
        self._environment = environment
        self._senses = senses
        self._clock = clock
        self._host = host
        subjects = tuple(f"{environment}.organs.{topic}" for topic in TOPICS)
        voice = Voice(Source(f"organs.{host}", "service"), clock)
        self._respondent = (
            Respondent(connect, subjects, self._in_time, voice, clock, MOST_OPEN) if connect else None
        )

    @property
    def connected(self) -> bool:
        """Whether a broker is there now."""
        return self._respondent is not None and self._respondent.connected

    async def run(self) -> None:
        """Listen until cancelled; a broker that is away is sought again."""
        if self._respondent is None:
            await asyncio.Event().wait()
        else:
            await self._respondent.run()

    async def put(self, name: str, data: bytes) -> None:
        """Keep what was spoken, under a fresh name, where nobody else can write. Raises BusError."""
        await nats_objects.keep(self._there(), spoken_bucket(self._environment), name, data)

    async def get(self, name: str, most: int) -> bytes:
        """Return an object that was given. Raises BusError."""
        return await nats_objects.get(self._there(), bucket(self._environment), name, most)

    async def tell(self, kind: CellKind, wave: WaveSignal) -> None:
        """Say a wave for all to hear; nobody waits for it."""
        if self._respondent is None or (bus := self._respondent.bus) is None:
            return
        voice = Voice(Source(f"organs.{self._host}.{kind.entity}", "cell", tier=kind.tier), self._clock)
        subject = build(self._environment, "nervous.cells.{domain}.wave", domain=kind.domain)
        try:
            await bus.publish(subject, voice.say(wave))
        except (BusError, MessageError) as error:
            _LOG.debug("a wave was not told: %s", error)

    def _there(self) -> NatsBus:
        bus = self._respondent.bus if self._respondent else None
        if bus is None or not bus.connected:
            raise BusUnavailableError("the object store is away with its broker")
        return bus

    async def _in_time(self, message: Message) -> Struct:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._act(message)
        except TimeoutError:
            raise TimeoutError(f"there was no answer within {ANSWER_S:g} s") from None

    async def _act(self, message: Message) -> Struct:
        body = message.body
        identity = f"bus:{message.header.source.entity_id}"
        if isinstance(body, DetectRequest):
            return await self._senses.detect(capped(body), identity)
        if isinstance(body, TranscribeRequest):
            return await self._senses.transcribe(capped(body), identity)
        if isinstance(body, SynthesizeRequest):
            return await self._senses.synthesize(capped(body), identity)
        return await self._senses.status()


def capped(request: R) -> R:
    """Return `request` with at most the priority of somebody who must not press ahead of the village itself."""
    return msgspec.structs.replace(request, priority=min(request.priority, PRIORITY))
