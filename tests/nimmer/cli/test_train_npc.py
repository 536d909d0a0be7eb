import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nimmer.cli.main import app
from nimmer.minds.village_weights import load_village

RUNNER = CliRunner()
SMALL = ["--npcs", "3", "--network", "small", "--worlds", "2", "--agent-steps", "400"]


def test_a_training_writes_brains_and_says_how_it_went(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["train", "npc", *SMALL, "--out", str(tmp_path / "run"), "--json"])
    assert result.exit_code == 0, result.output
    summary = json.loads(result.output)
    assert (summary["finished"], summary["trainer"]) == (True, "stacked")
    assert len(load_village(Path(summary["brains"]))[0]) == 3
    again = RUNNER.invoke(app, ["train", "npc", "--resume", str(tmp_path / "run")])
    assert again.exit_code == 0, again.output
    assert "next: nimmer evaluate npc --weights" in again.output


def test_the_rival_is_trained_by_the_same_command(tmp_path: Path) -> None:
    options = ["--trainer", "cleanrl", "--npcs", "3", "--agent-steps", "1000", "--out", str(tmp_path)]
    result = RUNNER.invoke(app, ["train", "npc", *options, "--json"])
    assert result.exit_code == 0, result.output
    assert load_village(Path(json.loads(result.output)["brains"]))[1].configuration["trainer"] == "cleanrl"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--level", "9"], "there is no level 9; choose 1..3"),
        (["--seed", "1000000000"], "kept for evaluation"),
        (["--network", "huge"], "small, medium, large"),
        (["--npcs", "300"], "has room for 90 NPCs"),
        (["--level", "1", "--level", "1"], "each only once"),
        (["--for", "soon"], "is no duration"),
        (["--resume", "nowhere"], "there is no training to go on with"),
        (["--trainer", "cleanrl", "--tune", "2"], "leave --trainer out"),
        (["--trainer", "cleanrl", "--worlds", "2"], "--worlds says nothing to the rival"),
        (["--trainer", "cleanrl", "--for", "1m"], "ends with --agent-steps"),
    ],
)
def test_bad_input_is_an_error_that_says_what_to_do(tmp_path: Path, options: list[str], says: str) -> None:
    result = RUNNER.invoke(app, ["train", "npc", "--out", str(tmp_path / "run"), *options])
    assert result.exit_code == 2, result.output
    assert says in " ".join(result.output.split())
    assert not (tmp_path / "run").exists()
