"""Advantages are what the definition says, sum by sum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.minds.advantage import advantages

NUMBERS = st.floats(-10, 10, width=32)
TICK = st.tuples(NUMBERS, NUMBERS, st.booleans())


def plain(
    rewards: list[float], values: list[float], follows: list[bool], discount: float, trace: float
) -> list[float]:
    """Equation 16 as it is printed: the sum of all later surprises, each (gamma lambda)^l less worth."""
    found = []
    for first in range(len(rewards)):
        total, weight, row = 0.0, 1.0, first
        while row < len(rewards) - 1 and follows[row]:
            total += weight * (rewards[row] + discount * values[row + 1] - values[row])
            weight *= discount * trace
            row += 1
        found.append(total)
    return found


@given(st.lists(TICK, min_size=1, max_size=40), st.floats(0, 1), st.floats(0, 1))
def test_advantages_are_the_sum_of_later_surprises(
    ticks: list[tuple[float, float, bool]], discount: float, trace: float
) -> None:
    rewards, values = [one[0] for one in ticks], [one[1] for one in ticks]
    follows = [one[2] for one in ticks]
    found = advantages(np.array(rewards), np.array(values), np.array(follows, np.bool_), discount, trace)
    np.testing.assert_allclose(found, plain(rewards, values, follows, discount, trace), rtol=1e-9, atol=1e-9)


def test_nothing_flows_back_over_a_cut() -> None:
    follows = np.array([True, False, True, False])
    found = advantages(np.array([0.0, 0.0, 5.0, 0.0]), np.zeros(4), follows, 1.0, 1.0)
    assert found.tolist() == [0.0, 0.0, 5.0, 0.0]


def test_returns_of_a_whole_trace_are_discounted_rewards() -> None:
    rewards, values = np.array([1.0, 2.0, 3.0, 0.0]), np.array([0.5, -1.0, 2.0, 4.0])
    found = advantages(rewards, values, np.array([True, True, True, False]), 0.9, 1.0)
    assert found[0] + values[0] == pytest.approx(1.0 + 0.9 * 2.0 + 0.81 * 3.0 + 0.729 * 4.0)
