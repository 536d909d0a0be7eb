"""A village's way through the levels: when it is asked, what is remembered, what survives a death."""

import json

import pytest

from nimmer.errors import LevelError
from nimmer.world.ascent import CHANGES, LOOK_TICKS, Ascent, LevelChange, QuizPace
from nimmer.world.level import Level
from nimmer.world.levels import Levels
from nimmer.world.promotion import PromotionRule, Verdict
from nimmer.world.quiz import ask_everyone
from nimmer.world.state import Village
from tests.nimmer.world.knowing import everything, knowing

PACE = QuizPace(every=1000, least=100)
RULE = PromotionRule(last=3, demote_after=1)


def wise(level: Level, tick: int, wrong: tuple[int, int] | None = None) -> Village:
    return knowing(level, [everything(level)] * 2, tick, wrong)


def dull(level: Level, tick: int) -> Village:
    return knowing(level, [everything(level), {1}], tick)


def held(ascent: Ascent, level: Level, village: Village) -> Verdict:
    return ascent.judge(int(village.tick[0]), level, ask_everyone(level, village)).verdict


def test_the_quiz_is_held_every_so_many_ticks_whatever_is_known(level: Level) -> None:
    ascent = Ascent(RULE, PACE, dull(level, 0))
    due = [tick for tick in range(1, 3001) if ascent.due(level, dull(level, tick))]
    assert due == [1000, 2000, 3000]


def test_it_is_held_at_the_next_look_once_everybody_believes_to_know_everything(level: Level) -> None:
    ascent = Ascent(RULE, PACE, dull(level, 0))
    due = [tick for tick in range(1, 70) if ascent.due(level, wise(level, tick))]
    assert due == [LOOK_TICKS, 2 * LOOK_TICKS, 3 * LOOK_TICKS]
    assert held(ascent, level, wise(level, LOOK_TICKS)) is Verdict.PROMOTE


def test_those_who_believe_what_is_wrong_are_not_asked_all_the_time(level: Level) -> None:
    ascent = Ascent(RULE, PACE, dull(level, 0))
    asked = []
    for tick in range(1, 400):
        village = wise(level, tick, wrong=(1, 13))
        if ascent.due(level, village):
            held(ascent, level, village)
            asked.append(tick)
    assert asked == [20, 120, 220, 320]


def test_the_last_level_once_passed_is_asked_at_the_regular_times_only(levels: Levels) -> None:
    ascent = Ascent(PromotionRule(last=1), PACE, dull(levels[1], 0))
    asked = []
    for tick in range(1, 1200):
        if ascent.due(levels[1], wise(levels[1], tick)):
            held(ascent, levels[1], wise(levels[1], tick))
            asked.append(tick)
    assert asked == [20, 1000]


def test_it_says_who_lags_and_since_when(level: Level) -> None:
    ascent = Ascent(RULE, PACE, dull(level, 0))
    for tick in (20, 40):
        ascent.due(level, knowing(level, [everything(level), {1, tick // 20}], tick))
    village = knowing(level, [everything(level), {1, 2}], 60)
    (one,) = ascent.lag(level, village, ask_everyone(level, village)).laggards
    assert (one.npc, one.since_tick) == (1, 40)


def risen(levels: Levels, at: int = 20) -> tuple[Ascent, Village]:
    """Return the way of a village that has just gone up, and the village on its new level."""
    ascent = Ascent(RULE, PACE, dull(levels[1], 0))
    village = wise(levels[1], at)
    ruling = ascent.judge(at, levels[1], ask_everyone(levels[1], village))
    ascent.change(at, 1, ruling, 1.7e9)
    return ascent, knowing(levels[2], [set(), set()], at)


def again(kept: Ascent, village: Village) -> Ascent:
    one = Ascent(RULE, PACE, village)
    one.restore(json.loads(json.dumps(kept.state())), village)
    return one


def test_a_change_is_noted_with_its_reason(levels: Levels) -> None:
    ascent, _ = risen(levels)
    assert ascent.changes == [LevelChange(20, 1, 2, 1.7e9, "all 2 NPCs know every location")]
    assert (ascent.changes[0].kind, ascent.arrived_tick, ascent.standing.level) == ("promotion", 20, 2)
    assert ascent.last_quiz is None


def test_it_comes_back_as_it_was(levels: Levels) -> None:
    ascent, _ = risen(levels)
    held(ascent, levels[2], knowing(levels[2], [{1}, {2}], 90))
    assert again(ascent, knowing(levels[2], [{1}, {2}], 90)).state() == ascent.state()


def test_a_change_the_log_never_got_is_forgotten(levels: Levels) -> None:
    ascent, _ = risen(levels)
    back = again(ascent, wise(levels[1], 20))
    assert (back.changes, back.standing.level, back.standing.quizzes) == ([], 1, 0)
    earlier = again(ascent, wise(levels[1], 19))
    assert (earlier.changes, earlier.standing.level) == ([], 1)


def test_a_state_that_is_none_is_refused(levels: Levels) -> None:
    ascent, village = risen(levels)
    for broken in ({}, {**ascent.state(), "since": [1]}, {**ascent.state(), "standing": {}}):
        with pytest.raises((LevelError, KeyError, TypeError, ValueError)):
            Ascent(RULE, PACE, village).restore(broken, village)


def test_the_changes_are_bounded(levels: Levels) -> None:
    ascent = Ascent(RULE, PACE, dull(levels[1], 0))
    ruling = ascent.judge(20, levels[1], ask_everyone(levels[1], wise(levels[1], 20)))
    for tick in range(CHANGES + 5):
        ascent.change(tick, 1, ruling, 0.0)
    assert len(ascent.changes) == CHANGES
    assert ascent.arrived_tick == CHANGES + 4


def test_a_senseless_pace_is_refused() -> None:
    with pytest.raises(LevelError, match="above 0"):
        QuizPace(0, 1)
