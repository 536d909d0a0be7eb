import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nimmer.cli.main import app
from nimmer.minds.nursery import prepare_brains

RUNNER = CliRunner()
FEW = ["evaluate", "npc", "--seeds", "2"]


def test_the_table_names_brains_ticks_and_the_bound() -> None:
    result = RUNNER.invoke(app, FEW)
    assert result.exit_code == 0
    for word in ("random", "explorer", "trained, greedy", "x bound", "level 1", "2 seeds"):
        assert word in result.stdout


def test_brains_of_a_directory_are_judged_drawn_and_greedy_and_everything_is_written(tmp_path: Path) -> None:
    prepare_brains(tmp_path / "brains", 4, "small", seed=1)
    arguments = [*FEW, "--npcs", "4", "--rivals", "explorer", "--weights", str(tmp_path / "brains")]
    arguments += ["--bodies", "1", "--most-ticks", "60", "--out", str(tmp_path / "out"), "--json"]
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 0
    scores = json.loads(result.stdout)["scores"]
    names = ["explorer", "trained", "trained, greedy"]
    assert [(one["name"], one["embodied"]) for one in scores] == [
        (name, embodied) for embodied in (False, True) for name in names
    ]
    table = list(csv.DictReader((tmp_path / "out" / "evaluate-npc.csv").read_text().splitlines()))
    assert [row["brain"] for row in table] == names * 2
    assert (tmp_path / "out" / "evaluate-npc-coverage.csv").exists()


def test_the_table_comes_as_markdown() -> None:
    result = RUNNER.invoke(app, [*FEW, "--rivals", "explorer", "--markdown"])
    assert result.stdout.startswith("| brain | life |")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--level", "9"], "there is no level 9"),
        (["--seeds", "0"], "0 evaluation seeds"),
        (["--npcs", "91"], "has room for 90 NPCs"),
        (["--npcs", "0"], "--npcs is 0"),
        (["--bodies", "101"], "--bodies is 101"),
        (["--most-ticks", "0"], "--most-ticks is 0"),
        (["--rivals", "chance"], "names 'chance'"),
        (["--rivals", "cleanrl"], "has to be trained"),
        (["--weights", "nowhere"], "neither npcs.safetensors nor npc-0"),
    ],
)
def test_bad_input_is_an_error_that_says_what_to_do(arguments: list[str], reason: str) -> None:
    result = RUNNER.invoke(app, ["evaluate", "npc", *arguments])
    assert result.exit_code == 2
    assert reason in " ".join(result.stderr.split())


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "npc-0.safetensors").write_bytes(b"\x80\x04 a pickle")
    result = RUNNER.invoke(app, [*FEW, "--rivals", "none", "--weights", str(tmp_path)])
    assert result.exit_code == 2
    assert "pickle" in result.stderr


def test_it_runs_without_the_training_extra() -> None:
    program = """
import sys
for name in ("torch", "gymnasium", "pettingzoo", "matplotlib", "ray"):
    sys.modules[name] = None
from nimmer.cli.main import app
app(["evaluate", "npc", "--seeds", "1", "--rivals", "explorer"], standalone_mode=False)
try:
    app(["evaluate", "npc", "--seeds", "1", "--plot", "x.png"])
except SystemExit as end:
    print("exit", end.code)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120
    )
    assert "explorer" in done.stdout
    assert "nimmer[training]" in done.stderr
    assert done.stdout.endswith("exit 1\n")
