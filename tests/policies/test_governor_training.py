"""Training the governor: never on evaluation seeds, bit for bit after an interruption, and never on another course."""

from pathlib import Path

import numpy as np
import pytest

from nimmer.errors import ConfigError, WeightsError
from nimmer.minds.strategy import StrategySettings
from nimmer.world.levels import load_levels
from nimmer.world.scarcity import ScarcityModel
from nimmer.world.seeds import FIRST_EVALUATION_SEED
from policies.governor_checkpoint import load_checkpoint, save_checkpoint
from policies.governor_journal import Journal
from policies.governor_training import LEVEL, Course, GovernorTraining

LEVELS = load_levels()
COURSE = Course(
    npcs=(4,), scenarios=1, epochs=2, validation=2, validate_every=2, strategy=StrategySettings(pairs=2)
)
MODEL = ScarcityModel(epoch_ticks=20)


def training(seed: int = 1, course: Course = COURSE) -> GovernorTraining:
    return GovernorTraining(LEVELS[LEVEL], seed, course, MODEL)


def test_evaluation_seeds_are_refused() -> None:
    with pytest.raises(ConfigError, match="kept for evaluation"):
        training(FIRST_EVALUATION_SEED)


def test_a_training_that_was_interrupted_goes_on_bit_for_bit(tmp_path: Path) -> None:
    whole = training()
    told = [whole.generation() for _ in range(5)]
    first = training()
    for _ in range(3):
        first.generation()
    save_checkpoint(tmp_path / "c.safetensors", first)
    second = training()
    load_checkpoint(tmp_path / "c.safetensors", second)
    again = [second.generation() for _ in range(2)]
    assert list(map(repr, again)) == list(map(repr, told[3:]))
    assert np.array_equal(whole.strategy.mean, second.strategy.mean)
    assert all(
        np.array_equal(whole.best_weights[name], second.best_weights[name]) for name in whole.best_weights
    )


def test_a_checkpoint_of_another_seed_course_or_size_is_refused_with_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, training())
    with pytest.raises(WeightsError, match=r"its seed is 1, not 2; resume with the same options"):
        load_checkpoint(path, training(2))
    with pytest.raises(WeightsError, match="its course is"):
        load_checkpoint(path, training(course=Course(npcs=(5,), scenarios=1)))
    with pytest.raises(WeightsError, match="another network size"):
        load_checkpoint(path, training(course=Course(size="medium")))


def test_a_journal_that_is_resumed_tells_no_step_twice(tmp_path: Path) -> None:
    columns = ("generation", "score")
    first = Journal(tmp_path, columns)
    for step in range(1, 5):
        first.note({"generation": step, "score": float("nan") if step == 2 else 0.5 * step})
    first.close()
    second = Journal(tmp_path, columns, resumed_at=3)
    second.note({"generation": 4, "score": 9.0})
    second.close()
    assert (tmp_path / "training.csv").read_text().split() == [
        "generation,score",
        "1,0.5",
        "2,",
        "3,1.5",
        "4,9.0",
    ]
