"""The cortex on the bus: it answers cortex.nyx.request, .status and .command, and tells what became of each thought.

Whoever may publish there asks in its own name: such a request has at most the middle priority, and spends from a purse
apart from the NPC's. While the broker is away everything else goes on. Source: docs/bus.md.
"""

import logging
from typing import Protocol

import msgspec
from msgspec import Struct

from nimmer.bus.bus import Bus
from nimmer.bus.cortex_messages import CognitiveRequest, CognitiveResponse, CortexStatus, CortexStatusRequest
from nimmer.bus.message import Command, Message, Reply, Source
from nimmer.bus.respondent import Connect, Respondent
from nimmer.bus.subject import build
from nimmer.bus.voice import Voice
from nimmer.clock import Clock
from nimmer.errors import BusError, MessageError

PRIORITY = 5
"""The highest priority of a request over the bus."""
IDENTITY = "bus"
MOST_OPEN = 1000
"""Requests over the bus that may be open; more are answered `unavailable`."""
_LOG = logging.getLogger("nimmer")


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

    def __init__(self, environment: str, connect: Connect[Bus], mind: Mind, clock: Clock) -> None:
        """Hear the requests of `environment` once `connect()` gives a bus."""
        self._mind = mind
        self._voice = Voice(Source("nyx", "cognitive"), clock)
        self._told = build(environment, "cortex.nyx.response")
        subjects = tuple(f"{environment}.cortex.nyx.{detail}" for detail in ("request", "status", "command"))
        self._respondent = Respondent(connect, subjects, self._act, self._voice, clock, MOST_OPEN)

    async def run(self) -> None:
        """Listen until cancelled; a broker that is away is sought again."""
        await self._respondent.run()

    async def tell(self, response: CognitiveResponse) -> None:
        """Say for all to hear what became of a question; nobody waits for it."""
        if (bus := self._respondent.bus) is None:
            return
        try:
            await bus.publish(self._told, self._voice.say(response))
        except (BusError, MessageError) as error:
            _LOG.debug("a response was not told: %s", error)

    async def _act(self, message: Message) -> Struct:
        body = message.body
        if isinstance(body, CognitiveRequest):
            asked = msgspec.structs.replace(body, priority=min(body.priority, PRIORITY))
            return await self._mind.think(asked, IDENTITY, [])
        if isinstance(body, CortexStatusRequest):
            return await self._mind.status()
        assert isinstance(body, Command)
        return Reply(True, await self._mind.command(body.command, dict(body.arguments)))
