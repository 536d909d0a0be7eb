"""The one rule by which a village goes up and down."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.errors import LevelError
from nimmer.world.promotion import PromotionRule, QuizResult, Ruling, Standing, Verdict

RULE = PromotionRule(last=3)
STRICT = PromotionRule(last=3, demote_after=2)
ALL = (1.0, 1.0, 1.0)
shares = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5).map(tuple)


def told(rule: PromotionRule, standing: Standing, *quizzes: tuple[float, ...]) -> Ruling:
    """Return the last ruling over quizzes held one after another."""
    for quiz in quizzes:
        ruling = rule.judge(standing, QuizResult(standing.level, quiz))
        standing = ruling.standing
    return ruling


def test_a_village_goes_up_when_everybody_knows_everything() -> None:
    ruling = told(RULE, Standing(1), ALL)
    assert (ruling.verdict, ruling.level, ruling.standing) == (Verdict.PROMOTE, 2, Standing(2))
    assert ruling.reason == "all 3 NPCs know every location"


def test_one_missing_answer_of_one_npc_keeps_all_where_they_are() -> None:
    ruling = told(RULE, Standing(1), (1.0, 1.0, 2499 / 2500))
    assert (ruling.verdict, ruling.level) == (Verdict.STAY, 1)
    assert ruling.reason == "1 of 3 NPCs do not know every location"


def test_the_last_level_is_passed_and_kept() -> None:
    ruling = told(RULE, Standing(3), ALL)
    assert (ruling.verdict, ruling.level, ruling.standing.passed) == (Verdict.STAY, 3, True)
    assert "no level above" in ruling.reason


def test_nobody_goes_down_by_default() -> None:
    assert told(RULE, Standing(2), *[(0.5, 0.5)] * 50).verdict is Verdict.STAY


def test_a_village_that_is_stuck_goes_down_when_that_is_wanted() -> None:
    stuck = (0.5, 1.0)
    assert told(STRICT, Standing(2), stuck, stuck).verdict is Verdict.STAY
    ruling = told(STRICT, Standing(2), stuck, stuck, stuck)
    assert (ruling.verdict, ruling.level, ruling.standing) == (Verdict.DEMOTE, 1, Standing(1))
    assert "has not grown beyond 75.0% for 2 quizzes" in ruling.reason


def test_a_village_that_still_learns_is_left_its_time() -> None:
    slow = [(0.1 * step,) for step in range(1, 10)]
    assert told(STRICT, Standing(2), *slow).verdict is Verdict.STAY
    assert told(STRICT, Standing(2), (0.1,), (0.1,), (0.2,), (0.2,)).verdict is Verdict.STAY


def test_the_level_a_village_began_on_is_never_left_downwards() -> None:
    rule = PromotionRule(last=3, first=2, demote_after=1)
    ruling = told(rule, Standing(2), (0.5,), (0.5,))
    assert (ruling.verdict, ruling.level) == (Verdict.STAY, 2)
    assert "began here" in ruling.reason


def test_a_quiz_of_another_level_says_nothing() -> None:
    with pytest.raises(LevelError, match="quiz of level 1 says nothing about a village on level 2"):
        RULE.judge(Standing(2), QuizResult(1, ALL))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [((3, 4), "cannot begin on level 4; choose 1..3"), ((3, 1, -1), "demote_after is -1")],
)
def test_a_senseless_rule_is_refused(arguments: tuple[int, ...], reason: str) -> None:
    with pytest.raises(LevelError, match=reason):
        PromotionRule(*arguments)


def test_a_quiz_without_answers_is_refused() -> None:
    for broken in ((), (1.5,), (float("nan"),)):
        with pytest.raises(LevelError, match="share"):
            QuizResult(1, broken)


@given(st.lists(shares, min_size=1, max_size=30), st.integers(0, 4), st.integers(1, 3), st.integers(1, 3))
def test_it_moves_one_level_at_a_time_within_its_bounds(
    quizzes: list[tuple[float, ...]], demote_after: int, first: int, last: int
) -> None:
    rule = PromotionRule(max(first, last), first, demote_after)
    standing = Standing(first)
    for quiz in quizzes:
        ruling = rule.judge(standing, QuizResult(standing.level, quiz))
        assert ruling.level == ruling.standing.level
        assert rule.first <= ruling.level <= rule.last
        assert abs(ruling.level - standing.level) == (ruling.verdict is not Verdict.STAY)
        assert (ruling.verdict is Verdict.PROMOTE) == (min(quiz) >= 1.0 and standing.level < rule.last)
        assert ruling.verdict is not Verdict.DEMOTE or demote_after
        assert Standing.restored(json.loads(json.dumps(ruling.standing.state()))) == ruling.standing
        standing = ruling.standing


@pytest.mark.parametrize("broken", [{}, {"level": "1"}, {**Standing(1).state(), "best": None}])
def test_what_is_no_standing_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(LevelError, match="no standing"):
        Standing.restored(broken)
