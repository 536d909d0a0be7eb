"""The governor's evaluation: paired, repeatable, and honest about what is better than what."""

import csv
from pathlib import Path

import numpy as np
import pytest

from nimmer.chance import Chance
from nimmer.errors import ConfigError, WeightsError
from nimmer.minds.governor_net import GovernorNet, shapes
from nimmer.world.levels import load_levels
from nimmer.world.scarcity import ScarcityModel
from policies.governor_evaluation import NET, RIVALS, STATIC, UNTRAINED, Evaluation, Scope, gain, interval
from policies.governor_fit import coverage_error, errors, fit, read_traces
from policies.governor_report import error_rows, goals, table, write_csv
from policies.governor_training import LEVEL, beginning

LEVELS = load_levels()
BENCH = Path(__file__).parents[2] / "docs" / "bench"
TRACE, ERRORS = BENCH / "governor_trace.csv", BENCH / "governor_model_error.csv"
SCOPE = Scope(seeds=3, npcs=4, epochs=2, budgets=(0.2, 0.6), search_rounds=2, search_copies=3, search_seeds=2)


def evaluated() -> Evaluation:
    evaluation = Evaluation(LEVELS[LEVEL], SCOPE, ScarcityModel(epoch_ticks=20))
    evaluation.net(GovernorNet(beginning("small", Chance(1).generator("net"))))
    for name, rival in RIVALS.items():
        evaluation.run(name, rival())
    evaluation.search_static()
    return evaluation


def test_an_evaluation_is_repeatable_and_has_a_row_for_everybody(tmp_path: Path) -> None:
    first, second = evaluated(), evaluated()
    rows = table(first)
    assert rows == table(second)
    assert len(rows) == 2 * (len(RIVALS) + 1 + 5)
    scores = {(row["budget"], row["rival"]): float(str(row["score"])) for row in rows}
    for row in rows:
        better = scores[row["budget"], NET] / scores[row["budget"], row["rival"]] - 1.0
        assert row["net_better"] == pytest.approx(better, abs=2e-4), row
    goal = goals(first)
    assert [row["budget"] for row in goal] == [0.2, 0.6, "all"]
    for row in goal[:2]:
        best = max((scores[row["budget"], name], name) for name in STATIC)[1]
        assert row["best_static"] == best
        better = scores[row["budget"], NET] / scores[row["budget"], best] - 1.0
        assert row["better_than_static"] == pytest.approx(better, abs=2e-4), row
    write_csv(tmp_path / "governor.csv", rows)
    assert (tmp_path / "governor.csv").read_text().count("\n") == len(rows) + 1


def test_every_rival_has_a_colour_of_its_own() -> None:
    plots = pytest.importorskip("policies.governor_plots", exc_type=ImportError)
    shown = {NET, UNTRAINED, *STATIC, *RIVALS}
    assert shown == set(plots._COLOURS)
    assert len(set(plots._COLOURS.values())) == len(shown)


def test_there_are_only_so_many_evaluation_seeds() -> None:
    with pytest.raises(ConfigError, match="1001 evaluation seeds"):
        Evaluation(LEVELS[LEVEL], Scope(seeds=1001))


def test_a_gain_is_paired_by_seed_and_its_interval_holds_it() -> None:
    chance = Chance(1).generator("x")
    theirs = 10.0 + 5.0 * chance.random(40)
    better, low, high = gain(1.2 * theirs, theirs)
    assert better == pytest.approx(0.2)
    assert low == pytest.approx(high)
    noisy = 1.2 * theirs + chance.standard_normal(40)
    better, low, high = gain(noisy, theirs)
    assert low < better < high
    low, high = interval(theirs)
    assert low < theirs.mean() < high


def test_the_training_world_lives_the_recorded_villages_again_within_a_few_hundredths() -> None:
    first, second = read_traces(TRACE)
    model = fit(ScarcityModel(), first, LEVELS)
    assert model.tick_cost_ms == pytest.approx(ScarcityModel().tick_cost_ms, rel=0.05)
    assert model.fact_pays == pytest.approx(ScarcityModel().fact_pays, rel=0.05)
    for run in (first, second):
        real, modelled = coverage_error(model, run, LEVELS)
        assert np.abs(real - modelled).mean() < 0.05
    found = error_rows(errors(model, {"fitted": first, "held out": second}.items(), LEVELS))
    relative = {(row["quantity"], row["run"]): float(str(row["relative_error"])) for row in found}
    assert abs(relative["gained", "held out"]) < 0.1
    assert abs(relative["earned", "held out"]) < 0.2
    with ERRORS.open(newline="") as file:
        committed = [row for row in csv.DictReader(file) if not row["quantity"].startswith("coverage")]
    assert [(row["quantity"], row["run"]) for row in committed] == [
        (row["quantity"], row["run"]) for row in found
    ]
    for said, row in zip(committed, found, strict=True):
        for name in ("real", "model", "relative_error", "per_npc_error"):
            assert float(said[name]) == pytest.approx(row[name], abs=1e-4), (
                said["quantity"],
                said["run"],
                name,
            )


def test_a_net_of_a_size_no_training_begins_with_is_refused() -> None:
    odd = GovernorNet({name: np.zeros(shape, np.float32) for name, shape in shapes(24).items()})
    with pytest.raises(WeightsError, match=r"layers are 24 wide.*small = 16"):
        Evaluation(LEVELS[LEVEL], SCOPE).net(odd)


def test_what_is_no_recording_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("run,seed\n1,2\n")
    with pytest.raises(ConfigError, match=r"a\.csv: no recording, it lacks abandoned, .*governor_trace\.py"):
        read_traces(tmp_path / "a.csv")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_traces(tmp_path / "nobody.csv")
