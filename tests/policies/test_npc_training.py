import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nimmer.clock import ManualClock
from nimmer.errors import ConfigError, LevelError, WeightsError
from nimmer.minds.village_weights import load_village
from policies.checkpoint import load_checkpoint
from policies.npc_training import StackedTrainer, TrainingSettings
from policies.ppo import PpoSettings
from policies.training_run import begin, go_on

SMALL = TrainingSettings(
    npcs=3, size="small", worlds=4, agent_steps=1200, shared=0.5, ticks_per_house=1, ppo=PpoSettings(ticks=10)
)


def curve(trainer: StackedTrainer, iterations: int) -> list[dict[str, float]]:
    return [trainer.iterate() for _ in range(iterations)]


def same(first: list[dict[str, float]], second: list[dict[str, float]]) -> bool:
    def known(rows: list[dict[str, float]]) -> list[dict[str, float | None]]:
        return [{name: None if math.isnan(value) else value for name, value in row.items()} for row in rows]

    return known(first) == known(second)


def test_the_same_seed_gives_the_same_curve_and_another_another() -> None:
    first = curve(StackedTrainer(SMALL), 10)
    assert same(first, curve(StackedTrainer(SMALL), 10))
    assert not same(first, curve(StackedTrainer(replace(SMALL, seed=2)), 10))


def test_npcs_share_a_net_first_and_part_at_their_share_of_the_budget() -> None:
    trainer = StackedTrainer(SMALL)
    assert [row["nets"] for row in curve(trainer, 10)] == [1] * 5 + [3] * 5
    first, second, _ = trainer.brains()
    assert not np.array_equal(first["w1"], second["w1"])


@pytest.mark.parametrize("before", [3, 7])
def test_a_resumed_training_goes_on_as_if_it_had_not_stopped(tmp_path: Path, before: int) -> None:
    straight, stopped, resumed = StackedTrainer(SMALL), StackedTrainer(SMALL), StackedTrainer(SMALL)
    rows = curve(straight, 10)
    curve(stopped, before)
    stopped.save(tmp_path / "checkpoint")
    resumed.restore(tmp_path / "checkpoint")
    assert (resumed.iteration, resumed.agent_steps) == (before, before * 120)
    assert same(curve(resumed, 10 - before), rows[before:])
    for one, other in zip(straight.brains(), resumed.brains(), strict=True):
        assert all(np.array_equal(one[name], other[name]) for name in one)


def test_levels_share_the_villages_and_come_back_so(tmp_path: Path) -> None:
    both = replace(SMALL, levels=(1, 2))
    trainer, resumed = StackedTrainer(both), StackedTrainer(both)
    assert "episode_ticks_level_2" in trainer.iterate()
    assert trainer.agent_steps == 120
    trainer.save(tmp_path / "checkpoint")
    resumed.restore(tmp_path / "checkpoint")
    assert same(curve(trainer, 2), curve(resumed, 2))
    with pytest.raises(ConfigError, match="each only once"):
        replace(SMALL, levels=(1, 1))


def test_a_checkpoint_of_another_size_or_training_is_refused_with_the_fix(tmp_path: Path) -> None:
    trainer = StackedTrainer(SMALL)
    trainer.save(tmp_path / "checkpoint")
    with pytest.raises(
        WeightsError, match=r"small \(32 wide\), these medium \(64\); train with --network small"
    ):
        StackedTrainer(replace(SMALL, size="medium")).restore(tmp_path / "checkpoint")
    with pytest.raises(WeightsError, match="other settings \\(npcs\\)"):
        StackedTrainer(replace(SMALL, npcs=4)).restore(tmp_path / "checkpoint")


def test_a_torn_or_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="there is no checkpoint"):
        load_checkpoint(tmp_path / "checkpoint")
    StackedTrainer(SMALL).save(tmp_path / "checkpoint")
    (tmp_path / "checkpoint" / "tensors.safetensors").write_bytes(b"\x80\x04pickle")
    with pytest.raises(WeightsError, match="corrupt"):
        StackedTrainer(SMALL).restore(tmp_path / "checkpoint")


def test_a_checkpoint_replaced_half_way_leaves_the_one_before(tmp_path: Path) -> None:
    trainer = StackedTrainer(SMALL)
    trainer.save(tmp_path / "checkpoint")
    (tmp_path / "checkpoint").rename(tmp_path / "checkpoint.old")  # where a kill may come
    assert load_checkpoint(tmp_path / "checkpoint").numbers["iteration"] == 0


def test_a_run_writes_its_curve_its_brains_and_their_card(tmp_path: Path) -> None:
    told: list[dict[str, float]] = []
    run = begin(tmp_path / "run", "stacked", SMALL)
    summary = run.live(ManualClock(), None, told.append)
    assert (summary["finished"], summary["agent_steps"], len(told)) == (True, 1200, 10)
    assert (tmp_path / "run" / "progress.csv").read_text().count("\n") == 11
    assert list((tmp_path / "run" / "tensorboard").glob("events.out.tfevents*"))
    brains, card = load_village(tmp_path / "run" / "npcs.safetensors")
    assert len(brains) == 3
    assert (card.seed, card.configuration["levels"], card.scores["agent_steps"]) == (1, [1], 1200.0)


def test_a_run_goes_on_from_its_directory_and_begins_in_no_other_s(tmp_path: Path) -> None:
    run = begin(tmp_path / "run", "stacked", SMALL)
    clock = ManualClock()

    def tick(_: dict[str, float]) -> None:
        clock.advance(1.0)

    assert run.live(clock, 4.0, tick)["agent_steps"] == 480
    rows = (tmp_path / "run" / "progress.csv").read_text().splitlines()
    again = go_on(tmp_path / "run")
    assert again.live(clock, None, tick)["finished"] is True
    assert (tmp_path / "run" / "progress.csv").read_text().splitlines()[: len(rows)] == rows
    with pytest.raises(ConfigError, match="holds a training already; go on with --resume"):
        begin(tmp_path / "run", "stacked", SMALL)
    with pytest.raises(ConfigError, match="no training to go on with"):
        go_on(tmp_path / "nowhere")


def test_rows_behind_the_last_checkpoint_are_done_again_not_doubled(tmp_path: Path) -> None:
    run = begin(tmp_path / "run", "stacked", SMALL)
    run.live(ManualClock(), None, lambda _: None)
    numbers = json.loads((tmp_path / "run" / "checkpoint" / "state.json").read_text())
    assert numbers["iteration"] == 10
    with (tmp_path / "run" / "progress.csv").open("a") as file:  # a killed leg wrote on
        file.write("11,1320,,,0,0,3,0,0,0,0\n")
    go_on(tmp_path / "run").live(ManualClock(), None, lambda _: None)
    assert (tmp_path / "run" / "progress.csv").read_text().count("\n") == 11


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"seed": 1_000_000_001}, "kept for evaluation"),
        ({"seed": -1}, "whole number"),
        ({"npcs": 0}, "npcs is 0"),
        ({"shared": 1.5}, "shared is 1.5"),
        ({"size": "huge"}, "small, medium, large"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        replace(SMALL, **wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_an_unknown_level_and_a_full_one_are_refused() -> None:
    with pytest.raises(LevelError, match="there is no level 9"):
        StackedTrainer(replace(SMALL, levels=(9,)))
    with pytest.raises(LevelError, match="has room for 90"):
        StackedTrainer(replace(SMALL, npcs=200))


def test_learning_brings_a_small_village_on() -> None:
    settings = replace(SMALL, worlds=32, agent_steps=60_000, ppo=PpoSettings(ticks=16))
    rewards = [row["reward"] for row in curve(StackedTrainer(settings), 39)]
    assert np.mean(rewards[-5:]) > np.mean(rewards[:5]) + 0.05
