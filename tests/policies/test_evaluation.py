from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nimmer.errors import LevelError
from nimmer.world.curriculum import birth, birth_generator
from nimmer.world.level import Level
from nimmer.world.levels import load_levels
from nimmer.world.rules import Rules
from nimmer.world.seeds import evaluation_seeds
from policies.evaluation import TOGETHER, Trial, born, evaluate
from policies.minds import Actions, Minds, View
from policies.minds_by_hand import ExplorerMinds, RandomMinds
from tests.policies.irregular import hamlet

LEVEL = load_levels()[1]
RULES = Rules()
SEEDS = evaluation_seeds(4)


class Idle:
    """Minds that never do anything but stay."""

    name = "idle"

    def begin(self, level: Level, seeds: object, npcs: int) -> None:
        pass

    def decide(self, view: View) -> Actions:
        return np.full(view.village.node.shape, 8, np.int64)


def lived(minds: Minds, *, most_ticks: int = 2000, embodied: bool = False) -> Trial:
    return evaluate(minds, LEVEL, RULES, 25, SEEDS, most_ticks, embodied=embodied)


def test_a_village_is_born_as_a_run_of_that_seed_begins() -> None:
    village = born(LEVEL, RULES, 25, SEEDS)
    for world, seed in enumerate(SEEDS):
        run = birth(LEVEL, RULES, 25, 1, birth_generator(seed, 1))
        assert (village.node[world] == run.node[0]).all()


def test_explorers_pass_level_1_in_a_third_of_the_ticks_of_random_walkers_at_most() -> None:
    explorers, random = lived(ExplorerMinds()), lived(RandomMinds())
    assert explorers.passed.all()
    assert random.passed.all()
    assert 35 < explorers.ticks.mean() < 55
    assert explorers.ticks.mean() < 0.3 * random.ticks.mean()
    assert explorers.bumps.mean() < random.bumps.mean()


def test_coverage_rises_from_nothing_to_everything_and_then_stays() -> None:
    trial = lived(ExplorerMinds())
    assert trial.coverage.shape == (4, trial.ticks.max() + 1)
    assert (trial.coverage[:, 0] == 0).all()
    assert (np.diff(trial.coverage, axis=1) >= 0).all()
    for curve, ticks in zip(trial.coverage, trial.ticks, strict=True):
        assert (curve[ticks:] == 1).all()
        assert curve[ticks - 1] < 1


@pytest.mark.parametrize("minds", [RandomMinds(), ExplorerMinds()])
def test_the_same_seeds_give_the_same_lives(minds: Minds) -> None:
    assert (lived(minds).ticks == lived(minds).ticks).all()


def test_what_a_village_comes_to_does_not_depend_on_which_live_beside_it() -> None:
    seeds = evaluation_seeds(TOGETHER + 3)
    together = evaluate(RandomMinds(), LEVEL, RULES, 25, seeds, 400)
    alone: list[NDArray[np.int64]] = [
        evaluate(RandomMinds(), LEVEL, RULES, 25, [seed], 400).ticks for seed in seeds[TOGETHER:]
    ]
    assert (together.ticks[TOGETHER:] == np.concatenate(alone)).all()


def test_who_never_passes_is_stopped_and_counted() -> None:
    ended: list[int] = []
    trial = evaluate(Idle(), LEVEL, RULES, 25, SEEDS, 7, progress=ended.append)
    assert (trial.ticks == 7).all()
    assert not trial.passed.any()
    assert trial.coverage.shape == (4, 8)
    assert sum(ended) == 4


def test_whole_bodies_pass_too_and_say_what_their_life_came_to() -> None:
    trial = evaluate(ExplorerMinds(), LEVEL, RULES, 25, SEEDS[:2], 400, embodied=True)
    assert trial.passed.all()
    assert (trial.lifeforce > 0).all()
    assert ((trial.nerves >= 0) & (trial.nerves <= 1)).all()
    assert np.isnan(lived(RandomMinds(), most_ticks=2).lifeforce).all()


def test_minds_live_on_an_irregular_map(tmp_path: Path) -> None:
    level = hamlet(tmp_path)
    assert level.graph.slots == 8
    for minds in (RandomMinds(), ExplorerMinds()):
        assert evaluate(minds, level, RULES, 6, SEEDS, 3000).passed.all()


def test_a_village_too_large_for_its_map_is_refused() -> None:
    with pytest.raises(LevelError, match="has room for 90 NPCs"):
        evaluate(RandomMinds(), LEVEL, RULES, 99, SEEDS, 10)
