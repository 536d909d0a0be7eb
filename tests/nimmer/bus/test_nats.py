import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

import nats
import pytest
from nats.aio.msg import Msg

from nimmer.bus.bus import Violation
from nimmer.bus.nats import NatsBus
from nimmer.bus.streams import streams
from nimmer.clock import SystemClock
from nimmer.errors import BusError, BusPermissionError, BusUnavailableError
from nimmer.testing.bus_contract import PATIENCE_S, STATE, TRAINING, BusContract, Ear

pytestmark = pytest.mark.servers
CLOCK = SystemClock()
STREAMS = streams("dev")


class Server(Protocol):
    @property
    def url(self) -> str: ...

    def start(self) -> None: ...

    def stop(self, number: int = signal.SIGTERM) -> None: ...


class OverNats:
    def __init__(self, url: str) -> None:
        self.url = url

    async def join(self, identity: str, on_violation: Violation | None = None) -> NatsBus:
        return await NatsBus.connect(self.url, identity, identity, CLOCK, on_violation)


class TestNatsBus(BusContract):
    @pytest.fixture
    async def broker(self, server: Server) -> OverNats:
        broker = OverNats(server.url)
        bridge = await broker.join("bridge")
        await bridge.ensure_streams(STREAMS)
        await bridge.close()
        return broker


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await CLOCK.sleep_s(0.01)


async def test_streams_are_made_once_and_then_updated(server: Server) -> None:
    bridge = await OverNats(server.url).join("bridge")
    await bridge.ensure_streams(STREAMS)
    await bridge.ensure_streams([replace(stream, max_bytes=stream.max_bytes // 2) for stream in STREAMS])
    await bridge.ensure_streams(STREAMS)
    await bridge.close()


async def test_a_stream_that_does_not_fit_on_the_disk_is_refused(server: Server) -> None:
    bridge = await OverNats(server.url).join("bridge")
    with pytest.raises(BusError, match="JetStream refused a stream"):
        await bridge.ensure_streams([replace(STREAMS[0], name="HUGE", subjects=("x",), max_bytes=1 << 50)])
    await bridge.close()


async def test_only_the_bridge_may_make_streams(server: Server) -> None:
    guest = await OverNats(server.url).join("guest")
    with pytest.raises(BusUnavailableError, match="is this identity the bridge"):
        await guest.ensure_streams(STREAMS)
    await guest.close()


async def test_no_server_is_one_clear_error_without_the_password() -> None:
    with pytest.raises(BusUnavailableError, match=r"nats://127\.0\.0\.1:9 does not answer") as error:
        await NatsBus.connect("nats://user:secret@127.0.0.1:9", "guest", "x", CLOCK)
    assert "secret" not in str(error.value)


async def test_a_wrong_password_is_refused_at_once(server: Server) -> None:
    with pytest.raises(BusPermissionError, match="refuses the login of guest"):
        await NatsBus.connect(server.url, "guest", "wrong", CLOCK)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_the_bus_survives_the_server(own_server: Server, number: int) -> None:
    bus = await NatsBus.connect(own_server.url, "bridge", "bridge", CLOCK, ack_timeout_s=0.3)
    await bus.ensure_streams(STREAMS)
    ear = Ear(answer=b"still here")
    await bus.subscribe("dev.npc.*.state", ear)
    own_server.stop(number)
    await until(lambda: not bus.connected)
    await bus.publish(STATE, b"lost")
    await bus.publish_many([(STATE, b"lost")] * 3)
    assert bus.counts.dropped == 4
    with pytest.raises(BusUnavailableError, match="did not acknowledge"):
        await bus.publish_acked(TRAINING, b"", "id")
    with pytest.raises(BusUnavailableError, match="is away"):
        await bus.request("dev.world.quiz.request", b"", 1.0)
    own_server.start()
    await until(lambda: bus.connected and bus.counts.reconnects == 1)
    assert await bus.request(STATE, b"found", PATIENCE_S) == b"still here"
    assert (await ear.next()).payload == b"found"
    await bus.close()


async def test_an_acked_message_waits_for_the_server(own_server: Server) -> None:
    bus = await NatsBus.connect(own_server.url, "bridge", "bridge", CLOCK, ack_timeout_s=30.0)
    await bus.ensure_streams(STREAMS)
    own_server.stop(signal.SIGKILL)
    await until(lambda: not bus.connected)
    storing = asyncio.ensure_future(bus.publish_acked(TRAINING, b"rows", "id"))
    await CLOCK.sleep_s(0.05)
    own_server.start()
    ack = await storing
    assert ack.sequence == 1
    again: Awaitable[object] = bus.publish_acked(TRAINING, b"rows", "id")
    assert await again == ack._replace(duplicate=True)
    await bus.close()


async def test_a_connection_the_client_library_gave_up_is_made_anew(server: Server) -> None:
    bus = await OverNats(server.url).join("bridge")
    ear = Ear()
    await bus.subscribe(STATE, ear)
    await bus._client.close()
    await until(lambda: bus.connected and bus.counts.reconnects == 1)
    await bus.publish(STATE, b"again")
    assert (await ear.next()).payload == b"again"
    await bus.close()


async def test_a_client_that_knows_nothing_of_inbox_prefixes_gets_its_answers_and_nobody_elses(
    server: Server,
) -> None:
    bridge = await NatsBus.connect(server.url, "bridge", "bridge", CLOCK)
    operator = await NatsBus.connect(server.url, "operator", "operator", CLOCK)
    plain = await nats.connect(server.url, user="guest", password="guest")
    overheard: list[Msg] = []

    async def overhear(message: Msg) -> None:
        overheard.append(message)

    await plain.subscribe("_INBOX.*.*", cb=overhear)
    await plain.subscribe("_INBOX.operator.>", cb=overhear)
    await bridge.subscribe("dev.world.quiz.request", Ear(answer=b"passed"))
    assert (await plain.request("dev.world.quiz.request", b"", timeout=5)).data == b"passed"
    overheard.clear()
    assert await operator.request("dev.world.quiz.request", b"", 5.0) == b"passed"
    await plain.flush()
    assert not overheard
    for one in (plain, operator, bridge):
        await one.close()
