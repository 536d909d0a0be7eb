"""Section 3 of docs/domain.md by number: the gate's state machine and correlation."""

import pytest

from nimmer.life.correlation import Condition
from nimmer.life.gate import Cause, GateState, ResonantGate, Transition
from nimmer.life.gate_spec import GateSpec
from nimmer.life.gates import BODY_GATES, SHARED_GATES
from nimmer.life.verification import Outcome
from nimmer.life.wave import CellKind, Field, Wave

# Sources of one quantity each on a scale of 1: two that lie d apart correlate 1 - 2d.
PROBES = tuple(CellKind(code, f"probe_{code}", "probe", 2, 0.1, (Field("value"),)) for code in range(3))
EXAMPLE = ((0.6, 0.0), (0.7, 0.1), (0.5, 0.05))
"""Confidences .6, .7, .5; the values are so placed that the correlations are 0, .8 and .9."""
GATES = {spec.name: spec for spec in (*BODY_GATES, *SHARED_GATES)}
COLLISION = GATES["collision_avoidance_gate"]


def probe_gate(weight: float = 0.1, real: bool = False) -> ResonantGate:
    return ResonantGate(GateSpec("probe_gate", "probe", 2, weight, real=real), kinds=PROBES)


def say(
    gate: ResonantGate, cell: int, time_s: float, confidence: float, value: float
) -> tuple[Transition, ...]:
    return gate.hear(Wave(cell, time_s, confidence, 0.1, (value,)))


def example(step_s: float, gate: ResonantGate | None = None) -> tuple[list[float], list[int]]:
    gate = gate or probe_gate()
    values, states = [], []
    for code, (confidence, value) in enumerate(EXAMPLE):
        say(gate, code, code * step_s, confidence, value)
        values.append(gate.value)
        states.append(int(gate.discrete_state))
    return values, states


def opened() -> ResonantGate:
    gate = probe_gate()
    example(0.0, gate)
    return gate


def contradicted(confidence: float) -> tuple[ResonantGate, tuple[Transition, ...]]:
    """Return a gate that heard two sources contradict each other entirely, and what that made it do."""
    gate = probe_gate()
    say(gate, 0, 0.0, confidence, 0.0)
    return gate, say(gate, 1, 0.0, confidence, 1.0)


def front(time_s: float, distance_cm: float = 20.0, confidence: float = 0.9, cell: int = 0) -> Wave:
    return Wave(cell, time_s, confidence, 0.5, (distance_cm, float(cell), 0.0))


# 3.1 The state machine


def test_3_1_a_gate_starts_at_0_and_stable() -> None:
    gate = probe_gate()
    assert (gate.value, gate.discrete_state) == (0.0, GateState.STABLE)


def test_3_1_the_window_is_1500_ms_and_the_refractory_time_500_ms() -> None:
    assert (COLLISION.window_s, COLLISION.refractory_s) == (1.5, 0.5)


def test_3_1_the_worked_example_opens_on_the_third_wave_at_1_01() -> None:
    values, states = example(0.0)
    assert values == pytest.approx([0.0, 0.56, 1.01])
    assert states == [0, 0, 1]


def test_3_1_the_worked_example_50_ms_apart_reaches_0_996() -> None:
    values, states = example(0.05)
    assert values == pytest.approx([0.0, 0.56, 0.996], abs=5e-4)
    assert states == [0, 0, 1]


def test_3_1_the_worked_example_100_ms_apart_reaches_0_982() -> None:
    values, states = example(0.1)
    assert values == pytest.approx([0.0, 0.56, 0.982])
    assert states == [0, 0, 1]


def test_3_1_a_decays_by_0_95_in_100_ms() -> None:
    gate = opened()
    gate.settle(0.1)
    assert gate.value == pytest.approx(1.01 * 0.95)


def test_3_1_the_half_life_is_1351_ms() -> None:
    gate = opened()
    gate.settle(1.3513)
    assert gate.value == pytest.approx(1.01 / 2, abs=1e-4)


def test_3_1_a_is_clamped_to_1_5() -> None:
    gate = probe_gate()
    for number in range(9):
        say(gate, number % 3, 0.0, 1.0, 0.0)
    assert gate.value == 1.5


def test_3_1_a_is_clamped_to_minus_1_5() -> None:
    gate, _ = contradicted(1.0)
    say(gate, 0, 0.5, 1.0, 0.0)  # -1 * .95^5 - 1 would be -1.77
    assert gate.value == -1.5


@pytest.mark.parametrize(("weight", "threshold"), [(0.1, 0.95), (0.3, 0.85), (0.6, 0.7), (0.8, 0.6)])
def test_3_1_theta_is_1_less_half_the_weight(weight: float, threshold: float) -> None:
    assert GateSpec("probe_gate", "probe", 2, weight).threshold == pytest.approx(threshold)


def test_3_1_one_source_alone_does_not_open_a_gate() -> None:
    gate = probe_gate()
    assert [say(gate, 0, 0.05 * tick, 1.0, 0.0) for tick in range(20)] == [()] * 20
    assert gate.value == 0.0


def test_3_1_open_lets_go_below_0_5_which_1_01_reaches_after_1371_ms_of_silence() -> None:
    gate = opened()
    assert gate.settle(1.3705) == ()
    (fall,) = gate.settle(1.3715)
    assert (fall.from_state, fall.to_state, fall.cause) == (1, 0, Cause.DECAY)


def test_3_1_stable_closes_only_below_minus_0_5() -> None:
    assert contradicted(0.5)[1] == ()
    (step,) = contradicted(0.51)[1]
    assert (step.from_state, step.to_state, step.value) == pytest.approx((0, -1, -0.51))


def test_3_1_waves_in_the_refractory_500_ms_are_recorded_and_not_added() -> None:
    gate, _ = contradicted(0.51)
    assert say(gate, 2, 0.499, 1.0, 1.0) == ()
    assert (gate.recorded, gate.value) == pytest.approx((1, -0.51 * 0.95**4.99))


def test_3_1_closed_lets_go_above_minus_0_25_once_500_ms_have_passed() -> None:
    gate, _ = contradicted(0.51)
    (step,) = say(gate, 1, 0.5, 0.5, 0.0)
    assert (step.from_state, step.to_state) == (-1, 0)
    assert gate.value > -0.25


def test_3_1_closed_stays_closed_below_minus_0_25_however_long() -> None:
    gate, _ = contradicted(0.51)
    assert gate.settle(1.38) == ()  # -.51 * .95^13.8 = -.251
    (step,) = gate.settle(1.40)
    assert (step.from_state, step.to_state) == (-1, 0)


def test_3_1_from_open_to_closed_both_steps_are_reported() -> None:
    steps = opened().force(-1, 0.1)
    assert [(step.from_state, step.to_state) for step in steps] == [(1, 0), (0, -1)]


def test_3_1_an_open_gate_forwards_every_wave() -> None:
    gate = opened()
    before = gate.forwarded
    for tick in range(5):
        say(gate, 0, 0.1 * tick, 0.6, 0.0)
    assert gate.forwarded - before == 5


def test_3_1_leaving_stable_costs_0_3_and_returning_is_free() -> None:
    gate = probe_gate()
    costs = [
        step.cost for code, (sure, value) in enumerate(EXAMPLE) for step in say(gate, code, 0.0, sure, value)
    ]
    costs += [step.cost for step in gate.settle(5.0)]
    assert costs == [0.3, 0.0]


def test_3_1_a_real_gate_asks_for_0_25_more() -> None:
    assert GateSpec("probe_gate", "probe", 2, 0.1).in_garden(real=True).threshold == pytest.approx(1.2)
    assert example(0.0, probe_gate(real=True))[1] == [0, 0, 0]


def test_3_1_a_verified_signal_of_0_9_opens_its_real_gate_directly_at_1() -> None:
    gate = probe_gate(real=True)
    assert gate.verify(0.89, 0.0) == ()
    (step,) = gate.verify(0.9, 0.0)
    assert (step.to_state, step.cause, gate.value) == (1, Cause.VERIFIED, 1.0)


def test_3_1_the_governor_overrides_force_open_force_close_and_auto() -> None:
    gate = probe_gate()
    (forced,) = gate.force(1, 0.0)
    assert (forced.to_state, forced.cause, gate.value) == (1, Cause.GOVERNOR, 1.0)
    assert [step.to_state for step in gate.force(-1, 0.1)] == [0, -1]
    assert gate.force(0, 0.2) == ()


@pytest.mark.parametrize("real", [False, True])
def test_3_1_above_0_8_any_salient_wave_opens_at_once_in_either_garden(real: bool) -> None:
    gate = probe_gate(weight=0.81, real=real)
    (step,) = say(gate, 0, 0.0, 0.1, 0.0)
    assert (step.cause, step.tier, gate.value) == (Cause.REFLEX, 0, 1.0)


def test_3_1_at_0_8_a_gate_is_no_reflex_yet() -> None:
    assert say(probe_gate(weight=0.8), 0, 0.0, 1.0, 0.0) == ()


def test_3_1_the_danger_and_the_motor_stall_gate_start_at_w_0_9() -> None:
    assert GATES["danger_reflex_gate"].weight == GATES["motor_feedback_gate"].weight == 0.9


# 3.2 Correlation


def test_3_2_nothing_to_compare_with_gives_0() -> None:
    gate = probe_gate()
    say(gate, 0, 0.0, 0.9, 0.0)
    assert gate.correlation == 0.0


def test_3_2_a_agreeing_that_all_is_clear_opens_no_collision_gate() -> None:
    gate = ResonantGate(COLLISION)
    for tick in range(40):
        for cell in range(3):
            gate.hear(front(tick * 0.05, 200.0, cell=cell))
    assert (gate.value, gate.transitions) == (0.0, 0)


def test_3_2_a_only_the_newest_wave_of_another_source_is_a_partner() -> None:
    gate = probe_gate()
    say(gate, 0, 0.0, 0.9, 1.0)
    say(gate, 0, 0.1, 0.9, 0.0)
    say(gate, 1, 0.1, 0.9, 0.0)
    assert gate.correlation == pytest.approx(1.0)


def test_3_2_a_a_wave_1500_ms_old_is_still_a_partner_and_an_older_one_is_none() -> None:
    for age_s, correlation in ((1.5, 1.0), (1.501, 0.0)):
        gate = probe_gate()
        say(gate, 0, 0.0, 0.9, 0.0)
        say(gate, 1, age_s, 0.9, 0.0)
        assert gate.correlation == pytest.approx(correlation)


def test_3_2_b_near_is_below_30_cm_and_distance_has_a_scale_of_200_cm() -> None:
    assert COLLISION.salience == (Condition("distance_cm", below=30.0),)
    gate = ResonantGate(COLLISION)
    gate.hear(front(0.0, 10.0))
    gate.hear(front(0.0, 30.0 - 1e-9, cell=1))
    # the predicate +1 weighs 2; the distance 1 - 2 * 20 / 200 = .8 and the noise 1 weigh 1 each
    assert gate.correlation == pytest.approx((2 * 1 + 0.8 + 1) / 4)


def test_3_2_b_an_unequal_predicate_counts_minus_1_at_weight_2_and_a_number_at_least_minus_1() -> None:
    gate = ResonantGate(COLLISION)
    gate.hear(front(0.0, 20.0))
    gate.hear(front(0.1, 400.0))  # the same scope; its own last wave counts half (3.2 e)
    assert gate.correlation == pytest.approx(0.5 * (-2 - 1 + 1) / 4)


def test_3_2_c_front_against_left_is_no_contradiction() -> None:
    gate = ResonantGate(COLLISION)
    gate.hear(front(0.0, 20.0))
    gate.hear(front(0.0, 400.0, cell=1))
    assert gate.correlation == 0.0


def test_3_2_d_partners_weigh_by_confidence_likeness_of_confidence_and_age() -> None:
    gate = probe_gate()
    say(gate, 0, 0.0, 0.5, 0.0)  # sem 1: a = .5 * 1 * 2^-1 = .25
    say(gate, 1, 1.5, 0.9, 0.1)  # sem .8: a = .9 * (1 - .4) * 1 = .54
    say(gate, 2, 1.5, 0.5, 0.0)
    assert gate.correlation == pytest.approx((0.25 * 1 + 0.54 * 0.8) / (0.25 + 0.54))


def test_3_2_e_a_single_emitter_at_20_hz_gives_0_45_0_889_1_316_and_opens_on_wave_4() -> None:
    gate = ResonantGate(COLLISION)
    values, steps = [], []
    for tick in range(4):
        steps.append(len(gate.hear(front(tick * 0.05))))
        values.append(gate.value)
    assert values == pytest.approx([0.0, 0.45, 0.889, 1.316], abs=5e-4)
    assert steps == [0, 0, 0, 1]  # 150 ms after the first


@pytest.mark.parametrize(("weight", "correlation"), [(0.3, 0.3), (0.28, 0.0)])
def test_3_2_f_from_w_0_3_on_a_confirmed_opening_primes_at_w_times_s(
    weight: float, correlation: float
) -> None:
    gate = probe_gate(weight=weight - 0.02)
    example(0.0, gate)
    assert gate.learn(Outcome.CONFIRMED, 0.0) == pytest.approx(0.02)
    gate.settle(60.0)
    say(gate, 0, 60.0, 0.9, 0.0)  # as at that opening: s = 1
    assert gate.correlation == pytest.approx(correlation)


@pytest.mark.parametrize(("off", "correlation"), [(0.099, 0.3 * (1 - 2 * 0.099)), (0.101, 0.0)])
def test_3_2_f_priming_needs_a_similarity_of_0_8(off: float, correlation: float) -> None:
    gate = probe_gate(weight=0.28)
    example(0.0, gate)
    gate.learn(Outcome.CONFIRMED, 0.0)
    say(gate, 0, 60.0, 0.9, off)
    assert gate.correlation == pytest.approx(correlation)


def test_3_2_the_sample_matrix_aggregates_to_0_865() -> None:
    fields = (Field("x"), Field("y"))  # two numbers: likeness is 1 less the sum of both distances
    kinds = tuple(CellKind(code, f"probe_{code}", "probe", 2, 0.1, fields) for code in range(3))
    gate = ResonantGate(GateSpec("probe_gate", "probe", 2, 0.1), kinds=kinds)
    found = []
    for code, place in enumerate(((0.15, 0.0), (0.085, 0.035), (0.0, 0.0))):
        gate.hear(Wave(code, 0.0, 0.8, 0.1, place))
        found.append(gate.correlation)
    assert found == pytest.approx([0.0, 0.9, 0.865])  # pairs .9; then .85 and .88
    all_pairs = (0.9 + 0.85 + 0.88) / 3
    assert all_pairs == pytest.approx(0.877, abs=5e-4)  # which is not what is printed
