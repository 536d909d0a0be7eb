"""What every long-lived actor shell shares: its place in the arena, its voice, and how it fails.

A shell's `live` runs for ever. When it meets something unexpected it leaves a word and ends its process, and
Ray starts it anew from what it kept: a half-working actor is worse than a restarted one.
"""

import asyncio
import functools
import logging
import os
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import ray
from msgspec import Struct

from actors.charter import Charter
from nimmer.arena.memory import Arena
from nimmer.arena.outbox import Letter, Outbox
from nimmer.bus.message import Incident, Source
from nimmer.bus.subject import build
from nimmer.bus.voice import Voice
from nimmer.clock import SystemClock
from nimmer.errors import ArenaError

log = logging.getLogger("nimmer")
S = TypeVar("S", bound="Shell")
ATTACH_TRIES = 200
ATTACH_S = 0.05


class Shell:
    """One organism actor at its outbox."""

    entity = "shell"
    """Its name on the bus and of its outbox."""

    def __init__(self, charter: Charter) -> None:
        """Enter the arena of `charter`. Raises ArenaError when the supervisor has not made it in time."""
        self.charter = charter
        self.clock = SystemClock()
        self.arena = self._enter(Path(charter.arena))
        self.outbox = Outbox(self.arena, self.entity)
        self.births = self.outbox.enter()
        self.voice = Voice(Source(self.entity, "service"), self.clock)
        self.stopping = asyncio.Event()
        self.living = False
        if self.births > 1 and ray.is_initialized():
            # nobody else would ask in time: Ray's retry waits for the caller's heartbeat, up to half a minute
            ray.get_runtime_context().current_actor.live.remote()

    def _enter(self, path: Path) -> Arena:
        """Attach the arena once the supervisor has made it whole."""
        for _ in range(ATTACH_TRIES):
            try:
                return Arena.attach(path)
            except ArenaError:
                self.clock.wait_s(ATTACH_S)
        return Arena.attach(path)

    def tell(self, pattern: str, body: Struct, acked: bool = False, **values: str | int) -> bool:
        """Leave one message for the bridge; False, counted, when the outbox is full."""
        message_id = self.voice.message_id()
        return self.post(pattern, self.voice.say(body, message_id), message_id if acked else "", **values)

    def post(self, pattern: str, payload: bytes, message_id: str = "", **values: str | int) -> bool:
        """Leave a finished message for the bridge; with a `message_id` it is published until acknowledged."""
        return self.outbox.put(
            Letter(build(self.charter.environment, pattern, **values), payload, message_id)
        )

    def report(self, kind: str, entity: str, reason: str, count: int = 1, remedy: str = "") -> None:
        """Say on the bus and in the log that something went wrong."""
        log.warning("%s of %s: %s %s", kind, entity, reason, remedy)
        self.tell("thalamus.incident.{kind}", Incident(kind, entity, reason, count, remedy), kind=kind)


def crashing(live: Callable[[S], Awaitable[None]]) -> Callable[[S], Awaitable[None]]:
    """Wrap a shell's `live` so that an unexpected error ends the process, and its rebirth is told of."""

    @functools.wraps(live)
    async def guarded(self: S) -> None:
        if self.living:
            await self.stopping.wait()  # asked twice, by someone who could not be sure to have been heard
            return
        self.living = True
        if self.births > 1:
            self.report("restart", self.entity, f"its process ended; it lives again, birth {self.births}")
        try:
            await live(self)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            traceback.print_exc()
            self.report("crash", self.entity, f"{type(error).__name__}: {error}"[:500])
            os._exit(1)

    return guarded
