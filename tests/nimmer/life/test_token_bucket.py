"""A rate, and a little more at once after a silence."""

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.token_bucket import TokenBucket


def test_a_burst_is_granted_and_then_the_rate() -> None:
    bucket = TokenBucket(10.0, 3.0)
    assert [bucket.take(0.0) for _ in range(5)] == [True, True, True, False, False]
    assert [bucket.take(0.1), bucket.take(0.1)] == [True, False]
    assert [bucket.take(100.0) for _ in range(5)] == [True, True, True, False, False]


def test_a_clock_that_went_back_grants_nothing_new() -> None:
    bucket = TokenBucket(10.0, 1.0)
    assert bucket.take(5.0)
    assert not bucket.take(4.0)
    assert not bucket.take(5.05)
    assert bucket.take(5.2)


@given(st.lists(st.floats(0.0, 0.05), min_size=1, max_size=300), st.floats(1.0, 50.0), st.integers(1, 20))
def test_no_more_is_granted_than_rate_and_burst_allow(gaps: list[float], rate_hz: float, burst: int) -> None:
    bucket = TokenBucket(rate_hz, float(burst))
    now_s, granted = 0.0, 0
    for gap in gaps:
        now_s += gap
        granted += bucket.take(now_s)
    assert granted <= burst + rate_hz * now_s + 1e-6


@pytest.mark.parametrize(("rate_hz", "burst"), [(0.0, 1.0), (1.0, 0.5), (nan, 1.0)])
def test_a_bucket_that_lets_nothing_through_is_refused(rate_hz: float, burst: float) -> None:
    with pytest.raises(ValueError, match="let nothing through"):
        TokenBucket(rate_hz, burst)
