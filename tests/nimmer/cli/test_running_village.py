"""The commands against real servers: a village of which only the servers and the voices are there."""

import asyncio
import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner

from nimmer.arena.layout import TRAIL
from nimmer.bus.bus import Delivery
from nimmer.bus.identities import BRIDGE, identities
from nimmer.bus.message import Command, decode
from nimmer.bus.nats import NatsBus
from nimmer.cli.main import app
from nimmer.clock import SystemClock
from nimmer.embedded.credentials import Credentials, ensure
from nimmer.embedded.nats_server import NatsServer
from nimmer.embedded.postgres_server import PostgresServer
from nimmer.host.household import Household, Run
from nimmer.life.action import Verb
from nimmer.stores.migrate import migrate
from nimmer.stores.postgres import PostgresTraces
from nimmer.stores.traces import RecordBatch, unix_offset_s
from tests.nimmer.cli.village_talk import (
    RUN,
    aggregate,
    npc_state,
    quiz_report,
    status,
    transition,
    virtual_reply,
    wave,
    wire,
)

pytestmark = pytest.mark.servers
RUNNER = CliRunner()
CLOCK = SystemClock()


@dataclass
class Hamlet:
    state_dir: Path
    credentials: Credentials
    url: str


async def speak(url: str, password: str, ready: threading.Event, done: threading.Event) -> None:
    bus = await NatsBus.connect(url, BRIDGE, password, CLOCK)

    async def tell_status(_: Delivery) -> bytes:
        return wire(status())

    async def tell_quiz(_: Delivery) -> bytes:
        return wire(quiz_report())

    async def obey(order: Delivery) -> bytes:
        command = decode(order.subject, order.payload).body
        assert isinstance(command, Command)
        return wire(virtual_reply(f"{command.command} {command.arguments}"))

    await bus.subscribe("dev.world.virtual.command", obey)
    await bus.subscribe("dev.thalamus.governor.command", obey)
    await bus.subscribe("dev.thalamus.status.request", tell_status)
    await bus.subscribe("dev.world.quiz.request", tell_quiz)
    ready.set()
    tick = 0
    while not done.is_set():
        tick += 1
        await bus.publish("dev.world.arena.aggregate", wire(aggregate()))
        await bus.publish("dev.thalamus.gate.open", wire(transition()))
        for npc in range(3):
            await bus.publish(f"dev.npc.{npc}.state", wire(npc_state(npc, tick)))
            await bus.publish("dev.nervous.cells.distance.wave", wire(wave()))
        await CLOCK.sleep_s(0.1)
    await bus.close()


async def remember(dsn: str) -> None:
    records = np.zeros(40, dtype=TRAIL)
    records["npc_tick"] = np.arange(40) // 2 + 1
    records["world_tick"] = np.arange(40)
    records["time_s"] = CLOCK.monotonic_s() - 40 + np.arange(40)
    records["verb"], records["slot"] = Verb.MOVE, 1
    records["gates"] = 0b01_01_01_10
    records["nerve"], records["rejection"] = 1, 2
    traces = PostgresTraces(dsn)
    await traces.write(RecordBatch(RUN, np.arange(40) % 2, records, unix_offset_s(CLOCK)))
    await traces.close()


@pytest.fixture(scope="module")
def hamlet() -> Iterator[Hamlet]:
    home = Path(tempfile.mkdtemp(prefix="nimmer-"))
    home.chmod(0o711)
    state = home / "dev"
    household = Household.claim(state, Run(RUN, "dev", 5), CLOCK)
    credentials = ensure(state, identities("dev"))
    nats = NatsServer(state, "dev", credentials, CLOCK)
    postgres = PostgresServer(state, "dev", credentials, home, CLOCK)
    ready, done = threading.Event(), threading.Event()
    try:
        url = nats.start()
        dsn = postgres.start()
        owner = make_conninfo(dsn, password=credentials.postgres)
        migrate(owner)
        asyncio.run(remember(owner))
        household.update(nats_url=url, postgres_dsn=dsn, dashboard_url="http://127.0.0.1:8265")
        voice = threading.Thread(
            target=lambda: asyncio.run(speak(url, credentials.nats[BRIDGE], ready, done))
        )
        voice.start()
        assert ready.wait(20)
        yield Hamlet(home, credentials, url)
        done.set()
        voice.join(20)
    finally:
        done.set()
        nats.stop()
        postgres.stop()
        household.release()
        shutil.rmtree(home)


@pytest.fixture(autouse=True)
def at_home(hamlet: Hamlet, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIMMER_STATE_DIR", str(hamlet.state_dir))


def said(*arguments: str) -> str:
    result = RUNNER.invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_status_is_what_the_village_answers() -> None:
    told = json.loads(said("status", "--json"))
    assert told["run"] == RUN
    assert told["npcs"][0]["gates"] == {"collision_avoidance_gate": 1, "battery_gate": 0}
    assert told["dashboard_url"] == "http://127.0.0.1:8265"
    page = said("status")
    for words in (
        "level 1",
        "cgroup v2 is read-only",
        "npc.7 died and was born again",
        "90 spooled",
        "990/1000",
    ):
        assert words in page, words


def test_quiz_shows_who_misses_what() -> None:
    assert json.loads(said("quiz", "--json"))["npcs"][1]["missing"] == [3, 24]
    page = said("quiz")
    assert "not passed yet" in page
    assert "3, 24" in page


@pytest.mark.parametrize(
    ("arguments", "ordered"),
    [
        (["status"], "status {}"),
        (["speed", "31.6"], "speed {'x': 31.6}"),
        (["pause"], "pause {}"),
        (["resume"], "resume {}"),
        (["rewind"], "rewind {}"),
        (["rewind", "2"], "rewind {'checkpoint': 2}"),
        (["snapshot"], "snapshot {}"),
        (["follow"], "follow {}"),
    ],
)
def test_orders_reach_the_virtual_garden_and_its_state_comes_back(arguments: list[str], ordered: str) -> None:
    found = json.loads(said("virtual", *arguments, "--json"))
    assert found["said"] == ordered
    assert found["speed"] == 31.5


def test_orders_reach_the_governor() -> None:
    assert said("governor", "mode", "shadow") == "mode {'mode': 'shadow'}\n"
    assert json.loads(said("governor", "reset", "--json"))["said"] == "reset {}"


def test_the_virtual_garden_is_shown_with_its_speed_purse_and_forecasts() -> None:
    page = said("virtual", "status")
    for words in (
        "31.5x of 100x asked for",
        "the purse cannot pay for more",
        "88.5 lifeforce",
        "25 borne out, 5 not, 2 surprises",
    ):
        assert words in page, words


def test_watch_once_prints_what_was_heard() -> None:
    page = said("watch", "--once")
    assert "level 1" in page
    assert "NPCs 3/" in page
    assert "npc.7.collision_avoidance" in page
    assert "distance" in page


def test_watch_without_waves_hears_none() -> None:
    assert "distance   " not in said("watch", "--once", "--no-waves")


def test_watch_saves_a_picture(place: Path) -> None:
    said("watch", "--svg", "village.svg")
    assert "npc.7.collision" in (place / "village.svg").read_text()


def test_watch_needs_a_terminal_to_stay() -> None:
    result = RUNNER.invoke(app, ["watch"])
    assert result.exit_code == 1
    assert "needs a terminal" in result.stderr


def test_credentials_let_a_guest_in(hamlet: Hamlet) -> None:
    told = json.loads(said("bus", "credentials", "--identity", "guest", "--json"))
    assert told == {
        "url": hamlet.url,
        "user": "guest",
        "password": hamlet.credentials.nats["guest"],
        "inbox_prefix": "_INBOX.guest",
    }


def test_an_unknown_identity_is_told_the_known_ones() -> None:
    result = RUNNER.invoke(app, ["bus", "credentials", "--identity", "ghost"])
    assert result.exit_code == 1
    assert "choose one of bridge, device, guest, nyx-cognitive" in result.stderr


def test_the_bus_document_names_the_running_broker(hamlet: Hamlet) -> None:
    document = json.loads(said("bus", "asyncapi"))
    assert document["asyncapi"] == "3.0.0"
    assert hamlet.url.removeprefix("nats://") in json.dumps(document["servers"])


def test_a_question_on_the_bus_is_answered_as_json() -> None:
    assert json.loads(said("bus", "ask", "world.quiz.request"))["locations"] == 25


def test_a_question_a_guest_may_not_ask_is_refused() -> None:
    command = '{"command": "freeze"}'
    result = RUNNER.invoke(app, ["bus", "ask", "thalamus.governor.command", command])
    assert result.exit_code == 1
    assert "guest" in result.stderr


def test_listening_prints_a_message_per_line() -> None:
    lines = [json.loads(line) for line in said("bus", "listen", "npc.1.state", "--count", "2").splitlines()]
    assert [line["subject"] for line in lines] == ["dev.npc.1.state"] * 2
    assert lines[0]["body"]["npc_id"] == 1


def test_trails_are_read_back_oldest_first_in_words() -> None:
    rows = json.loads(said("trails", "--npc", "1", "--json"))
    assert len(rows) == 20
    assert [row["tick"] for row in rows] == list(range(1, 21))
    assert rows[0]["verb"] == "move"
    assert rows[0]["nerve"] == "collision_avoidance"
    assert rows[0]["rejection"] == "node_full"
    assert list(rows[0]["gates"].values())[:2] == [1, 0]
    page = said("trails", "--limit", "2")
    assert "move 1" in page
    assert "node_full" in page
    assert len(page.splitlines()) == 3


def test_trails_can_be_narrowed_to_the_last_seconds_and_to_a_run() -> None:
    # the newest trail is a second older than the moment it was written, and the fixture is young
    assert (
        json.loads(said("trails", "--last", "1h", "--run", RUN, "--limit", "7", "--json"))[-1]["world_tick"]
        == 39
    )
    assert json.loads(said("trails", "--run", "f" * 16, "--json")) == []


def test_a_village_whose_launcher_is_gone_is_not_running(hamlet: Hamlet, tmp_path: Path) -> None:
    other = tmp_path / "state" / "dev"
    other.mkdir(parents=True)
    estate = json.loads((hamlet.state_dir / "dev" / "run.json").read_text())
    estate["launcher"] = {"pid": 1, "started": 3}
    (other / "run.json").write_text(json.dumps(estate))
    (other / "run.json").chmod(0o600)
    result = RUNNER.invoke(app, ["status"], env={"NIMMER_STATE_DIR": str(tmp_path / "state")})
    assert result.exit_code == 1
    assert "(that of pid 1 has ended): start one with `nimmer up`" in result.stderr
