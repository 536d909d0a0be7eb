"""The cortex on the bus: it answers cortex.nyx.request, .status and .command, and tells what became of each thought.

Whoever may publish there asks in its own name: such a request has at most the middle priority, and spends from a purse
apart from the NPC's. While the broker is away everything else goes on. Source: docs/bus.md.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
from msgspec import Struct

from nimmer.bus.bus import Bus, Delivery
from nimmer.bus.cortex_messages import CognitiveRequest, CognitiveResponse, CortexStatus, CortexStatusRequest
from nimmer.bus.message import Command, ErrorReply, Message, Reply, Source, decode
from nimmer.bus.subject import build
from nimmer.bus.voice import Voice
from nimmer.clock import Clock
from nimmer.errors import BusError, BusUnavailableError, MessageError

PRIORITY = 5
"""The highest priority of a request over the bus."""
IDENTITY = "bus"
RECONNECT_S = 1.0
MOST_OPEN = 1000
"""Requests over the bus that may be open; more are answered `unavailable`."""
_LOG = logging.getLogger("nimmer")
Connect = Callable[[], Awaitable[Bus]]


class Mind(Protocol):
    """Whom the ears ask."""

    async def think(self, request: CognitiveRequest, identity: str, context: list[str]) -> CognitiveResponse:
        """Answer a question."""
        ...

    async def status(self) -> CortexStatus:
        """Tell how it fares."""
        ...

    async def command(self, name: str, arguments: dict[str, object]) -> str:
        """Carry out an order. Raises ValueError."""
        ...


class Ears:
    """One connection to the bus."""

    def __init__(self, environment: str, connect: Connect, mind: Mind, clock: Clock) -> None:
        """Hear the requests of `environment` once `connect()` gives a bus."""
        self._environment = environment
        self._connect = connect
        self._mind = mind
        self._clock = clock
        self._voice = Voice(Source("nyx", "cognitive"), clock)
        self._bus: Bus | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Listen until cancelled; a broker that is away is sought again."""
        try:
            while not await self._listening():
                await self._close()
                await self._clock.sleep_s(RECONNECT_S)
            await asyncio.Event().wait()
        finally:
            await self._close()

    async def tell(self, response: CognitiveResponse) -> None:
        """Say for all to hear what became of a question; nobody waits for it."""
        if self._bus is None:
            return
        try:
            subject = build(self._environment, "cortex.nyx.response")
            await self._bus.publish(subject, self._voice.say(response))
        except (BusError, MessageError) as error:
            _LOG.debug("a response was not told: %s", error)

    async def _listening(self) -> bool:
        """Dial and subscribe; return False when it is to be tried again. A refused login does not mend by waiting."""
        try:
            self._bus = bus = await self._connect()
            for detail in ("request", "status", "command"):
                await bus.subscribe(f"{self._environment}.cortex.nyx.{detail}", self._hear)
        except BusUnavailableError as error:
            _LOG.debug("the bus is away: %s", error)
            return False
        except BusError as error:
            _LOG.error("the cortex goes on without the bus: %s", error)
            await self._close()
        return True

    async def _hear(self, delivery: Delivery) -> bytes | None:
        """Answer apart: the bus hands over one message at a time, and a thought takes seconds."""
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
            except BusError as error:
                _LOG.debug("an answer was not sent: %s", error)

    async def _answer(self, delivery: Delivery) -> Struct:
        try:
            return await self._act(decode(delivery.subject, delivery.payload))
        except MessageError as error:
            return ErrorReply("bad_message", str(error)[:1000])
        except ValueError as error:
            return ErrorReply("refused", str(error))
        except Exception as error:  # the shell's loop: one bad request must not leave its asker waiting
            _LOG.exception("a request on %s failed", delivery.subject)
            return ErrorReply("failed", f"{type(error).__name__}: {error}"[:1000])

    async def _act(self, message: Message) -> Struct:
        body = message.body
        if isinstance(body, CognitiveRequest):
            asked = msgspec.structs.replace(body, priority=min(body.priority, PRIORITY))
            return await self._mind.think(asked, IDENTITY, [])
        if isinstance(body, CortexStatusRequest):
            return await self._mind.status()
        assert isinstance(body, Command)
        return Reply(True, await self._mind.command(body.command, dict(body.arguments)))

    async def _close(self) -> None:
        for task in tuple(self._open):
            task.cancel()
        if self._open:
            await asyncio.wait(tuple(self._open))
        bus, self._bus = self._bus, None
        if bus is not None:
            await bus.close()
