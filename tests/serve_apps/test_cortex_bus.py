"""The cortex at a real broker, as its own identity, through a loss of it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nimmer.bus.cortex_messages import CognitiveResponse, CortexStatus, CortexStatusRequest
from nimmer.bus.message import Source, expect
from nimmer.bus.nats import NatsBus
from nimmer.bus.voice import Voice
from nimmer.clock import SystemClock
from nimmer.config.cortex import CortexSettings
from nimmer.errors import BusUnavailableError
from nimmer.testing.scripted_engine import StillKeeper
from serve_apps.place import Place
from tests.nimmer.bus.conftest import Server
from tests.serve_apps.cortices import cortex, question

pytestmark = pytest.mark.servers
CLOCK = SystemClock()
VOICE = Voice(Source("somebody", "service"), CLOCK)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Server]:
    home = tmp_path / "nats"
    home.mkdir()
    one = Server(home)
    one.start()
    yield one
    one.stop()


async def answered(bus: NatsBus) -> CortexStatus:
    """Return the status once the cortex is heard on the bus."""
    deadline_s = CLOCK.monotonic_s() + 60.0
    while True:
        try:
            return expect(
                CortexStatus,
                await bus.request("dev.cortex.nyx.status", VOICE.say(CortexStatusRequest()), 5.0),
            )
        except BusUnavailableError:
            assert CLOCK.monotonic_s() < deadline_s
            await CLOCK.sleep_s(0.05)


async def test_a_guest_asks_the_cortex_over_the_bus_also_after_the_broker_was_away(
    place: Place, broker: Server
) -> None:
    placed = replace(place, nats_url=broker.url, password="nyx-cognitive")
    async with cortex(CortexSettings(), placed, StillKeeper()) as kept:
        bus = await NatsBus.connect(broker.url, "guest", "guest")
        try:
            assert (await answered(bus)).engine == "embedded"
            broker.stop()
            by_handle = await kept.cortex.think(question(), "nyx-training")
            assert by_handle.outcome == "answered"
            broker.start()
            await answered(bus)
            reply = await bus.request("dev.cortex.nyx.request", VOICE.say(question()), 20.0)
            assert expect(CognitiveResponse, reply).outcome == "answered"
        finally:
            await bus.close()
