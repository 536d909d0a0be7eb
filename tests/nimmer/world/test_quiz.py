from dataclasses import replace

import numpy as np

from nimmer.world.level import Level
from nimmer.world.quiz import ask_everyone, passed
from nimmer.world.state import Village, newborn


def told(level: Level, wrong: int | None = None) -> Village:
    village = newborn(level, np.array([[0, 1]], np.int32))
    knowledge = np.broadcast_to(level.traits, village.knowledge.shape).copy()
    if wrong is not None:
        knowledge[0, 1, wrong] ^= np.uint64(2)
    return Village.from_bytes(replace(village, knowledge=knowledge).to_bytes())


def test_a_village_that_knows_everything_passes(level: Level) -> None:
    quiz = ask_everyone(level, told(level))
    assert quiz.passed
    assert quiz.score == 1.0
    assert quiz.missing == ((), ())
    assert passed(level, told(level)).tolist() == [True]


def test_one_wrong_trait_of_one_npc_fails_the_village(level: Level) -> None:
    quiz = ask_everyone(level, told(level, wrong=13))
    assert not quiz.passed
    assert quiz.missing == ((), (13,))
    assert quiz.coverage.tolist() == [1.0, np.float32(0.96)]
    assert passed(level, told(level, wrong=13)).tolist() == [False]


def test_the_newborn_know_nothing(level: Level) -> None:
    quiz = ask_everyone(level, newborn(level, np.array([[3]], np.int32)))
    assert quiz.score == 0.0
    assert quiz.missing == (tuple(range(25)),)
