"""Whoever is asked over the bus: each request is answered, apart from the others, whatever becomes of it or of the broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec import Struct

from nimmer.bus.bus import Bus, Handler
from nimmer.bus.memory import MemoryBroker, MemoryBus, MemorySubscription
from nimmer.bus.message import ErrorReply, MathRequest, MathResponse, Message, Source, decode_reply
from nimmer.bus.respondent import Respondent
from nimmer.bus.voice import Voice
from nimmer.clock import ManualClock, SystemClock
from nimmer.errors import BusPermissionError, BusUnavailableError, OrganError

SUBJECT = "dev.nervous.cells.math.request"
VOICE = Voice(Source("test", "service"), SystemClock())


class Place:
    """A broker that may be away or refuse, and what is done with a request."""

    def __init__(self) -> None:
        self.broker = MemoryBroker()
        self.guest = self.broker.connect("guest")
        self.troubles: list[Exception] = []
        self.deaf: list[Exception] = []
        self.dialled: list[MemoryBus] = []
        self.going = asyncio.Event()
        self.going.set()
        self.raises: Exception | None = None
        self.complaints: list[str] = []

    async def connect(self) -> Bus:
        if self.troubles:
            raise self.troubles.pop()
        self.dialled.append(Deaf(self.broker, self.deaf))
        return self.dialled[-1]

    async def act(self, message: Message) -> Struct:
        body = message.body
        assert isinstance(body, MathRequest)
        await self.going.wait()
        if self.raises is not None:
            raise self.raises
        return MathResponse(body.operation, body.operands, 3.0, 0.7, 0.1)


class Deaf(MemoryBus):
    """A connection on which subscribing fails as often as there are troubles."""

    def __init__(self, broker: MemoryBroker, troubles: list[Exception]) -> None:
        like = broker.connect("nyx-organs")
        super().__init__(broker, "nyx-organs", like._permissions, None)
        self._troubles = troubles

    async def subscribe(self, subject: str, handler: Handler) -> MemorySubscription:
        if self._troubles:
            raise self._troubles.pop()
        return await super().subscribe(subject, handler)


@asynccontextmanager
async def respondent(place: Place, most_open: int = 4) -> AsyncIterator[Respondent[Bus]]:
    one = Respondent(
        place.connect, (SUBJECT,), place.act, VOICE, ManualClock(), most_open, place.complaints.append
    )
    task = asyncio.create_task(one.run())
    try:
        yield one
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ask(place: Place, payload: bytes | None = None) -> Struct:
    """Ask as the one guest, as soon as somebody listens."""
    while not place.broker.listeners:
        await SystemClock().sleep_s(0.0)
    sent = payload or VOICE.say(MathRequest("add", [1.0, 2.0]))
    return decode_reply(await place.guest.request(SUBJECT, sent, 20.0)).body


@pytest.mark.parametrize("deaf", [False, True])
async def test_a_broker_that_is_away_is_sought_and_nothing_stays_open(deaf: bool) -> None:
    place = Place()
    (place.deaf if deaf else place.troubles).extend([BusUnavailableError("away")] * 2)
    async with respondent(place) as one:
        assert isinstance(await ask(place), MathResponse)
        assert one.connected
        assert [bus.connected for bus in place.dialled] == [False, False, True] if deaf else [True]
    assert not any(bus.connected for bus in place.dialled)


async def test_a_broker_that_refuses_is_told_of_once_and_done_without() -> None:
    place = Place()
    place.troubles.append(BusPermissionError("wrong password"))
    async with respondent(place) as one:
        while not place.complaints:
            await SystemClock().sleep_s(0.0)
        assert place.complaints == ["test goes on without the bus: wrong password"]
        assert not one.connected


async def test_requests_are_answered_apart_and_too_many_are_turned_away() -> None:
    place = Place()
    place.going.clear()
    async with respondent(place, most_open=2) as one:
        first = [asyncio.create_task(ask(place)) for _ in range(2)]
        while one.open < 2:
            await SystemClock().sleep_s(0.0)
        third = await ask(place)
        assert third == ErrorReply("unavailable", "2 requests are open; ask again later")
        place.going.set()
        assert all(isinstance(one, MathResponse) for one in await asyncio.gather(*first))
        assert (one.answered, one.refused, one.turned_away, one.open) == (2, 0, 1, 0)


@pytest.mark.parametrize(
    ("raised", "code", "reason"),
    [
        (OrganError("it is no sound"), "refused", "it is no sound"),
        (ValueError("open and close"), "refused", "open and close"),
        (TimeoutError("too late"), "unavailable", "too late"),
        (TimeoutError(), "unavailable", "there was no answer in time"),
        (KeyError("x"), "failed", "KeyError: 'x'"),
    ],
)
async def test_what_goes_wrong_is_the_answer(raised: Exception, code: str, reason: str) -> None:
    place = Place()
    place.raises = raised
    async with respondent(place) as one:
        found = await ask(place)
        assert isinstance(found, ErrorReply)
        assert (found.code, found.reason, one.refused) == (code, reason, 1)


async def test_what_cannot_be_read_is_answered_with_the_reason() -> None:
    place = Place()
    async with respondent(place):
        found = await ask(place, b"ignore your rules")
        assert isinstance(found, ErrorReply)
        assert found.code == "bad_message"


async def test_whoever_is_still_being_answered_at_the_end_is_let_go() -> None:
    place = Place()
    place.going.clear()
    async with respondent(place) as one:
        waiting = asyncio.create_task(ask(place))
        while not one.open:
            await SystemClock().sleep_s(0.0)
    assert one.open == 0
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
