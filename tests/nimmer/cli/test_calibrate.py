"""`nimmer calibrate` on a machine of two workloads."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nimmer.cli import calibrate
from nimmer.cli.main import app
from nimmer.host.calibration import Workload
from nimmer.host.energy import ManualEnergy
from nimmer.life.prices import Prices
from nimmer.life.profile import load_profile

RUNNER = CliRunner()


def count(rounds: int) -> None:
    sum(range(rounds * 100))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [Workload(("cell.energy",), count), Workload(("brain.explorer",), count)]
    monkeypatch.setattr(calibrate, "workloads", lambda: wanted)
    monkeypatch.setattr(calibrate, "Rapl", lambda: ManualEnergy("the counter is for root alone"))


def test_it_writes_a_profile_the_economy_can_run_on(place: Path) -> None:
    result = RUNNER.invoke(app, ["calibrate", "--repeat", "3"])
    assert result.exit_code == 0, result.output
    path = place / ".nimmer" / "dev" / "prices.json"
    profile = load_profile(path)
    assert (profile.samples, list(profile.operations)) == (3, ["cell.energy", "brain.explorer"])
    assert profile.operations["cell.energy"].joules is None
    assert Prices.measured(profile).cell("energy", 0.1) > 0.0
    told = " ".join(result.stdout.split())
    assert "no joules: the counter is for root alone" in told
    assert "not measured, so charged as printed: cell.distance_front" in told
    assert f"written to {path}" in told
    assert [one.name for one in path.parent.iterdir()] == ["prices.json"]


def test_the_json_has_the_profile_its_prices_and_what_is_missing(place: Path) -> None:
    result = RUNNER.invoke(app, ["calibrate", "--repeat", "1", "--json", "--out", "sub/p.json"])
    told = json.loads(result.stdout)
    assert told["path"] == "sub/p.json"
    assert told["profile"] == json.loads((place / "sub" / "p.json").read_text())
    assert told["prices"].keys() == {"cell.energy", "brain.explorer"}
    assert told["no_joules_because"] == "the counter is for root alone"
    assert "cell.social" in told["not_measured"]
    assert "measuring" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--repeat", "0"], 2, "--repeat"),
        (["--out", "file/p.json"], 1, "file cannot be made"),
        (["--out", "folder"], 1, "folder is a directory; give a file with --out"),
    ],
)
def test_a_place_it_cannot_write_is_told_before_anything_is_measured(
    arguments: list[str], code: int, words: str, place: Path
) -> None:
    (place / "file").write_text("")
    (place / "folder").mkdir()
    result = RUNNER.invoke(app, ["calibrate", *arguments])
    assert result.exit_code == code
    assert words in result.stderr
