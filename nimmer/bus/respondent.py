"""Whoever is asked over the bus and takes its time: requests are answered apart from each other, and few enough at once.

A bus hands over one message at a time, so what takes seconds must not be done in its handler. A broker that is away is
sought again, also when it goes between dialling and subscribing; one that refuses the login is said, and done without.
Every request is answered, with an ErrorReply that says why when there is nothing else to say.
Source: docs/domain.md section 7; docs/bus.md.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from msgspec import Struct

from nimmer.bus.bus import Bus, Delivery
from nimmer.bus.message import ErrorReply, Message, decode
from nimmer.bus.voice import Voice
from nimmer.clock import Clock
from nimmer.errors import BusError, BusUnavailableError, MessageError, NimmerError

B = TypeVar("B", bound=Bus)
Connect = Callable[[], Awaitable[B]]
"""Dials. Raises BusUnavailableError when no broker answers, another BusError when it refuses."""
Act = Callable[[Message], Awaitable[Struct]]
"""Does what is asked and returns the answer. What it raises becomes an ErrorReply: a MessageError `bad_message`, a
TimeoutError `unavailable`, ValueError and any other NimmerError `refused`, anything else `failed`."""
RECONNECT_S = 1.0
MOST_REASON = 1000
_LOG = logging.getLogger("nimmer")


class Respondent(Generic[B]):
    """One identity's ear on the bus."""

    def __init__(
        self,
        connect: Connect[B],
        subjects: tuple[str, ...],
        act: Act,
        voice: Voice,
        clock: Clock,
        most_open: int,
        complain: Callable[[str], None] | None = None,
    ) -> None:
        """Answer requests on `subjects` by `act`, at most `most_open` at a time; nothing is dialled yet.

        complain: told once when the broker refuses this identity; a line in the log when None.
        """
        self._connect = connect
        self._subjects = subjects
        self._act = act
        self._voice = voice
        self._clock = clock
        self._most_open = most_open
        self._complain = complain or _LOG.error
        self._open: set[asyncio.Task[None]] = set()
        self.bus: B | None = None
        """The connection, for what else its owner has to say; None while there is none."""
        self.answered = self.refused = self.turned_away = 0
        """Requests done; those an ErrorReply was the answer to; those that were too many."""

    @property
    def connected(self) -> bool:
        """Whether a broker is there now."""
        return self.bus is not None and self.bus.connected

    @property
    def open(self) -> int:
        """Return how many requests are being answered."""
        return len(self._open)

    async def run(self) -> None:
        """Listen until cancelled."""
        try:
            while not await self._listening():
                await self._close()
                await self._clock.sleep_s(RECONNECT_S)
            await asyncio.Event().wait()
        finally:
            await self._close()

    async def _listening(self) -> bool:
        """Dial and subscribe; return False when it is to be tried again. A refused login does not mend by waiting."""
        try:
            self.bus = bus = await self._connect()
            for subject in self._subjects:
                await bus.subscribe(subject, self._hear)
        except BusUnavailableError as error:
            _LOG.info("%s: the bus is away: %s", self._voice.source.entity_id, error)
            return False
        except BusError as error:
            self._complain(f"{self._voice.source.entity_id} goes on without the bus: {error}"[:500])
            await self._close()
        return True

    async def _hear(self, delivery: Delivery) -> bytes | None:
        if len(self._open) >= self._most_open:
            self.turned_away += 1
            return self._voice.say(
                ErrorReply("unavailable", f"{self._most_open} requests are open; ask again later")
            )
        task = asyncio.get_running_loop().create_task(self._reply(delivery))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        return None

    async def _reply(self, delivery: Delivery) -> None:
        answer = await self._answer(delivery)
        if isinstance(answer, ErrorReply):
            self.refused += 1
        else:
            self.answered += 1
        if not delivery.reply or self.bus is None:
            return
        try:
            await self.bus.publish(delivery.reply, self._voice.say(answer))
        except (
            BusError,
            MessageError,
        ) as error:  # too large for the broker, or it is gone: the asker's time runs out
            _LOG.warning("an answer on %s is not sent: %s", delivery.subject, error)

    async def _answer(self, delivery: Delivery) -> Struct:
        try:
            return await self._act(decode(delivery.subject, delivery.payload))
        except MessageError as error:
            return ErrorReply("bad_message", str(error)[:MOST_REASON])
        except TimeoutError as error:
            return ErrorReply("unavailable", str(error)[:MOST_REASON] or "there was no answer in time")
        except (ValueError, NimmerError) as error:
            return ErrorReply("refused", str(error)[:MOST_REASON])
        except Exception as error:  # the shell's loop: one bad request must not leave its asker waiting
            _LOG.exception("a request on %s failed", delivery.subject)
            return ErrorReply("failed", f"{type(error).__name__}: {error}"[:MOST_REASON])

    async def _close(self) -> None:
        """Let go of what is open, and of the broker."""
        for task in tuple(self._open):
            task.cancel()
        if self._open:
            await asyncio.wait(tuple(self._open))
        bus, self.bus = self.bus, None
        if bus is not None:
            await bus.close()
