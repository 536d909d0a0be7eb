"""One body's slumbers, night by night: docs/domain.md section 6."""

import json

from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.night import MOST_PATTERNS, MOST_TRAILS, Slumbers, pattern_of

DODGE = pattern_of(1, (0, 2, 3, 4, 5))


def day(slumbers: Slumbers, runs: int, success: bool = True, confidence: float = 0.9) -> None:
    for _ in range(runs):
        slumbers.note(DODGE, success, confidence)


def test_a_path_has_one_key_and_another_nerves_path_another() -> None:
    assert pattern_of(1, (0, 2, 3, 4, 5)) == DODGE
    assert len({DODGE, pattern_of(2, (0, 2, 3, 4, 5)), pattern_of(1, (0, 2, 3))}) == 3


def test_a_hundred_successes_over_several_days_are_compiled_in_the_night_after_and_paid_once() -> None:
    slumbers = Slumbers()
    found = []
    for _ in range(5):
        day(slumbers, 30)
        night = slumbers.sleep()
        found.append((night.compiled, night.reward))
    assert found == [((), 0.0)] * 3 + [((DODGE,), 50.0), ((), 0.0)]
    assert slumbers.nights == 5


def test_successes_nobody_was_sure_of_do_not_count() -> None:
    slumbers = Slumbers()
    day(slumbers, 200, confidence=0.5)
    assert slumbers.sleep().compiled == ()


def test_what_the_nerves_compiled_by_day_is_not_paid_again() -> None:
    slumbers = Slumbers()
    day(slumbers, 150)
    slumbers.know(DODGE)
    assert slumbers.sleep().reward == 0.0


def test_a_reflex_that_was_lost_must_be_earned_anew() -> None:
    slumbers = Slumbers()
    day(slumbers, 150)
    slumbers.sleep()
    slumbers.forget(DODGE)
    day(slumbers, 99)
    assert slumbers.sleep().compiled == ()
    day(slumbers, 1)
    assert slumbers.sleep().compiled == (DODGE,)


def test_a_sure_failure_is_kept_for_one_night() -> None:
    slumbers = Slumbers()
    day(slumbers, 3, success=False)
    day(slumbers, 2)
    assert [slumbers.sleep().deleted for _ in range(3)] == [2, 3, 0]


def test_more_trails_than_fit_still_count() -> None:
    slumbers = Slumbers()
    for number in range(MOST_TRAILS):
        slumbers.note(number, False, 0.1)
    day(slumbers, 100)
    night = slumbers.sleep()
    assert night.deleted == MOST_TRAILS
    assert slumbers.sleep().compiled == ()
    day(slumbers, 1)
    assert slumbers.sleep().compiled == (DODGE,)


def test_a_reflex_without_a_trigger_lapses() -> None:
    slumbers = Slumbers()
    slumbers.accounts.open("collision_avoidance", "motor")
    lapsed = [slumbers.sleep().lapsed for _ in range(201)]
    assert lapsed.index(("collision_avoidance",)) == 199
    assert lapsed[-1] == ()


notes = st.lists(
    st.tuples(st.integers(0, 3), st.booleans(), st.sampled_from([0.5, 0.9]), st.booleans()), max_size=400
)


@given(notes)
def test_it_stays_small_and_survives_a_restart(notes: list[tuple[int, bool, float, bool]]) -> None:
    slumbers = Slumbers()
    for pattern, success, confidence, sleeps in notes:
        slumbers.note(pattern, success, confidence)
        if sleeps:
            slumbers.sleep()
    other = Slumbers()
    other.restore(json.loads(json.dumps(slumbers.state())))
    assert other.sleep() == slumbers.sleep()
    assert other.state() == slumbers.state()


def test_patterns_met_once_make_room() -> None:
    slumbers = Slumbers()
    day(slumbers, 5)
    for number in range(2 * MOST_PATTERNS):
        slumbers.note(number, True, 0.9)
    counted = slumbers.state()["counted"]
    assert isinstance(counted, list)
    assert len(counted) == MOST_PATTERNS
    assert [DODGE, 5] in counted
