"""Forecasts: what is told, and what the real garden makes of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.gate import Cause, GateState, Transition
from nimmer.world.forecast import REMEMBERED, Forecaster, RealChange
from nimmer.world.virtual_garden import Lived

NPC, GATE = 3, 0
OPEN, STABLE = int(GateState.OPEN), int(GateState.STABLE)


def opening(
    at_s: float = 0.5,
    correlation: float = 0.9,
    sure: float = 1.0,
    cause: Cause = Cause.CORRELATION,
    npc: int = NPC,
    gate: int = GATE,
    to: int = OPEN,
) -> Lived:
    triggers = tuple((cell, sure, at_s, (15.0, float(cell), 0.0)) for cell in (0, 1))
    one = Transition(gate, 0, to, int(cause), 2, 1.0, correlation, 0.3, 0.1, at_s, triggers)
    return Lived(npc, 100, at_s, [one])


def change(at_s: float, to: int = OPEN, cause: Cause = Cause.CORRELATION, gate: int = GATE) -> RealChange:
    return RealChange(NPC, gate, at_s, to, int(cause))


def after(seen: Forecaster, *changes: RealChange, made_s: float = 10.0, forecasts: int = 1) -> bool:
    """Return whether what was foreseen at `made_s`, two seconds ahead, was borne out by `changes`."""
    found = seen.foresee([[opening()] * forecasts], made_s, 2.0)
    judgements, _ = seen.judge(changes, made_s + 5.0)
    assert len(judgements) == len(found)
    return judgements[0].borne_out


@pytest.mark.parametrize(
    ("correlation", "verified"), [(0.85, True), (0.8499, False), (0.5, False), (1.0, True)]
)
def test_an_opening_correlated_enough_is_verified(correlation: float, verified: bool) -> None:
    forecast = Forecaster().foresee([[opening(0.5, correlation)]], 10.0, 2.0)[0]
    assert (forecast.npc, forecast.gate, forecast.time_s) == (NPC, GATE, 10.5)
    assert forecast.verified is verified
    assert forecast.correlation == correlation


def test_confidence_is_the_certainty_of_the_trigger_waves_times_credibility() -> None:
    seen = Forecaster()
    assert seen.foresee([[opening(sure=0.9)]], 10.0, 2.0)[0].confidence == 0.99
    seen.judge([], 15.0)
    assert seen.foresee([[opening(sure=0.9)]], 20.0, 2.0)[0].confidence == pytest.approx(0.891)


def test_only_what_every_future_holds_is_foretold_and_what_some_hold_is_no_surprise() -> None:
    seen = Forecaster()
    futures = [
        [opening(0.7, 0.8), opening(npc=4)],
        [opening(0.3, 0.96)],
        [opening(0.5, 0.88), opening(npc=4)],
    ]
    found = seen.foresee(futures, 10.0, 2.0)
    assert [(one.npc, one.time_s, one.verified) for one in found] == [(NPC, 10.3, True)]
    assert found[0].correlation == pytest.approx(0.88)
    real = [RealChange(npc, GATE, 11.0, OPEN, int(Cause.CORRELATION)) for npc in (3, 4, 5)]
    _, surprises = seen.judge(real, 20.0)
    assert [one.npc for one in surprises] == [5]


def test_only_the_first_opening_of_a_gate_is_a_forecast_and_only_by_itself() -> None:
    lived = [
        opening(0.5),
        opening(0.9),
        opening(1.0, cause=Cause.GOVERNOR, npc=4),
        opening(1.1, to=STABLE, npc=5),
    ]
    found = Forecaster().foresee([lived], 10.0, 2.0)
    assert [(one.npc, one.time_s) for one in found] == [(NPC, 10.5)]


@pytest.mark.parametrize(
    ("changes", "borne_out"),
    [
        ([change(10.6)], True),
        ([change(9.5)], True),  # the body remembered was a second old
        ([change(12.0)], True),
        ([change(12.1)], False),
        ([change(8.9)], False),
        ([change(10.6, cause=Cause.REFLEX)], True),
        ([change(10.6, cause=Cause.GOVERNOR)], False),
        ([change(10.6, gate=1)], False),
        ([change(10.6, to=STABLE)], False),
        ([change(10.1, cause=Cause.VERIFIED)], True),  # still open: fed
        (
            [change(10.1, cause=Cause.VERIFIED), change(11.45, STABLE, Cause.DECAY)],
            False,
        ),  # silence let it go
        ([change(10.1, cause=Cause.VERIFIED), change(12.0, STABLE, Cause.DECAY)], True),
        ([], False),
    ],
)
def test_the_real_garden_judges(changes: list[RealChange], borne_out: bool) -> None:
    assert after(Forecaster(), *changes) is borne_out


def test_a_forecast_waits_until_its_time_is_over() -> None:
    seen = Forecaster()
    seen.foresee([[opening()]], 10.0, 2.0)
    assert seen.judge([change(10.5)], 13.4) == ([], [])
    judgements, surprises = seen.judge([], 13.5)
    assert judgements[0].borne_out
    assert surprises == []
    assert seen.judge([], 20.0) == ([], [])


def test_a_real_opening_nobody_foresaw_is_a_surprise_once() -> None:
    seen = Forecaster()
    for made_s in (10.0, 11.0):
        seen.foresee([[], []], made_s, 2.0)
    unforeseen = change(11.5, gate=2)
    late, opened = change(14.0, gate=2), change(11.0, cause=Cause.VERIFIED, gate=1)
    _, surprises = seen.judge([change(9.5, gate=1), opened, unforeseen, late], 30.0)
    assert surprises == [unforeseen]
    assert seen.surprises == 1


def test_what_is_not_borne_out_loses_credit_and_ten_hits_regain_it() -> None:
    seen = Forecaster()
    assert seen.credibility(NPC, GATE) == 1.0
    for miss in range(1, 4):
        after(seen, made_s=10.0 * miss)
    assert seen.credibility(NPC, GATE) == pytest.approx(0.7)
    assert seen.credibility(NPC, GATE + 1) == 1.0
    for hit in range(4, 4 + REMEMBERED):
        after(seen, change(10.0 * hit + 0.5), made_s=10.0 * hit)
    assert seen.credibility(NPC, GATE) == 1.0
    assert (seen.made, seen.borne_out, seen.missed) == (13, 10, 3)


@given(st.lists(st.booleans(), max_size=60))
def test_credibility_is_the_share_borne_out_of_the_last_ten(story: list[bool]) -> None:
    seen = Forecaster()
    for place, hit in enumerate(story, start=1):
        after(seen, *([change(10.0 * place + 0.5)] if hit else []), made_s=10.0 * place)
    assert seen.credibility(NPC, GATE) == pytest.approx(1.0 - story[-REMEMBERED:].count(False) / REMEMBERED)


def test_what_waits_and_what_is_remembered_is_bounded() -> None:
    seen = Forecaster()
    for made in range(1000):
        seen.foresee([[opening()]], float(made), 2.0)
    judgements, _ = seen.judge([change(float(at)) for at in range(20_000)], 1e6)
    assert len(judgements) == 8
    assert seen._changes == []


def test_what_forecasts_were_worth_comes_back() -> None:
    seen, again = Forecaster(), Forecaster()
    after(seen)
    after(seen, change(20.5), made_s=20.0)
    again.restore(json.loads(json.dumps(seen.state())))
    assert again.state() == seen.state()
    assert again.credibility(NPC, GATE) == seen.credibility(NPC, GATE) == pytest.approx(0.9)


@pytest.mark.parametrize("wrong", [{"3.0": "012"}, {"3": "01"}, {"a.b": "01"}, {"3.0": 7}])
def test_a_state_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    state = {**Forecaster().state(), "judged": wrong}
    with pytest.raises(ValueError, match=r"judged|unpack|invalid"):
        Forecaster().restore(state)
