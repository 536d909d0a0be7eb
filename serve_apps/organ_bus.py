"""The organs on the bus: they answer organs.vision.detect, organs.speech.* and organs.cards.status, and keep objects.

Whoever may publish there asks in a name of its own choosing, so such a request has at most the middle priority. While
the broker is away everything else goes on. Source: docs/bus.md.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from nimmer.bus import nats_objects
from nimmer.bus.bus import Delivery
from nimmer.bus.message import ErrorReply, Message, Source, WaveSignal, decode
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
from nimmer.bus.streams import bucket, spoken_bucket
from nimmer.bus.subject import build
from nimmer.bus.voice import Voice
from nimmer.clock import Clock
from nimmer.errors import BusError, BusUnavailableError, MessageError, OrganError
from nimmer.life.wave import CellKind

PRIORITY = 5
"""The highest priority of a request over the bus, or of a guest."""
ANSWER_S = 55.0
"""The broker lets an answer through for a minute."""
RECONNECT_S = 1.0
MOST_OPEN = 256
TOPICS = ("vision.detect", "speech.transcribe", "speech.synthesize", "cards.status")
_LOG = logging.getLogger("nimmer")
R = TypeVar("R", DetectRequest, TranscribeRequest, SynthesizeRequest)
Connect = Callable[[], Awaitable[NatsBus]]


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
        self, environment: str, host: str, connect: Connect | None, senses: Senses, clock: Clock
    ) -> None:
        """Hear the requests of `environment` once `connect()` gives a bus."""
        self._environment = environment
        self._connect = connect
        self._senses = senses
        self._clock = clock
        self._voice = Voice(Source(f"organs.{host}", "service"), clock)
        self._host = host
        self._bus: NatsBus | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """Whether a broker is there now."""
        return self._bus is not None and self._bus.connected

    async def run(self) -> None:
        """Listen until cancelled; a broker that is away is sought again."""
        if self._connect is None:
            await asyncio.Event().wait()
            return
        try:
            self._bus = bus = await self._connected(self._connect)
            for topic in TOPICS:
                await bus.subscribe(f"{self._environment}.organs.{topic}", self._hear)
            await asyncio.Event().wait()
        finally:
            await self._close()

    async def put(self, name: str, data: bytes) -> None:
        """Keep what was spoken, under a fresh name, where nobody else can write. Raises BusError."""
        await nats_objects.keep(self._there(), spoken_bucket(self._environment), name, data)

    async def get(self, name: str, most: int) -> bytes:
        """Return an object that was given. Raises BusError."""
        return await nats_objects.get(self._there(), bucket(self._environment), name, most)

    async def tell(self, kind: CellKind, wave: WaveSignal) -> None:
        """Say a wave for all to hear; nobody waits for it."""
        if self._bus is None:
            return
        voice = Voice(Source(f"organs.{self._host}.{kind.entity}", "cell", tier=kind.tier), self._clock)
        subject = build(self._environment, "nervous.cells.{domain}.wave", domain=kind.domain)
        try:
            await self._bus.publish(subject, voice.say(wave))
        except (BusError, MessageError) as error:
            _LOG.debug("a wave was not told: %s", error)

    def _there(self) -> NatsBus:
        if self._bus is None or not self._bus.connected:
            raise BusUnavailableError("the object store is away with its broker")
        return self._bus

    async def _connected(self, connect: Connect) -> NatsBus:
        while True:
            try:
                return await connect()
            except BusUnavailableError as error:
                _LOG.debug("the bus is away: %s", error)
                await self._clock.sleep_s(RECONNECT_S)

    async def _hear(self, delivery: Delivery) -> bytes | None:
        """Answer apart: the bus hands over one message at a time, and an operation takes seconds."""
        if len(self._open) >= MOST_OPEN:
            return self._voice.say(
                ErrorReply("unavailable", f"{MOST_OPEN} requests are open: ask again later")
            )
        task = asyncio.get_running_loop().create_task(self._reply(delivery))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        return None

    async def _reply(self, delivery: Delivery) -> None:
        answer = await self._answer(delivery)
        if delivery.reply and self._bus is not None:
            try:
                await self._bus.publish(delivery.reply, self._voice.say(answer))
            except (BusError, MessageError) as error:
                _LOG.debug("an answer was not sent: %s", error)

    async def _answer(self, delivery: Delivery) -> Struct:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._act(decode(delivery.subject, delivery.payload))
        except MessageError as error:
            return ErrorReply("bad_message", str(error)[:1000])
        except TimeoutError:
            return ErrorReply("unavailable", f"there was no answer within {ANSWER_S:g} s")
        except OrganError as error:
            return ErrorReply("refused", str(error)[:1000])
        except Exception as error:  # the shell's loop: one bad request must not leave its asker waiting
            _LOG.exception("a request on %s failed", delivery.subject)
            return ErrorReply("failed", f"{type(error).__name__}: {error}"[:1000])

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

    async def _close(self) -> None:
        for task in tuple(self._open):
            task.cancel()
        if self._open:
            await asyncio.wait(tuple(self._open))
        bus, self._bus = self._bus, None
        if bus is not None:
            await bus.close()


def capped(request: R) -> R:
    """Return `request` with at most the priority of somebody who must not press ahead of the village itself."""
    return msgspec.structs.replace(request, priority=min(request.priority, PRIORITY))
