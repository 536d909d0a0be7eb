import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.eye.box import Box
from nimmer.eye.precision import average_precision, precision
from nimmer.eye.rendering import Truth
from nimmer.eye.seen import Seen

HERE, THERE = Box(0.0, 0.0, 0.2, 0.2), Box(0.5, 0.5, 0.9, 0.9)


def test_three_sayings_of_which_the_second_is_wrong_about_two_things() -> None:
    """Recall 1/2 at precision 1 holds for 51 of 101 recalls, recall 1 at precision 2/3 for the other 50."""
    found = average_precision(np.array([True, False, True]), 2)
    assert found == pytest.approx((51 * 1.0 + 50 * 2 / 3) / 101)


def test_half_of_the_things_found_and_nothing_made_up() -> None:
    assert average_precision(np.array([True]), 2) == pytest.approx(51 / 101)


def test_nothing_seen_or_nothing_there_is_worth_nothing() -> None:
    assert average_precision(np.zeros(0, np.bool_), 3) == 0
    assert average_precision(np.array([False]), 0) == 0


def test_seeing_everything_exactly_is_a_map_of_one() -> None:
    truths = (Truth("house", THERE), Truth("well", HERE))
    seen = (Seen("well", 0.9, HERE), Seen("house", 0.6, THERE))
    found = precision([(truths, seen)])
    assert (found.map50, found.map50_95) == pytest.approx((1.0, 1.0))
    assert found.things == {"house": 1, "well": 1}


def test_a_box_that_overlaps_by_two_thirds_counts_at_the_lower_thresholds() -> None:
    """Overlap 0.8 x 1 of 1 x 1.2: 2/3, so right at 0.50, 0.55, 0.60 and 0.65 of ten thresholds."""
    truth, seen = Truth("house", Box(0.0, 0.0, 0.5, 0.5)), Seen("house", 0.9, Box(0.1, 0.0, 0.6, 0.5))
    found = precision([((truth,), (seen,))])
    assert found.map50 == pytest.approx(1.0)
    assert found.map50_95 == pytest.approx(0.4)


def test_a_second_saying_about_the_same_thing_is_wrong() -> None:
    twice = (Seen("well", 0.9, HERE), Seen("well", 0.8, HERE))
    truths = (Truth("well", HERE), Truth("well", THERE))
    assert precision([(truths, twice)]).map50 == pytest.approx(51 / 101)


def test_sayings_are_judged_surest_first_over_all_frames() -> None:
    """The wrong one is surer than the right one of the other frame: precision 1/2 at every recall."""
    frames = [((Truth("well", HERE),), (Seen("well", 0.4, HERE),)), ((), (Seen("well", 0.8, HERE),))]
    assert precision(frames).map50 == pytest.approx(0.5)


def test_a_label_that_is_nowhere_does_not_count() -> None:
    found = precision([((Truth("well", HERE),), (Seen("well", 0.9, HERE), Seen("npc", 0.9, THERE)))])
    assert found.map50 == pytest.approx(1.0)
    assert precision([]).map50 == 0


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 40))
def test_average_precision_is_a_share_and_a_right_saying_in_front_never_lowers_it(
    right: list[bool], more: int
) -> None:
    count = sum(right) + more
    before = average_precision(np.array(right, np.bool_), count)
    after = average_precision(np.array([True, *right], np.bool_), count)
    assert 0 <= before <= after <= 1
