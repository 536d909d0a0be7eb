"""How a gate learns: docs/domain.md sections 3.2 f, 3.3 and 3.4 by their numbers."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.life.gate import Cause, GateState, ResonantGate
from nimmer.life.gate_spec import GateSpec
from nimmer.life.gates import BODY_GATES
from nimmer.life.node import DAY_S
from nimmer.life.senses import CELLS
from nimmer.life.verification import Outcome
from nimmer.life.wave import Wave

COLLISION = BODY_GATES[0]
DISTANCES = tuple(kind for kind in CELLS if kind.domain == "distance")


def front(time_s: float, distance_cm: float = 20.0, confidence: float = 0.9) -> Wave:
    return Wave(0, time_s, confidence, 0.5, (distance_cm, 0.0, 0.0))


def open_once(gate: ResonantGate, start_s: float) -> None:
    gate.settle(start_s)
    gate.settle(start_s)
    for tick in range(5):
        if gate.discrete_state is GateState.OPEN:
            return
        gate.hear(front(start_s + tick * 0.05))
    raise AssertionError("it does not open")


def test_section_3_4_a_confirmed_outcome_adds_two_hundredths_a_failed_one_takes_them_a_partial_none() -> None:
    gate = ResonantGate(COLLISION)
    moved = [gate.learn(outcome, 1.0) for outcome in (Outcome.CONFIRMED, Outcome.PARTIAL, Outcome.FAILED)]
    assert moved == [0.02, 0.0, -0.02]
    assert gate.weight == 0.1
    assert (gate.trust.verified_opens, gate.trust.failed_opens) == (1, 1)


@given(st.lists(st.sampled_from(list(Outcome)), max_size=200), st.floats(0.0, 1.0))
@settings(max_examples=100, deadline=None)
def test_section_3_4_the_weight_stays_between_floor_and_cap_and_everything_follows_it(
    outcomes: list[Outcome], weight: float
) -> None:
    gate = ResonantGate(GateSpec("any", "distance", 2, weight))
    for outcome in outcomes:
        before = gate.weight
        assert gate.learn(outcome, 1.0) == pytest.approx(gate.weight - before, abs=1e-8)
        assert 0.0 <= gate.weight <= 1.0
    assert gate.trust.threshold == pytest.approx(1.0 - gate.weight / 2)
    assert gate.trust.reflex is (gate.weight > 0.8)
    assert gate.tier == gate.trust.tier


def test_section_3_4_crossing_eight_tenths_achieves_a_reflex_once() -> None:
    gate = ResonantGate(COLLISION)
    for _ in range(35):  # .1 + 35 * .02 is .8 to the last digit, and not above it
        gate.learn(Outcome.CONFIRMED, 1.0)
    assert (gate.weight, gate.reflex_achieved, gate.trust.reflex) == (0.8, 0, False)
    gate.learn(Outcome.CONFIRMED, 1.0)
    assert (gate.weight, gate.reflex_achieved, gate.trust.reflex) == (0.82, 1, True)
    for outcome in (Outcome.FAILED, Outcome.FAILED, Outcome.CONFIRMED, Outcome.CONFIRMED):
        gate.learn(outcome, 1.0)
    assert (gate.weight, gate.reflex_achieved) == (0.82, 1)
    (leap,) = gate.hear(front(2.0))
    assert (leap.cause, leap.tier) == (Cause.REFLEX, 0)


def test_a_gate_born_a_reflex_achieves_nothing_by_being_one() -> None:
    gate = ResonantGate(BODY_GATES[4])
    for outcome in [Outcome.FAILED] * 10 + [Outcome.CONFIRMED] * 10:
        gate.learn(outcome, 1.0)
    assert gate.reflex_achieved == 0


def test_a_gate_that_fails_asks_for_more_next_time() -> None:
    gate = ResonantGate(GateSpec("any", "distance", 2, 0.6, COLLISION.salience, ("distance_front",)))
    assert gate.trust.threshold == pytest.approx(0.7)
    for _ in range(10):
        gate.learn(Outcome.FAILED, 1.0)
    assert gate.trust.threshold == pytest.approx(0.8)
    assert gate.tier == 2  # from 1


def test_section_13_6_the_node_routes_and_the_gate_opens() -> None:
    gate = ResonantGate(GateSpec("any", "distance", 2, 0.6, COLLISION.salience, ("distance_front",)))
    assert gate.tier == 1
    tiers = []
    for lesson in range(9):
        open_once(gate, lesson * 100.0 + 10.0)
        tiers.append(gate.tier)
        gate.trust.nodes.learn(gate.trust.node, Outcome.CONFIRMED, gate.now_s)
    # the node's weight: .1 .2 .3 .4 .5 .6 .7 .8 .9
    assert tiers == [4, 4, 2, 2, 2, 1, 1, 0, 0]
    gate.settle(2000.0)
    assert gate.tier == 1  # no pattern: the gate's own weight
    gate.force(1, 2000.0)
    assert gate.tier == 1


def test_section_3_4_success_moves_the_node_by_a_tenth_and_the_gate_by_two_hundredths() -> None:
    gate = ResonantGate(COLLISION)
    open_once(gate, 1.0)
    gate.learn(Outcome.CONFIRMED, 2.0)
    assert gate.trust.nodes.weight(gate.trust.node, 2.0) == 0.2
    assert gate.weight == pytest.approx(0.12)
    gate.learn(Outcome.FAILED, 2.0)
    assert gate.trust.nodes.weight(gate.trust.node, 2.0) == pytest.approx(0.1)


def test_an_order_has_no_pattern_and_teaches_no_prior() -> None:
    gate = ResonantGate(COLLISION)
    gate.hear(front(0.0))
    (forced,) = gate.force(1, 0.1)
    assert forced.node == gate.trust.node == 0
    assert forced.triggers == ((0, 0.9, 0.0, (20.0, 0.0, 0.0)),)
    gate.learn(Outcome.CONFIRMED, 0.2)
    assert gate.trust.prior.state() == []
    assert gate.weight == pytest.approx(0.12)


def test_section_3_2_f_a_primed_gate_opens_a_wave_earlier() -> None:
    spec = GateSpec("any", "distance", 2, 0.3, COLLISION.salience, ("distance_front",))
    gate = ResonantGate(spec)
    open_once(gate, 0.0)
    untaught = gate.value
    gate.learn(Outcome.CONFIRMED, 1.0)
    values = []
    for tick in range(4):
        gate.hear(front(100.0 + tick * 0.05, confidence=1.0))
        values.append(gate.value)
        if gate.discrete_state is GateState.OPEN:
            break
    # w .32 against .5 of self-corroboration: the first wave counts .32, where it had counted nothing
    assert values[0] == pytest.approx(0.32)
    assert gate.correlation == pytest.approx(0.5)
    assert len(values) == 3
    assert untaught > 0.85


def test_section_3_2_f_what_is_unlike_the_mean_or_not_salient_is_not_primed() -> None:
    spec = GateSpec("any", "distance", 2, 0.5, (), ("distance_front",))
    gate = ResonantGate(spec)
    open_once(gate, 0.0)
    gate.learn(Outcome.CONFIRMED, 1.0)
    gate.hear(front(50.0, 400.0))
    assert gate.correlation == 0.0
    assert gate.value == pytest.approx(0.0, abs=1e-6)
    gate.hear(front(100.0, 25.0))
    # likeness of 25 cm to 20 cm on a scale of 200: .95; noise alike: 1
    assert gate.correlation == pytest.approx(gate.weight * (0.95 + 1.0) / 2)


def test_section_3_2_f_a_wave_the_gate_does_not_care_for_is_not_primed_however_alike() -> None:
    gate = ResonantGate(GateSpec("any", "distance", 2, 0.5, COLLISION.salience, ("distance_front",)))
    open_once(gate, 0.0)
    gate.learn(Outcome.CONFIRMED, 1.0)
    gate.hear(front(50.0, 31.0))  # like 20 cm to .89, and not in the way
    assert gate.correlation == 0.0
    gate.hear(front(100.0, 29.0))
    assert gate.correlation == pytest.approx(gate.weight * (0.91 + 1.0) / 2)


def test_section_3_2_f_below_three_tenths_nothing_is_primed() -> None:
    gate = ResonantGate(COLLISION)
    open_once(gate, 0.0)
    gate.learn(Outcome.CONFIRMED, 1.0)
    gate.hear(front(100.0))
    assert gate.correlation == 0.0


def test_a_state_with_a_weight_out_of_range_is_refused_by_name() -> None:
    gate = ResonantGate(COLLISION)
    state = json.loads(json.dumps(gate.state()))
    state["trust"]["weight"] = 1.5
    with pytest.raises(ValueError, match=r"collision_avoidance_gate: weight is 1\.5"):
        gate.restore(state)


def test_learning_survives_the_days_when_the_clock_began_anew() -> None:
    gate, other = ResonantGate(COLLISION), ResonantGate(COLLISION)
    open_once(gate, 20 * DAY_S)
    gate.learn(Outcome.CONFIRMED, 20 * DAY_S)
    other.restore(json.loads(json.dumps(gate.state())), -20 * DAY_S)
    node = gate.trust.node
    assert other.trust.nodes.weight(node, 8.5 * DAY_S) == pytest.approx(0.2 * 0.98)
    assert other.trust.verification_rate == 1.0
