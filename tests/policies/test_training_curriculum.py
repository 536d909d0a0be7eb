"""The curriculum of a training run goes by the live village's rule."""

import pytest

from nimmer.errors import LevelError
from nimmer.world.levels import Levels, load_levels
from nimmer.world.promotion import PromotionRule, QuizResult, Verdict
from policies.curriculum import TrainingCurriculum


@pytest.fixture(scope="module")
def levels() -> Levels:
    return load_levels()


def quizzes(level: int, *shares: tuple[float, ...]) -> list[QuizResult]:
    return [QuizResult(level, one) for one in shares]


def test_a_level_is_passed_when_every_village_passed_it(levels: Levels) -> None:
    one = TrainingCurriculum(levels, PromotionRule(last=3))
    assert one.level.number == 1
    ruling = one.take(quizzes(1, (1.0, 1.0), (1.0, 0.96)))
    assert ruling is not None
    assert ruling.reason == "1 of 2 NPCs do not know every location"
    ruling = one.take(quizzes(1, (1.0, 1.0), (1.0, 1.0)))
    assert ruling is not None
    assert ruling.verdict is Verdict.PROMOTE
    assert one.level.number == 2
    assert [passed.level for passed in one.history] == [2]


def test_quizzes_of_a_level_that_was_left_count_for_nothing(levels: Levels) -> None:
    one = TrainingCurriculum(levels, PromotionRule(last=3))
    assert one.take(quizzes(2, (1.0, 1.0))) is None
    assert one.take([]) is None
    assert one.standing.quizzes == 0


def test_it_goes_down_by_the_same_rule(levels: Levels) -> None:
    one = TrainingCurriculum(levels, PromotionRule(last=3, demote_after=2))
    one.take(quizzes(1, (1.0,)))
    for _ in range(3):
        one.take(quizzes(2, (0.5,)))
    assert [ruling.verdict for ruling in one.history] == [Verdict.PROMOTE, Verdict.DEMOTE]
    assert one.level.number == 1


def test_it_comes_back_as_it_was(levels: Levels) -> None:
    one = TrainingCurriculum(levels, PromotionRule(last=3))
    one.take(quizzes(1, (1.0,)))
    again = TrainingCurriculum(levels, PromotionRule(last=3))
    again.restore(one.state())
    assert again.standing == one.standing
    with pytest.raises(LevelError, match="no level 9"):
        again.restore({**one.state(), "level": 9})


def test_a_rule_that_begins_where_no_level_is_is_refused(levels: Levels) -> None:
    with pytest.raises(LevelError, match="no level 4"):
        TrainingCurriculum(levels, PromotionRule(last=5, first=4))
