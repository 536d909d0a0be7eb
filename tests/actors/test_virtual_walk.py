"""A free garden gets its share, and no more."""

import pytest

from actors.virtual_walk import LONGEST_S, Walk
from nimmer.clock import ManualClock
from nimmer.life.lifeforce import Lifeforce
from nimmer.world.garden import RealGarden
from nimmer.world.levels import load_levels
from nimmer.world.rules import Rules
from nimmer.world.virtual_garden import Lived, VirtualGarden

LEVELS = load_levels()


class Heavy(VirtualGarden):
    """A garden whose ticks take time on a clock of the test's."""

    clock: ManualClock
    tick_s: float

    def run(self, ticks: int) -> list[Lived]:
        self.clock.advance(ticks * self.tick_s)
        return super().run(ticks)


def heavy(clock: ManualClock, tick_s: float) -> Heavy:
    real = RealGarden(LEVELS, Rules(), 7, 2)
    real.begin(1)
    garden = Heavy(LEVELS, Rules(), real.village.to_bytes())
    garden.clock, garden.tick_s = clock, tick_s
    return garden


def walked(tick_s: float, share: float, speed: float, seconds: float = 30.0) -> Walk:
    clock = ManualClock(10.0)
    walk = Walk(heavy(clock, tick_s), share, clock)
    purse = Lifeforce(1e6)
    while clock.monotonic_s() < 10.0 + seconds:
        clock.advance(0.05)
        walk.go(speed, purse)
    return walk


def test_a_garden_that_fits_its_share_reaches_the_speed_asked_for() -> None:
    walk = walked(0.001, 0.5, 10.0)
    assert walk.garden.time_s == pytest.approx(300.0, rel=0.02)
    assert walk.speed == pytest.approx(10.0, rel=0.05)
    assert walk.cpu == pytest.approx(0.2, rel=0.1)


@pytest.mark.parametrize("tick_s", [0.004, 0.02, 0.2])
def test_a_heavier_one_reaches_what_its_share_allows_and_says_so(tick_s: float) -> None:
    walk = walked(tick_s, 0.25, 1000.0)
    assert walk.garden.lived_ticks * tick_s <= 0.27 * 30.0
    assert walk.cpu == pytest.approx(0.25, abs=0.1)
    assert walk.garden.lived_ticks > 5
    assert walk.speed == pytest.approx(walk.garden.time_s / 30.0, rel=0.5)


def test_time_that_its_process_missed_is_not_made_up_for() -> None:
    clock = ManualClock(10.0)
    walk = Walk(heavy(clock, 0.0), 0.5, clock)
    purse = Lifeforce(1e6)
    clock.advance(0.05)
    walk.go(1.0, purse)
    clock.advance(3600.0)
    walk.go(1.0, purse)
    assert walk.garden.time_s <= 0.05 + LONGEST_S
    clock.advance(100.0)
    walk.rest()
    before = walk.garden.lived_ticks
    walk.go(1.0, purse)
    assert walk.garden.lived_ticks == before
