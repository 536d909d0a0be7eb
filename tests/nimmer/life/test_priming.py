"""Priming: what confirmed openings looked like. docs/domain.md section 3.2 f."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.life.priming import Prior
from nimmer.life.senses import CELLS

NOVELTY = 4
LIKE = (0.5, 1.0, 4.0)


def test_the_likeness_is_to_the_mean_of_what_was_confirmed() -> None:
    prior = Prior(CELLS)
    assert prior.likeness(0, (20.0, 0.0, 0.0)) == -1.0
    prior.learn([(0, 0.9, 0.0, (10.0, 0.0, 0.0))])
    prior.learn([(0, 0.9, 0.0, (30.0, 0.0, 0.0))])
    assert prior.likeness(0, (20.0, 0.0, 0.0)) == 1.0
    # 1 - 2 * 20 / 200 = .8, and the noise is alike
    assert prior.likeness(0, (40.0, 0.0, 0.0)) == pytest.approx(0.9)
    assert prior.likeness(0, (40.0, 2.0, 0.0)) == pytest.approx(0.9)  # scope is not compared
    assert prior.likeness(0, (4000.0, 0.0, 1e9)) == -1.0


def test_a_category_is_as_like_as_its_share_of_the_openings() -> None:
    prior = Prior(CELLS)
    for known in (1.0, 1.0, 1.0, 0.0):
        prior.learn([(NOVELTY, 0.9, 0.0, (0.5, known, 4.0))])
    # two numbers alike, weight 1 each; the category said by 3 of 4: 2 * .75 - 1 = .5, weight 2
    assert prior.likeness(NOVELTY, LIKE) == pytest.approx((1.0 + 1.0 + 2 * 0.5) / 4)
    assert prior.likeness(NOVELTY, (0.5, 7.0, 4.0)) == pytest.approx((1.0 + 1.0 - 2.0) / 4)


@pytest.mark.parametrize(("distance_cm", "expected"), [(20.0, 0.5), (60.0, 0.4), (61.0, -1.0)])
def test_section_3_2_f_a_likeness_of_eight_tenths_counts_with_the_weight(
    distance_cm: float, expected: float
) -> None:
    prior = Prior(CELLS)
    prior.learn([(0, 0.9, 0.0, (20.0, 0.0, 0.0))])
    assert prior.expects(0, (distance_cm, 0.0, 0.0), 0.5) == pytest.approx(expected)


def test_orders_and_cells_without_comparable_fields_teach_nothing() -> None:
    prior = Prior(CELLS)
    prior.learn([(65535, 1.0, 0.0, ())])
    assert prior.state() == []


numbers = st.floats(-1e308, 1e308)


@given(st.lists(st.tuples(numbers, numbers, numbers), max_size=150), st.tuples(numbers, numbers, numbers))
@settings(max_examples=100, deadline=None)
def test_it_is_bounded_whatever_it_learned_and_goes_through_json(
    lessons: list[tuple[float, float, float]], said: tuple[float, float, float]
) -> None:
    prior, other = Prior(CELLS), Prior(CELLS)
    for values in lessons:
        prior.learn([(NOVELTY, 0.9, 0.0, values), (0, 0.9, 0.0, values)])
    other.restore(json.loads(json.dumps(prior.state())))
    for cell in (0, NOVELTY):
        assert -1.0 <= prior.likeness(cell, said) <= 1.0
        assert other.likeness(cell, said) == prior.likeness(cell, said)
    assert other.state() == prior.state()


def test_a_prior_of_other_fields_is_refused() -> None:
    with pytest.raises(ValueError, match="prior of cell 0"):
        Prior(CELLS).restore([[0, 1, [[1.0]]]])
    with pytest.raises(KeyError):
        Prior(CELLS[:1]).restore([[3, 1, [[1.0]]]])
