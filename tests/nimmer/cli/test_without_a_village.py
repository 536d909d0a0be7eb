import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from nimmer.cli.main import app
from nimmer.stores.action_log import ActionLogWriter
from nimmer.world.curriculum import birth, birth_generator
from nimmer.world.journal import Arrival, LevelFrame, RunHeader, TickFrame
from nimmer.world.levels import load_levels
from nimmer.world.rules import Rules
from nimmer.world.step import step

RUNNER = CliRunner()
RUN = "0123456789abcdef"


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["quiz"],
        ["virtual", "status"],
        ["virtual", "speed", "10"],
        ["governor", "mode", "shadow"],
        ["governor", "reset"],
        ["watch", "--once"],
        ["trails"],
        ["bus", "credentials"],
        ["status", "--json"],
    ],
)
def test_without_a_village_a_command_says_how_to_start_one(arguments: list[str], place: Path) -> None:
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 1
    assert result.stderr == (
        f"error: no village is running in {place}/.nimmer/dev: start one with `nimmer up`\n"
    )
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trails", "--last", "soon"], "'soon' is no duration"),
        (["trails", "--run", "7"], "16 hex digits"),
        (["governor", "explain", "--run", "7"], "16 hex digits"),
        (["governor", "report", "--run", "7"], "16 hex digits"),
        (["governor", "mode", "loud"], "none of net, rule, shadow, off"),
        (["replay"], "name one run, or give --last"),
        (["replay", "x", "--last"], "name one run, or give --last"),
        (["replay", "not-a-run"], "is no run and no file"),
        (["bus", "ask", "npc.7.states"], "the nearest is dev.npc"),
        (["bus", "ask", "npc.7.state"], "is an event, nobody answers there; questions go to"),
        (["bus", "ask", "npc.7.action", "{"], "is no NpcAction"),
        (["bus", "ask", "npc.7.action", '{"npc_id": 7, "verb": "fly"}'], "is no NpcAction"),
        (["virtual", "speed", "2000"], "speed is 2000.0; it is a number from 1 to 1000, such as 10"),
        (["virtual", "speed", "0.5"], "speed is 0.5"),
        (["virtual", "rewind", "x"], "Usage: nimmer virtual rewind"),
        (["status", "--config", "absent.toml"], "absent.toml (from --config) does not exist"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sought(arguments: list[str], words: str) -> None:
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_run_that_was_never_made_is_not_replayed(place: Path) -> None:
    assert "no action log" in RUNNER.invoke(app, ["replay", RUN]).stderr
    result = RUNNER.invoke(app, ["replay", "--last"])
    assert result.exit_code == 1
    assert f"there is no run in {place}/.nimmer/dev/runs" in result.stderr


def log_a_run(path: Path, tampered_tick: int | None = None, ticks: int = 30, npcs: int = 4) -> None:
    levels, rules = load_levels(), Rules()
    header = RunHeader(RUN, 7, npcs, 1, rules.to_mapping(), levels.digest())
    village = birth(levels[1], rules, npcs, 1, birth_generator(7, 1))
    generator = np.random.Generator(np.random.PCG64(3))
    with ActionLogWriter.create(path, header) as log:
        log.append(LevelFrame(0, 1, Arrival.BIRTH, village.digest()))
        for tick in range(1, ticks + 1):
            verbs = generator.integers(0, 4, (1, npcs)).astype(np.uint8)
            slots = generator.integers(0, 4, (1, npcs)).astype(np.int8)
            present, permitted = np.ones((1, npcs), bool), np.zeros((1, npcs), bool)
            village = step(levels[1], rules, village, verbs, slots, present, permitted)[0]
            digest = bytes(16) if tick == tampered_tick else village.digest()
            log.append(TickFrame(tick, verbs[0], slots[0], present[0], permitted[0], digest))


def test_a_run_is_replayed_equal(place: Path) -> None:
    log_a_run(place / ".nimmer" / "dev" / "runs" / RUN / "actions.log")
    result = RUNNER.invoke(app, ["replay", "--last"])
    assert result.exit_code == 0, result.output
    assert "equal: all 30 ticks" in result.stdout
    told = json.loads(RUNNER.invoke(app, ["replay", RUN, "--json"]).stdout)
    assert told["equal"] is True
    assert told["ticks"] == 30
    assert told["first_divergence"] is None
    assert not told["torn_tail"]


def test_a_run_that_differs_names_the_first_tick_and_fails(place: Path) -> None:
    log_a_run(place / "somewhere.log", tampered_tick=17)
    result = RUNNER.invoke(app, ["replay", "somewhere.log"])
    assert result.exit_code == 1
    assert "DIFFERENT at tick 17" in result.stdout
    told = RUNNER.invoke(app, ["replay", "somewhere.log", "--json"])
    assert told.exit_code == 1
    assert json.loads(told.stdout)["first_divergence"] == 17


def test_a_torn_log_is_replayed_as_far_as_it_goes(place: Path) -> None:
    log_a_run(place / "torn.log")
    whole = (place / "torn.log").read_bytes()
    (place / "torn.log").write_bytes(whole[:-5])
    result = RUNNER.invoke(app, ["replay", "torn.log"])
    assert result.exit_code == 0
    assert "equal: all 29 ticks" in result.stdout
    assert "torn" in result.stdout


def test_the_doctor_reports_every_check_and_fails_when_one_does(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIMMER_LIMITS__MODE", "none")
    good = RUNNER.invoke(app, ["doctor", "--json"])
    names = {check["name"] for check in json.loads(good.stdout)}
    assert {"python", "ray", "limits", "ray.dashboard_port"} <= names
    (place / "file").write_text("")
    monkeypatch.setenv("NIMMER_STATE_DIR", str(place / "file"))
    bad = RUNNER.invoke(app, ["doctor"])
    assert bad.exit_code == 1
    assert "fail" in bad.stdout
