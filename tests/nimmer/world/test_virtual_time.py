"""Virtual time: the printed prices, and what a given piece of real time comes to."""

from math import inf, nan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.errors import WorldError
from nimmer.world.virtual_time import FASTEST, PAUSE_PER_MINUTE, VirtualTime, checked_speed, price_per_minute

RICH = 1e6


@pytest.mark.parametrize(
    ("speed", "price"), [(0.0, 0.0), (1.0, 0.0), (10.0, 5.0), (100.0, 20.0), (1000.0, 50.0), (5000.0, 50.0)]
)
def test_the_printed_speeds_have_the_printed_prices(speed: float, price: float) -> None:
    assert price_per_minute(speed) == pytest.approx(price)


def test_half_way_between_two_printed_speeds_on_a_log_scale_the_price_is_half_way_too() -> None:
    assert price_per_minute(sqrt(10 * 100)) == pytest.approx(12.5)
    assert price_per_minute(nan) == 0.0


@given(st.floats(0, 2000), st.floats(0, 2000))
def test_faster_is_never_cheaper(one: float, other: float) -> None:
    slow, fast = sorted((one, other))
    assert price_per_minute(slow) <= price_per_minute(fast) + 1e-9


@pytest.mark.parametrize("wrong", [0.5, 1001, nan, inf, -1, True, "10", None])
def test_a_speed_that_is_none_is_refused_with_its_range(wrong: object) -> None:
    with pytest.raises(WorldError, match="a number from 1 to 1000"):
        checked_speed(wrong)


@pytest.mark.parametrize("hz", [0.0, -1.0, nan, inf])
def test_a_world_without_a_rate_has_no_time(hz: float) -> None:
    with pytest.raises(WorldError, match="hz is"):
        VirtualTime(hz)


@pytest.mark.parametrize("speed", [1.0, 10.0, 100.0, 1000.0, 33.3])
def test_a_second_at_a_speed_is_so_many_ticks_and_costs_a_sixtieth_of_its_price(speed: float) -> None:
    share = VirtualTime(20.0, speed).share(1.0, 100_000, RICH)
    assert share.ticks == pytest.approx(20 * speed, abs=1)
    assert share.speed == speed
    assert share.cost == pytest.approx(price_per_minute(speed) / 60)
    assert not share.slowed


def test_fractions_of_a_tick_are_not_lost() -> None:
    time = VirtualTime(20.0)
    assert sum(time.share(0.03, 100, RICH).ticks for _ in range(1000)) == 600


def test_what_cannot_be_reached_is_not_promised_and_not_paid_for() -> None:
    time = VirtualTime(20.0, 1000.0)
    share = time.share(1.0, 200, RICH)
    assert (share.ticks, share.speed) == (200, 10.0)
    assert share.cost == pytest.approx(5.0 / 60)
    assert time.share(1.0, 200, RICH).ticks == 200  # and not owed later


def test_who_cannot_pay_runs_at_real_time_which_is_free() -> None:
    share = VirtualTime(20.0, 100.0).share(1.0, 10_000, 0.1)
    assert (share.ticks, share.speed, share.cost, share.slowed) == (20, 1.0, 0.0, True)


def test_a_pause_costs_one_a_minute_and_ends_when_it_cannot_be_paid_for() -> None:
    time = VirtualTime(20.0, 100.0)
    time.paused = True
    assert time.share(60.0, 10_000, RICH) == (0, 0.0, PAUSE_PER_MINUTE, False)
    assert time.share(1.0, 10_000, 0.0) == (20, 1.0, 0.0, True)


@pytest.mark.parametrize("elapsed_s", [0.0, -1.0, nan, inf])
def test_time_that_did_not_pass_comes_to_nothing(elapsed_s: float) -> None:
    assert VirtualTime(20.0, 10.0).share(elapsed_s, 10, RICH) == (0, 0.0, 0.0, False)


@given(
    st.lists(st.floats(0.001, 2.0), max_size=40),
    st.floats(1, FASTEST),
    st.integers(0, 300),
    st.floats(0, 100),
)
def test_no_share_is_larger_than_what_was_allowed_and_no_price_larger_than_the_purse(
    pieces: list[float], speed: float, most: int, level: float
) -> None:
    time = VirtualTime(20.0, speed)
    for elapsed_s in pieces:
        share = time.share(elapsed_s, most, level)
        assert 0 <= share.ticks <= most
        assert 0.0 <= share.cost <= level
        assert share.speed <= speed


def test_a_pace_comes_back_as_it_was() -> None:
    time, again = VirtualTime(20.0, 7.0), VirtualTime(20.0)
    time.share(0.013, 100, RICH)
    again.restore(time.state())
    assert again.state() == time.state()
    assert [time.share(0.07, 100, RICH) for _ in range(20)] == [
        again.share(0.07, 100, RICH) for _ in range(20)
    ]
