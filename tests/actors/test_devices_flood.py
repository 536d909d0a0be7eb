"""A device that floods a real broker harms itself: the others' readings arrive, every one."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from actors.charter import Charter
from nimmer.arena.memory import Arena
from nimmer.bus.identities import DEVICE, NERVOUS
from nimmer.bus.message import DeviceReading, Source, encode
from nimmer.bus.nats import NatsBus
from nimmer.clock import SystemClock
from tests.actors.eager_devices import Eager
from tests.nimmer.bus.conftest import Server

pytestmark = pytest.mark.servers
CLOCK = SystemClock()
FLOOD = 50_000
CALM = 50
MESSAGE_ID = "7cbded66-3563-44e0-9dca-82d1d6a18f43"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("nats"))
    running.start()
    yield running
    running.stop()


def reading(device: str, sequence: int) -> tuple[str, bytes]:
    body = DeviceReading(device, "distance_front", {"echo_us": 1740.0}, sequence, sequence)
    payload = encode(body, Source(f"device.{device}", "boundary"), CLOCK.unix_s(), MESSAGE_ID)
    return f"dev.nervous.devices.{device}.reading", payload


async def test_a_flood_harms_its_own_device_alone(charter: Charter, arena: Arena, server: Server) -> None:
    shell = Eager(replace(charter, nats_url=server.url, secrets={NERVOUS: NERVOUS}))
    living = asyncio.ensure_future(shell.live())
    async with asyncio.timeout(20.0):
        await shell.listening.wait()
    flooding, calm = [await NatsBus.connect(server.url, DEVICE, DEVICE, CLOCK) for _ in range(2)]
    flood = [reading("flood", sequence) for sequence in range(FLOOD)]
    share = FLOOD // CALM
    for sequence in range(CALM):
        await flooding.publish_many(flood[sequence * share : (sequence + 1) * share])
        await calm.publish(*reading("calm", sequence))
    async with asyncio.timeout(60.0):
        while (await shell.status())["taken"] + (await shell.status())["dropped"] < FLOOD + CALM:
            await CLOCK.sleep_s(0.02)
    found = await shell.stop()
    await living
    await flooding.close()
    await calm.close()
    feed = shell._devices._devices["calm"].feed
    assert feed.newest("distance_front", CLOCK.monotonic_s()) is not None
    assert (feed.lost, feed.repeated) == (0, 0)  # type: ignore[attr-defined]  # it is a DeviceDriver
    assert found["dropped"] > FLOOD / 2
    assert found["refused"] == 0
    assert found["devices"]["calm"] == {"distance_front": "operational"}
