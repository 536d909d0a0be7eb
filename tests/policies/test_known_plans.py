from pathlib import Path

import numpy as np
import pytest

from nimmer.errors import LevelError
from nimmer.world.levels import load_levels
from nimmer.world.rules import Rules
from nimmer.world.seeds import evaluation_seeds
from policies.evaluation import born, evaluate
from policies.known_plans import PlannedMinds
from policies.tick_bound import fewest_ticks
from tests.policies.irregular import hamlet

LEVELS = load_levels()


def test_every_plan_passes_faster_than_any_explorer_and_not_below_the_bound() -> None:
    plans, level = PlannedMinds(), LEVELS[1]
    seeds = evaluation_seeds(100)[: plans.known(evaluation_seeds(100))]
    trial = evaluate(plans, level, Rules(), 25, seeds, 60)
    assert trial.passed.all()
    assert (trial.ticks == 30).all()
    assert (trial.ticks >= fewest_ticks(level, Rules(), born(level, Rules(), 25, seeds).node)).all()


def test_there_are_none_for_another_level_village_or_seed(tmp_path: Path) -> None:
    plans, first = PlannedMinds(), evaluation_seeds(1)
    for level, seeds, npcs in (
        (LEVELS[2], first, 25),
        (hamlet(tmp_path), first, 25),
        (LEVELS[1], first, 24),
        (LEVELS[1], [5], 25),
    ):
        with pytest.raises(LevelError, match="there are no plans"):
            plans.begin(level, seeds, npcs)
    assert plans.known([5]) == 0
    assert plans.known([*first, 5]) == 1


def test_after_its_end_a_plan_stays() -> None:
    plans = PlannedMinds()
    trial = evaluate(plans, LEVELS[1], Rules(), 25, evaluation_seeds(1), 60)
    assert trial.coverage[0, -1] == 1
    assert np.isnan(trial.lifeforce).all()
