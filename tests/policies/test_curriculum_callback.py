"""The curriculum as an RLlib callback, on an algorithm that only runs environments."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nimmer.world.levels import Levels, load_levels
from nimmer.world.promotion import PromotionRule, QuizResult
from policies.curriculum_callback import RESULT, CurriculumCallback
from policies.village_ladder import VillageLadder


class Runner:
    """An EnvRunner as the callback sees it; the algorithm's own may have no environment."""

    def __init__(self, env: VillageLadder | None) -> None:
        self.env = env


class Algorithm:
    """An algorithm with two EnvRunners, and one of its own without an environment."""

    def __init__(self, levels: Levels, env_config: dict[str, Any] | None = None) -> None:
        self.config = self
        self.env_runner_group = self
        self.env_config = env_config or {"level": 1}
        number = self.env_config["level"]
        self.ladders = [VillageLadder(levels, number, worlds=1, npcs=2, max_ticks=5) for _ in range(2)]
        for ladder in self.ladders:
            ladder.reset(seed=1)

    def foreach_env_runner(self, ask: Callable[[Runner], Any]) -> list[Any]:
        return [ask(Runner(env)) for env in (None, *self.ladders)]

    def knows(self, *shares: float) -> None:
        """Let every village have ended with these shares."""
        for ladder in self.ladders:
            ladder._quizzes.append(QuizResult(ladder.level, shares))


@pytest.fixture(scope="module")
def levels() -> Levels:
    return load_levels()


def trained(callback: CurriculumCallback, algorithm: Algorithm) -> dict[str, Any]:
    result: dict[str, Any] = {}
    callback.on_train_result(algorithm=algorithm, result=result)
    found: dict[str, Any] = result[RESULT]
    return found


def test_a_passed_level_moves_every_env_runner_and_the_configuration(levels: Levels) -> None:
    callback, algorithm = CurriculumCallback(levels, PromotionRule(last=3)), Algorithm(levels)
    algorithm.knows(1.0, 1.0)
    found = trained(callback, algorithm)
    assert (found["verdict"], found["level"], found["quizzes"]) == ("promote", 2, 2)
    assert [ladder.level for ladder in algorithm.ladders] == [2, 2]
    assert algorithm.env_config["level"] == 2


def test_a_village_that_does_not_know_all_keeps_the_level(levels: Levels) -> None:
    callback, algorithm = CurriculumCallback(levels, PromotionRule(last=3)), Algorithm(levels)
    algorithm.knows(1.0, 0.5)
    found = trained(callback, algorithm)
    assert (found["verdict"], found["level"]) == ("stay", 1)
    assert found["reason"] == "1 of 2 NPCs do not know every location"


def test_without_a_quiz_nothing_is_decided(levels: Levels) -> None:
    callback, algorithm = CurriculumCallback(levels, PromotionRule(last=3)), Algorithm(levels)
    assert trained(callback, algorithm)["verdict"] == "none"


def test_a_quiz_comes_out_of_the_villages_themselves(levels: Levels) -> None:
    callback, algorithm = CurriculumCallback(levels, PromotionRule(last=3)), Algorithm(levels)
    for _ in range(5):
        for ladder in algorithm.ladders:
            ladder.step(np.full(2, 9))
    found = trained(callback, algorithm)
    assert found["quizzes"] == 2
    assert found["best"] == pytest.approx(1 / 25)


def test_an_algorithm_of_a_checkpoint_goes_on_where_it_stood(levels: Levels) -> None:
    callback, algorithm = CurriculumCallback(levels, PromotionRule(last=3)), Algorithm(levels)
    algorithm.knows(1.0, 1.0)
    trained(callback, algorithm)
    again, made = CurriculumCallback(levels, PromotionRule(last=3)), Algorithm(levels, algorithm.env_config)
    again.on_algorithm_init(algorithm=made)
    assert again.curriculum.standing == callback.curriculum.standing
    assert [ladder.level for ladder in made.ladders] == [2, 2]


def test_env_runners_made_anew_are_sent_to_the_level_reached(levels: Levels) -> None:
    callback, algorithm = CurriculumCallback(levels, PromotionRule(last=3)), Algorithm(levels)
    algorithm.knows(1.0, 1.0)
    trained(callback, algorithm)
    algorithm.ladders[0] = VillageLadder(levels, 1, worlds=1, npcs=2)
    callback.on_env_runners_recreated(algorithm=algorithm)
    assert [ladder.level for ladder in algorithm.ladders] == [2, 2]
