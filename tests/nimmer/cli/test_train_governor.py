"""`nimmer train governor` and `nimmer evaluate governor`, on villages so small that it takes no time."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner, Result

from nimmer.cli.main import app
from nimmer.minds.governor_weights import load_governor
from nimmer.minds.strategy import Strategy, StrategySettings
from nimmer.minds.tensor_file import read_tensors
from nimmer.world import scarcity
from policies import governor_evaluation, governor_training
from policies.governor_checkpoint import FORMAT
from policies.revision import revision

RUNNER = CliRunner()
TRACE = Path(__file__).parents[3] / "docs" / "bench" / "governor_trace.csv"
TINY = governor_training.Course(
    npcs=(3,), scenarios=1, epochs=1, validation=2, validate_every=2, strategy=StrategySettings(pairs=1)
)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(governor_training, "Course", lambda size: TINY)
    monkeypatch.setattr(governor_evaluation, "ScarcityModel", lambda: scarcity.ScarcityModel(epoch_ticks=20))


def run(*words: str) -> Result:
    result = RUNNER.invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return result


def refused(*words: str) -> str:
    result = RUNNER.invoke(app, list(words))
    assert result.exit_code != 0, result.output
    return " ".join(result.output.split())


def test_a_training_leaves_weights_a_checkpoint_and_a_journal_and_can_go_on(place: Path) -> None:
    told = json.loads(
        run("train", "governor", "--generations", "2", "--seed", "3", "--out", "run", "--json").stdout
    )
    assert told["generations"] == 2
    weights, card = load_governor(place / "run" / "governor.safetensors", "small")
    assert (card.method, card.seed, card.generations) == ("es", 3, 2)
    assert card.commit == revision()
    assert card.scores["validation"] == pytest.approx(told["best"])
    assert weights["head_w"].any()
    again = json.loads(
        run(
            "train", "governor", "--generations", "3", "--seed", "3", "--out", "run", "--resume", "--json"
        ).stdout
    )
    assert again["generations"] == 3
    journal = (place / "run" / "training.csv").read_text().split()
    assert [line.split(",")[0] for line in journal] == ["generation", "1", "2", "3"]


def test_a_generation_that_is_cut_short_has_never_been(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("train", "governor", "--seed", "3", "--generations")
    run(*words, "4", "--out", "whole")
    tell = Strategy.tell

    def cut_short(self: Strategy, scores: NDArray[np.float64]) -> None:
        tell(self, scores)
        if self.generation == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Strategy, "tell", cut_short)
        told = json.loads(run(*words, "4", "--out", "cut", "--json").stdout)
    assert (told["generations"], told["interrupted"]) == (2, True)
    run(*words, "4", "--out", "cut", "--resume")
    assert (place / "cut" / "training.csv").read_bytes() == (place / "whole" / "training.csv").read_bytes()
    (cut, _), (whole, _) = (
        read_tensors(place / name / "checkpoint.safetensors", FORMAT, "training", "nobody")
        for name in ("cut", "whole")
    )
    assert {name: one.tobytes() for name, one in cut.items()} == {
        name: one.tobytes() for name, one in whole.items()
    }


def test_what_cannot_be_trained_is_refused_with_the_reason() -> None:
    assert "kept for evaluation" in refused("train", "governor", "--seed", "1000000000")
    assert "--resume: there is no run/checkpoint" in refused("train", "governor", "--out", "run", "--resume")
    run("train", "governor", "--generations", "1", "--out", "run")
    assert "is there already; give --resume" in refused("train", "governor", "--out", "run")
    assert "its seed is 1, not 2" in refused("train", "governor", "--out", "run", "--seed", "2", "--resume")
    assert "begins anew each time" in refused(
        "train", "governor", "--out", "run", "--resume", "--method", "ppo"
    )


def test_an_evaluation_writes_its_tables(place: Path) -> None:
    run("train", "governor", "--generations", "1", "--out", "run")
    words = ["evaluate", "governor", "--weights", "run/governor.safetensors", "--seeds", "2", "--npcs", "3"]
    told = json.loads(run(*words, "--budgets", "0.3", "--out", "tables", "--json").stdout)
    assert {row["rival"] for row in told["rivals"]} >= {"net", "uniform", "best static", "net without gates"}
    assert (place / "tables" / "governor.csv").read_text().startswith("budget,rival,seeds,score,")
    assert (place / "tables" / "governor_goal.csv").is_file()
    shown = run(*words, "--budgets", "0.3").stdout
    assert "CPU budget 0.3 of full demand" in shown
    assert "the net against the best static rule" in shown


def test_without_matplotlib_plots_are_refused_before_anything_is_evaluated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr(governor_evaluation, "Evaluation", None)
    for more in ((), ("--trace", "trace.csv")):
        assert "--plots draws with matplotlib, which is not installed" in refused(
            "evaluate", "governor", "--plots", "pictures", *more
        )


@pytest.mark.parametrize("option", ["--out", "--plots"])
def test_what_cannot_be_written_is_said(place: Path, option: str) -> None:
    run("train", "governor", "--generations", "1", "--out", "run")
    (place / "file").touch()
    assert "cannot be written (Not a directory)" in refused(
        "evaluate", "governor", "--weights", "run/governor.safetensors", "--seeds", "2", "--npcs", "3",
        "--budgets", "0.3", option, "file/within",
    )  # fmt: skip


def test_a_budget_that_is_none_and_weights_that_are_none_are_refused(place: Path) -> None:
    run("train", "governor", "--generations", "1", "--out", "run")
    assert "--budgets 'much': give numbers" in refused(
        "evaluate", "governor", "--weights", "run/governor.safetensors", "--budgets", "much"
    )
    (place / "p.safetensors").write_bytes(b"PK\x03\x04 and a torch archive")
    assert "is a pickle" in refused("evaluate", "governor", "--weights", "p.safetensors")


def test_the_models_error_is_shown_against_the_recorded_villages(place: Path) -> None:
    with TRACE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (place / "trace.csv").open("w", newline="") as file:
        short = csv.DictWriter(file, list(rows[0]))
        short.writeheader()
        short.writerows(row for row in rows if int(row["epoch"]) < 3)
    told = json.loads(run("evaluate", "governor", "--trace", "trace.csv", "--json").stdout)
    coverage = {row["run"]: row for row in told["errors"] if row["quantity"] == "coverage after each epoch"}
    assert set(coverage) == {"fitted", "held out"}
    assert all(row["per_npc_error"] < 0.05 for row in coverage.values())
    assert told["fitted"]["tick_cost_ms"] > 0.0
