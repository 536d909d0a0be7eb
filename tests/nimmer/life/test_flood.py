"""The flood gate: every source has its share, and what it sends beyond costs nobody else anything."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.life.flood import Flood


def test_a_source_may_send_its_burst_at_once_and_its_rate_from_then_on() -> None:
    flood = Flood(rate_hz=10.0, burst=5.0)
    assert [flood.admit("a", 0.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert [flood.admit("a", 0.1) for _ in range(2)] == [True, False]
    assert [flood.admit("a", 100.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert flood.counts("a") == (11, 5)
    assert flood.loudest() == {"a": 5}
    assert flood.counts("b") == (0, 0)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.0, 0.5)), max_size=200),
    st.floats(0.5, 50.0),
    st.floats(1.0, 20.0),
)
@settings(max_examples=100, deadline=None)
def test_no_source_gets_more_than_burst_and_rate_and_every_wave_is_counted(
    life: list[tuple[str, float]], rate_hz: float, burst: float
) -> None:
    flood = Flood(rate_hz, burst)
    now_s = 0.0
    for source, after_s in life:
        now_s += after_s
        flood.admit(source, now_s)
        assert flood.counts(source)[0] <= burst + rate_hz * now_s + 1e-6
    assert flood.admitted + flood.refused == len(life)
    assert flood.admitted == sum(flood.counts(source)[0] for source in "abc")


@given(st.lists(st.tuples(st.integers(0, 99), st.floats(0.0, 1.0)), max_size=200))
@settings(max_examples=60, deadline=None)
def test_the_sources_told_apart_are_bounded_and_go_through_json(life: list[tuple[int, float]]) -> None:
    flood, other = Flood(10.0, 5.0, most=8), Flood(10.0, 5.0, most=8)
    now_s = 0.0
    for source, after_s in life:
        now_s += after_s
        flood.admit(f"source-{source}", now_s)
        assert len(flood) <= 8
    assert flood.admitted + flood.refused == len(life)
    other.restore(json.loads(json.dumps(flood.state())))
    assert other.state() == flood.state()


def test_forgetting_a_source_gives_it_nothing() -> None:
    flood = Flood(rate_hz=1.0, burst=5.0, most=1)
    for _ in range(6):
        flood.admit("loud", 0.0)
    assert not flood.admit("new", 1.0)  # the loud one would come back with a full bucket
    assert flood.unknown == 1
    assert flood.admit("new", 5.0)
    assert len(flood) == 1


def test_who_keeps_talking_is_not_the_one_that_is_forgotten() -> None:
    flood = Flood(rate_hz=1.0, burst=2.0, most=2)
    flood.admit("talks", 0.0)
    flood.admit("silent", 0.0)
    for second in range(1, 10):
        flood.admit("talks", float(second))
    assert flood.admit("new", 10.0)
    assert flood.counts("talks") == (10, 0)
    assert flood.counts("silent") == (0, 0)


@pytest.mark.parametrize("numbers", [(0.0, 1.0, 1), (1.0, 0.0, 1), (1.0, 1.0, 0)])
def test_numbers_that_admit_nothing_are_refused_by_name(numbers: tuple[float, float, int]) -> None:
    with pytest.raises(ValueError, match="it must be above 0"):
        Flood(*numbers)
