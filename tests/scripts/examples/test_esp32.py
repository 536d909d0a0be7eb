"""The example device, run as a program against a real broker: what it sends arrives, and becomes waves."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from actors.charter import Charter
from nimmer.arena.layout import Plan
from nimmer.arena.memory import Arena
from nimmer.arena.outbox import OUTBOXES
from nimmer.bus.bus import Delivery
from nimmer.bus.identities import DEVICE, NERVOUS
from nimmer.bus.message import DeviceReading, decode
from nimmer.bus.nats import NatsBus
from nimmer.clock import SystemClock
from tests.actors.eager_devices import Eager
from tests.nimmer.bus.conftest import Server

pytestmark = pytest.mark.servers
CLOCK = SystemClock()
PROGRAM = Path(__file__).parents[3] / "scripts" / "examples" / "esp32.py"
PASSWORD = {"DEVICE_PASSWORD": DEVICE}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("nats"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def charter(tmp_path: Path, server: Server) -> Charter:
    made = Charter(
        run="0123456789abcdef",
        environment="dev",
        seed=7,
        npcs=1,
        level=1,
        host="here",
        arena=str(tmp_path / "arena"),
        state_dir=str(tmp_path),
        secrets={NERVOUS: NERVOUS},
    )
    Arena.create(Path(made.arena), Plan(1, 25, len(OUTBOXES)), 1.0)
    return replace(made, nats_url=server.url)


async def board(url: str, *options: str, env: dict[str, str] | None = None) -> tuple[int | None, str]:
    """Run the device to its end; return its exit status and what it wrote."""
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(PROGRAM),
        *("--url", url, "--hz", "20", "--for", "0.4", *options),
        env=PASSWORD if env is None else env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    written, _ = await running.communicate()
    return running.returncode, written.decode()


async def test_what_the_board_sends_can_be_decoded(server: Server) -> None:
    bus = await NatsBus.connect(server.url, NERVOUS, NERVOUS, CLOCK)
    heard: list[DeviceReading] = []

    async def hear(delivery: Delivery) -> None:
        body = decode(delivery.subject, delivery.payload).body
        assert isinstance(body, DeviceReading)
        heard.append(body)

    await bus.subscribe("dev.nervous.devices.*.reading", hear)
    status, written = await board(server.url, "--sensor", "distance_front", "--sensor", "battery_monitor")
    assert (status, "2 sensors sent" in written) == (0, True), written
    async with asyncio.timeout(5.0):
        while len(heard) < 8:
            await CLOCK.sleep_s(0.01)
    assert {one.sensor for one in heard} == {"distance_front", "battery_monitor"}
    assert [one.sequence for one in heard if one.sensor == "distance_front"][:3] == [0, 1, 2]
    assert bus.counts.handler_errors == 0
    await bus.close()


async def test_every_sensor_of_the_board_becomes_a_cell(charter: Charter, server: Server) -> None:
    shell = Eager(charter)
    living = asyncio.ensure_future(shell.live())
    async with asyncio.timeout(10.0):
        await shell.listening.wait()
    status, written = await board(server.url, "--clock-off", "-3600")
    assert status == 0, written
    async with asyncio.timeout(5.0):
        while not shell.waves:
            await CLOCK.sleep_s(0.01)
    found = await shell.stop()
    await living
    assert found["devices"] == {
        "greenhouse-1": dict.fromkeys(
            ("distance_front", "battery_monitor", "light_sensor", "imu_sensor", "motor_left"), "operational"
        )
    }
    assert (found["refused"], found["dropped"]) == (0, 0)
    assert found["skew_s"]["greenhouse-1"] == pytest.approx(-3600.0, abs=5.0)


async def test_a_board_without_the_right_password_says_so(server: Server, tmp_path: Path) -> None:
    wrong = tmp_path / "secret"
    wrong.write_text("wrong\n")
    status, written = await board(server.url, "--password-file", str(wrong))
    assert (status, "Authorization Violation" in written) == (1, True), written
    status, written = await board(server.url, env={})
    assert (status, "DEVICE_PASSWORD" in written) == (1, True), written


def test_the_board_needs_nothing_of_nimmer() -> None:
    source = PROGRAM.read_text()
    assert "import nimmer" not in source
    assert "from nimmer" not in source
