"""Section 4 of docs/domain.md by number: two thresholds, the loop between the gardens, and what virtual time costs."""

import pytest

from nimmer.bus.outcomes import verification_outcome
from nimmer.life.gate import Cause, ResonantGate, Transition
from nimmer.life.gates import BODY_GATES
from nimmer.life.lifeforce import Lifeforce
from nimmer.life.verification import Outcome
from nimmer.life.wave import Wave
from nimmer.world.forecast import Forecast, Forecaster, RealChange
from nimmer.world.garden import RealGarden
from nimmer.world.levels import load_levels
from nimmer.world.rules import Rules
from nimmer.world.virtual_garden import Lived, VirtualGarden
from nimmer.world.virtual_time import VirtualTime, price_per_minute

COLLISION = BODY_GATES[0]
HORIZON_S = 2.0
LATER_S = 10.0
"""When a forecast of `HORIZON_S` is surely over."""


def foreseen(forecaster: Forecaster, correlation: float = 0.9, confidence: float = 1.0) -> Forecast:
    """Let the collision gate of NPC 0 open in the virtual garden and return what that forecasts."""
    wave = Wave(0, 0.5, confidence, 0.5, (20.0, 0.0, 0.0))
    trigger = (wave.cell, wave.confidence, wave.time_s, wave.values)
    opening = Transition(0, 0, 1, Cause.CORRELATION, 2, 1.0, correlation, 0.3, 0.1, 0.5, (trigger,))
    (forecast,) = forecaster.foresee([[Lived(0, 10, 0.5, [opening])]], 0.0, HORIZON_S)
    return forecast


# Two gardens


def test_4_the_virtual_threshold_is_lower_by_0_25() -> None:
    virtual, real = COLLISION.in_garden(real=False), COLLISION.in_garden(real=True)
    assert real.threshold - virtual.threshold == pytest.approx(0.25)


def test_4_virtual_time_is_malleable_and_both_gardens_turn_the_same_world() -> None:
    levels, rules = load_levels(), Rules()
    real = RealGarden(levels, rules, 7, 1)
    real.begin(1)
    garden = VirtualGarden(levels, rules, real.village.to_bytes(), speed=1000.0)
    advance = garden.advance(1.0, 200, Lifeforce(100.0, 0.0))
    assert (advance.ticks, garden.time_s) == (200, 10.0)  # ten virtual seconds in a real one


# The loop: virtual opens, verified signal, real acts, outcome, virtual weight


@pytest.mark.parametrize(("correlation", "verified"), [(0.85, True), (0.849, False)])
def test_4_a_virtual_opening_is_a_verified_signal_from_a_correlation_of_0_85(
    correlation: float, verified: bool
) -> None:
    assert foreseen(Forecaster(), correlation).verified is verified


def test_4_the_loop_goes_from_a_virtual_opening_to_the_virtual_weight() -> None:
    signal = foreseen(Forecaster())
    real, virtual = (ResonantGate(COLLISION.in_garden(real)) for real in (True, False))
    (opening,) = real.verify(signal.confidence, signal.time_s)
    outcome = verification_outcome(
        "0" * 8 + "-0000" * 3 + "-" + "0" * 12, "distance", 1, expected={}, actual={}
    )
    moved = virtual.learn(Outcome.CONFIRMED, 1.0)
    assert opening.to_state == 1
    assert moved == outcome.feedback_to_virtual.gate_weight_delta == 0.02


def test_4_a_surprising_real_opening_goes_to_the_virtual_garden() -> None:
    forecaster = Forecaster()
    forecaster.foresee([[]], 0.0, HORIZON_S)
    opened = RealChange(0, 0, 1.0, 1, Cause.CORRELATION)
    _, surprises = forecaster.judge([opened], LATER_S)
    assert surprises == [opened]


def test_4_a_forecast_waits_for_the_real_garden() -> None:
    forecaster = Forecaster()
    foreseen(forecaster)
    assert forecaster.judge([], 1.0)[0] == []
    (judgement,), _ = forecaster.judge([RealChange(0, 0, 1.0, 1, Cause.CORRELATION)], LATER_S)
    assert judgement.borne_out


def test_4_forecasts_that_nothing_verifies_lose_confidence() -> None:
    forecaster = Forecaster()
    before = foreseen(forecaster).confidence
    forecaster.judge([], LATER_S)
    assert foreseen(forecaster).confidence < before


# Virtual time


@pytest.mark.parametrize(("speed", "price"), [(1.0, 0.0), (10.0, 5.0), (100.0, 20.0), (1000.0, 50.0)])
def test_4_a_minute_costs_0_at_1x_5_at_10x_20_at_100x_and_50_at_1000x(speed: float, price: float) -> None:
    assert price_per_minute(speed) == pytest.approx(price)
    assert VirtualTime(20.0, speed).share(60.0, 10**7, 1e6).cost == pytest.approx(price)


def test_4_a_minute_of_pause_costs_1() -> None:
    time = VirtualTime(20.0)
    time.paused = True
    assert time.share(60.0, 10**6, 1e6).cost == 1.0


def test_4_a_rewind_costs_50_once() -> None:
    levels, rules = load_levels(), Rules()
    real = RealGarden(levels, rules, 7, 1)
    real.begin(1)
    garden, purse = VirtualGarden(levels, rules, real.village.to_bytes()), Lifeforce(100.0, 0.0)
    garden.run(5)
    garden.rewind(purse)
    assert (purse.level, garden.time_s) == (50.0, 0.0)


def test_4_the_real_heartbeat_of_1_hz_is_free_and_a_virtual_one_of_100_hz_is_paid() -> None:
    assert price_per_minute(1.0) == 0.0
    assert price_per_minute(100.0) == pytest.approx(20.0)
