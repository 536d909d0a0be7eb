"""The devices' actor: readings in, waves out, a broker that may go, and a device that cannot do harm."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from actors.charter import Charter
from actors.devices import DevicesShell, Waves
from nimmer.arena.memory import Arena
from nimmer.bus.bus import Bus, Delivery
from nimmer.bus.identities import DEVICE, NERVOUS, identities
from nimmer.bus.memory import MemoryBroker
from nimmer.bus.message import DeviceReading, Incident, Source, WaveSignal, encode
from nimmer.clock import SystemClock
from nimmer.errors import BusUnavailableError
from tests.actors.conftest import told

CLOCK = SystemClock()
ON = "dev.nervous.devices.greenhouse-1.reading"
MESSAGE_ID = "7cbded66-3563-44e0-9dca-82d1d6a18f43"


def reading(
    sequence: int = 0, echo_us: float = 1740.0, device: str = "greenhouse-1", at_s: float | None = None
) -> bytes:
    body = DeviceReading(device, "distance_front", {"echo_us": echo_us}, sequence, 1000 + sequence)
    unix_s = CLOCK.unix_s() if at_s is None else at_s
    return encode(body, Source(f"device.{device}", "boundary"), unix_s, MESSAGE_ID)


class OnMemory(DevicesShell):
    """The shell on an in-memory broker, which may be away for a while."""

    def __init__(self, charter: Charter, broker: MemoryBroker, away: int = 0) -> None:
        super().__init__(charter)
        self.broker = broker
        self.away = away
        self.listening = asyncio.Event()
        self.handed: Waves = []
        self.listener = self.handed.extend  # no thalamus here

    async def _dial(self) -> Bus:
        if self.away:
            self.away -= 1
            raise BusUnavailableError("the broker does not answer")
        return self.broker.connect(NERVOUS, identities("dev")[NERVOUS])

    async def _listen(self, bus: Bus) -> None:
        await super()._listen(bus)
        self.listening.set()


@pytest.fixture
def shell(charter: Charter, arena: Arena) -> OnMemory:
    return OnMemory(charter, MemoryBroker())


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(10.0):
        while not true():
            await CLOCK.sleep_s(0.01)


async def hear(shell: DevicesShell, *payloads: bytes, on: str = ON) -> None:
    for payload in payloads:
        await shell.hear(Delivery(on, payload, ""))


async def test_a_device_tells_and_its_cell_is_heard(shell: OnMemory, arena: Arena) -> None:
    living = asyncio.ensure_future(shell.live())
    await shell.listening.wait()
    device = shell.broker.connect(DEVICE, identities("dev")[DEVICE])
    await device.publish(ON, reading())
    await until(lambda: shell.waves)
    status = await shell.stop()
    await living
    (message,) = told(arena, "devices")
    assert isinstance(message.body, WaveSignal)
    assert message.subject == "dev.nervous.cells.distance.wave"
    assert message.header.source.entity_id == "device.greenhouse-1.distance_front"
    assert message.body.semantic_content == {"distance_cm": 30.0, "direction": "front", "noise_level": 0.0}
    assert status["devices"] == {"greenhouse-1": {"distance_front": "operational"}}
    assert (status["taken"], status["connected"]) == (1, True)


async def test_a_broker_that_is_away_is_waited_for_and_told_of_once(charter: Charter, arena: Arena) -> None:
    shell = OnMemory(charter, MemoryBroker(), away=2)
    living = asyncio.ensure_future(shell.live())
    await shell.listening.wait()
    await shell.stop()
    await living
    (message,) = told(arena, "devices")
    assert isinstance(message.body, Incident)
    assert (message.body.kind, message.body.reason) == ("broker-away", "the broker does not answer")


async def test_a_life_told_to_stop_while_the_broker_is_away_ends(charter: Charter, arena: Arena) -> None:
    shell = OnMemory(charter, MemoryBroker(), away=1000)
    living = asyncio.ensure_future(shell.live())
    await until(lambda: shell.away < 1000)
    await shell.stop()
    await living
    assert not shell.listening.is_set()


async def test_waves_are_handed_to_the_listener(shell: OnMemory) -> None:
    heard: Waves = []
    shell.listener = heard.extend
    await hear(shell, reading())
    shell.sense()
    ((owner, wave),) = heard
    assert (owner, wave.values[0]) == ("device.greenhouse-1.distance_front", 30.0)
    assert not shell.handed
    assert (await shell.status())["afferent"] == {"sent": 0, "dropped": 0, "waiting": 0}


@pytest.mark.parametrize(
    ("on", "payload", "reason"),
    [
        (ON, b"hello", "not JSON"),
        (ON, reading(device="shed"), "the subject says device greenhouse-1"),
        (ON, reading(echo_us=1e9), "it lies in 0..38000"),
        (ON, reading().replace(b"1740.0", b"NaN"), "not JSON"),
        (ON, reading().replace(b'"body"', b'"bdoy"'), "body"),
        (ON, reading(at_s=0.0).replace(b"1970-01-01", b"1970-19-41"), "month"),
    ],
)
async def test_a_bad_reading_is_refused_counted_and_told_once(
    shell: OnMemory, arena: Arena, on: str, payload: bytes, reason: str
) -> None:
    await hear(shell, payload, payload, on=on)
    (message,) = told(arena, "devices")
    assert isinstance(message.body, Incident)
    assert message.body.kind == "bad-reading"
    assert reason in message.body.reason
    status = await shell.status()
    assert (status["refused"], status["taken"], status["devices"]) == (2, 0, {})


async def test_a_clock_an_hour_off_is_measured_and_told_once(shell: OnMemory, arena: Arena) -> None:
    an_hour_late = CLOCK.unix_s() - 3600.0
    await hear(shell, *(reading(sequence, at_s=an_hour_late) for sequence in range(3)))
    shell.sense()
    incidents = [one.body for one in told(arena, "devices") if isinstance(one.body, Incident)]
    assert [one.kind for one in incidents] == ["clock-skew"]
    assert (await shell.status())["skew_s"]["greenhouse-1"] == pytest.approx(-3600.0, abs=5.0)
    assert shell.handed[0][1].time_s == pytest.approx(CLOCK.monotonic_s(), abs=5.0)


async def test_a_flood_is_told_once_and_the_cells_of_others_are_heard(shell: OnMemory, arena: Arena) -> None:
    flood = [reading(sequence, device="flood") for sequence in range(1000)]
    await hear(shell, *flood, on="dev.nervous.devices.flood.reading")
    await hear(shell, reading())
    shell.sense()
    incidents = [one.body for one in told(arena, "devices") if isinstance(one.body, Incident)]
    assert [(one.kind, one.entity) for one in incidents] == [("device-flood", "device.flood.distance_front")]
    assert [owner.split(".")[1] for owner, _ in shell.handed] == ["flood", "greenhouse-1"]
    status = await shell.status()
    assert status["taken"] + status["dropped"] == 1001
    assert status["dropped"] > 700


async def test_the_successor_knows_the_devices(shell: OnMemory, charter: Charter) -> None:
    await hear(shell, reading())
    shell.sense()
    await shell.stop()
    after = OnMemory(charter, MemoryBroker())
    status = await after.status()
    assert status["devices"] == {"greenhouse-1": {"distance_front": "operational"}}
    assert status["taken"] == 1


async def test_a_keepsake_of_no_use_is_no_reason_to_fail(charter: Charter, arena: Arena) -> None:
    first = OnMemory(charter, MemoryBroker())
    first._keepsake.write({"devices": {"d": {"nose": {}}}})
    assert (await OnMemory(charter, MemoryBroker()).status())["devices"] == {}


async def test_without_a_password_nobody_is_dialled(charter: Charter, arena: Arena) -> None:
    without = replace(charter, secrets={})
    with pytest.raises(KeyError):
        await DevicesShell(without)._dial()
