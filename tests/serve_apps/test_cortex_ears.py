"""The cortex on the bus, with the bus in this process."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec import Struct

from nimmer.bus.bus import Bus, Delivery
from nimmer.bus.cortex_messages import CognitiveResponse, CortexStatus, CortexStatusRequest
from nimmer.bus.memory import MemoryBroker
from nimmer.bus.message import Command, Reply, Source, decode, expect
from nimmer.bus.voice import Voice
from nimmer.clock import ManualClock, SystemClock
from nimmer.config.cortex import CortexSettings
from nimmer.errors import BusUnavailableError, MessageError
from nimmer.testing.scripted_engine import ScriptedEngine, StillKeeper
from serve_apps.cortex_ears import Ears
from serve_apps.place import Place
from tests.serve_apps.cortices import Kept, cortex, question

CLOCK = SystemClock()
VOICE = Voice(Source("test", "service"), CLOCK)


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
async def kept(place: Place, engine: ScriptedEngine) -> AsyncIterator[Kept]:
    async with cortex(CortexSettings(slots=1), place, StillKeeper(engine)) as one:
        yield one


@pytest.fixture
async def bus(kept: Kept) -> AsyncIterator[Bus]:
    """Somebody's bus, on which the cortex listens."""
    broker = MemoryBroker()
    away = [BusUnavailableError("not yet"), BusUnavailableError("not yet")]

    async def connect() -> Bus:
        if away:
            raise away.pop()
        return broker.connect("nyx-cognitive")

    ears = Ears("dev", connect, kept.cortex, ManualClock())
    kept.cortex._ears = ears
    task = asyncio.create_task(ears.run())
    own = broker.connect("operator")
    while True:
        try:
            await own.request("dev.cortex.nyx.status", VOICE.say(CortexStatusRequest()), 20.0)
            break
        except BusUnavailableError:
            await CLOCK.sleep_s(0.0)
    yield own
    kept.cortex._ears = None
    task.cancel()
    await asyncio.wait((task,))
    await own.close()


async def ask(bus: Bus, detail: str, body: Struct) -> bytes:
    return await bus.request(f"dev.cortex.nyx.{detail}", VOICE.say(body), 20.0)


async def test_a_question_over_the_bus_is_answered_and_told_to_all(bus: Bus, kept: Kept) -> None:
    heard: list[CognitiveResponse] = []
    told = asyncio.Event()

    async def hear(delivery: Delivery) -> None:
        body = decode(delivery.subject, delivery.payload).body
        assert isinstance(body, CognitiveResponse)
        heard.append(body)
        told.set()

    await bus.subscribe("dev.cortex.nyx.response", hear)
    response = expect(CognitiveResponse, await ask(bus, "request", question()))
    assert (response.outcome, response.decision) == ("answered", "answer")
    await told.wait()
    assert heard == [response]
    assert (await kept.row())["identity"] == "bus"


async def test_over_the_bus_nobody_is_more_urgent_than_the_middle(bus: Bus, kept: Kept) -> None:
    await ask(bus, "request", question(priority=10))
    assert (await kept.row())["priority"] == 5


async def test_a_thought_that_takes_long_does_not_hold_up_the_next_request(
    bus: Bus, engine: ScriptedEngine
) -> None:
    engine.going.clear()
    thinking = asyncio.create_task(ask(bus, "request", question()))
    await engine.until_asked()
    status = expect(CortexStatus, await ask(bus, "status", CortexStatusRequest()))
    assert (status.running, status.engine) == (1, "embedded")
    engine.going.set()
    assert expect(CognitiveResponse, await thinking).outcome == "answered"


async def test_the_gate_is_closed_and_opened_by_command(bus: Bus) -> None:
    reply = expect(Reply, await ask(bus, "command", Command("close")))
    assert reply.accepted
    assert expect(CognitiveResponse, await ask(bus, "request", question())).outcome == "denied"
    assert expect(Reply, await ask(bus, "command", Command("open"))).accepted
    with pytest.raises(MessageError, match="open and close"):
        expect(Reply, await ask(bus, "command", Command("explode")))


async def test_what_is_no_question_is_answered_with_the_reason(bus: Bus) -> None:
    answer = await bus.request("dev.cortex.nyx.request", b"{}", 20.0)
    with pytest.raises(MessageError, match=r"bad_message|header"):
        expect(CognitiveResponse, answer)
