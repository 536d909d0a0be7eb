"""Restarting: intensity, period and growing waits."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.restart import Backoff, GiveUp, Restart, RestartPolicy


def test_waits_grow_and_a_quiet_period_makes_them_short_again() -> None:
    policy = RestartPolicy(5, 60.0, Backoff(0.1, 2.0, 0.3))
    assert [policy.on_death(now_s) for now_s in (0.0, 1.0, 2.0)] == [Restart(0.1), Restart(0.2), Restart(0.3)]
    assert policy.on_death(100.0) == Restart(0.1)


def test_too_many_deaths_in_a_period_are_the_end_until_forgiven() -> None:
    policy = RestartPolicy(2, 10.0)
    assert isinstance(policy.on_death(0.0), Restart)
    assert isinstance(policy.on_death(1.0), Restart)
    end = policy.on_death(2.0)
    assert isinstance(end, GiveUp)
    assert end.reason == "died 3 times in 10 s, and 2 are allowed"
    assert isinstance(policy.on_death(1000.0), GiveUp)
    policy.forgive()
    assert isinstance(policy.on_death(1001.0), Restart)


def test_broken_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="intensity is -1"):
        RestartPolicy(-1)
    with pytest.raises(ValueError, match="a backoff needs"):
        Backoff(2.0, 2.0, 1.0)


@given(st.lists(st.floats(0.0, 300.0), max_size=60), st.integers(0, 6), st.floats(0.5, 60.0))
def test_no_period_ever_holds_more_restarts_than_allowed(
    gaps: list[float], intensity: int, period_s: float
) -> None:
    policy = RestartPolicy(intensity, period_s)
    now_s, restarts = 0.0, []
    for gap in gaps:
        now_s += gap
        answer = policy.on_death(now_s)
        if isinstance(answer, Restart):
            assert 0.0 <= answer.after_s <= 10.0
            restarts.append(now_s)
    for end in restarts:
        assert sum(1 for at in restarts if end - period_s < at <= end) <= intensity
    other = RestartPolicy(intensity, period_s)
    other.restore(json.loads(json.dumps(policy.state())))
    assert other.state() == policy.state()
