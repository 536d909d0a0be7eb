"""What no gate ever breaks, whatever it hears and whoever orders it about: the laws of docs/domain.md section 3."""

import json
from itertools import permutations, product
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.life.gate import (
    AHEAD_S,
    DELAY_S,
    SOURCE_ATTENTION,
    SOURCE_GOVERNOR,
    SOURCE_VERIFIED,
    Cause,
    GateState,
    ResonantGate,
    Transition,
)
from nimmer.life.gate_spec import GateSpec, tier_of
from nimmer.life.gates import BODY_GATES, SHARED_GATES
from nimmer.life.senses import CELLS
from nimmer.life.verification import Outcome
from nimmer.life.wave import CellKind, Field, Wave

COLLISION = BODY_GATES[0]
MOTOR = BODY_GATES[4]
HOUR_S = 3600.0


def front(time_s: float, distance_cm: float = 20.0, confidence: float = 0.9) -> Wave:
    return Wave(0, time_s, confidence, 0.5, (distance_cm, 0.0, 0.0))


def opened(spec: GateSpec = COLLISION) -> ResonantGate:
    gate = ResonantGate(spec)
    while gate.discrete_state is not GateState.OPEN:
        gate.hear(front(max(gate.now_s, 0.0) + 0.05))
    return gate


# One step of a life: what happens, and how long after the step before.
Step = tuple[str, float, Any]
waves = st.tuples(
    st.integers(0, 3),
    st.floats(0.0, 1.0),
    st.sampled_from([5.0, 15.0, 25.0, 115.0, 400.0]),
    st.sampled_from([0.0, 1.0]),
)
steps = st.one_of(
    st.tuples(st.just("hear"), st.floats(0.0, 0.5), waves),
    st.tuples(st.just("hear"), st.floats(0.0, 0.1), waves),
    st.tuples(st.just("settle"), st.floats(0.0, 5.0), st.none()),
    st.tuples(st.just("force"), st.floats(0.0, 1.0), st.sampled_from([-1, 0, 0, 1])),
    st.tuples(st.just("close"), st.floats(0.0, 1.0), st.none()),
    st.tuples(st.just("verify"), st.floats(0.0, 1.0), st.sampled_from([0.5, 0.9, 1.0])),
    st.tuples(st.just("learn"), st.floats(0.0, 1.0), st.sampled_from(list(Outcome))),
)
lives = st.lists(steps, max_size=60)
specs = st.builds(
    GateSpec,
    st.just("any"),
    st.just("distance"),
    st.just(2),
    st.sampled_from([0.0, 0.1, 0.3, 0.6, 0.78, 0.8, 0.82, 0.9, 1.0]),
    st.sampled_from([(), COLLISION.salience]),
    st.sampled_from([(), ("distance_front",)]),
    real=st.booleans(),
)


def live(gate: ResonantGate, life: list[Step], start_s: float = 0.0) -> list[Transition]:
    """Play a life on `gate` and return every transition."""
    now_s = start_s
    found: list[Transition] = []
    for what, after_s, detail in life:
        now_s += after_s
        if what == "hear":
            cell, confidence, distance, direction = detail
            found += gate.hear(Wave(cell, now_s, confidence, 0.5, (distance, direction, 0.0)))
        elif what == "learn":
            gate.learn(detail, now_s)
        elif detail is None:
            found += getattr(gate, what)(now_s)
        else:
            found += getattr(gate, what)(detail, now_s)
        assert abs(gate.value) <= 1.5
        assert 0.0 <= gate.weight <= 1.0
    return found


@given(specs, lives)
@settings(max_examples=200, deadline=None)
def test_every_step_is_legal_priced_and_names_who_caused_it(spec: GateSpec, life: list[Step]) -> None:
    gate = ResonantGate(spec)
    state = 0
    for one in live(gate, life):
        assert one.from_state == state
        assert GateState(one.to_state) in GateState(state).successors
        assert one.cost == (0.3 if state == 0 else 0.0)
        assert 1 <= len(one.triggers) <= 4
        for cell, confidence, time_s, values in one.triggers:
            assert time_s <= one.time_s
            assert 0.0 <= confidence <= 1.0
            assert len(values) == (3 if cell < len(CELLS) else 0)
        if one.to_state != 1:
            assert one.node == 0
        elif one.cause in (Cause.CORRELATION, Cause.REFLEX):
            assert one.node in gate.trust.nodes.nodes or gate.trust.nodes.forgotten or gate.trust.nodes.pruned
        state = one.to_state
    assert gate.discrete_state == state
    assert gate.spent == pytest.approx(0.3 * (gate.opens + gate.closes))


@given(specs, lives)
@settings(max_examples=150, deadline=None)
def test_silence_ends_every_life_stable_near_zero(spec: GateSpec, life: list[Step]) -> None:
    gate = ResonantGate(spec)
    live(gate, life)
    gate.force(0, 400.0)
    gate.settle(460.0)
    assert gate.discrete_state is GateState.STABLE
    assert abs(gate.value) < 1e-9
    assert gate.tier == tier_of(gate.weight, "distance")


@given(specs, lives, lives)
@settings(max_examples=150, deadline=None)
def test_a_gate_killed_at_any_moment_goes_on_as_if_nothing_had_happened(
    spec: GateSpec, before: list[Step], after: list[Step]
) -> None:
    gate, other = ResonantGate(spec), ResonantGate(spec)
    live(gate, before)
    other.restore(json.loads(json.dumps(gate.state())))
    assert other.state() == gate.state()
    start_s = max(gate.now_s, 0.0)
    assert live(other, after, start_s) == live(gate, after, start_s)
    assert other.state() == gate.state()


@given(
    st.sampled_from([0.0, 0.1, 0.3, 0.6, 0.8]),
    st.integers(0, 40),
    st.lists(waves, min_size=1, max_size=8),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_no_single_isolated_wave_opens_a_gate_that_is_no_reflex_however_much_it_has_learned(
    weight: float, lessons: int, alone: list[Any], real: bool
) -> None:
    spec = GateSpec("any", "distance", 2, weight, COLLISION.salience, ("distance_front",), real=real)
    gate = ResonantGate(spec)
    for lesson in range(lessons):
        for tick in range(5):
            gate.hear(front(lesson * 20.0 + tick * 0.05, confidence=1.0))
        if gate.discrete_state is GateState.OPEN and gate.weight < 0.8:
            gate.learn(Outcome.CONFIRMED, gate.now_s)
    assert gate.weight <= 0.8
    now_s = lessons * 20.0 + 60.0
    gate.settle(now_s)
    for cell, confidence, distance, direction in alone:
        now_s += 1.6  # one wave per window
        found = gate.hear(Wave(cell, now_s, confidence, 0.5, (distance, direction, 0.0)))
        assert all(one.to_state != 1 for one in found)


@given(st.lists(st.tuples(st.floats(0.05, 1.0), st.sampled_from([5.0, 15.0, 25.0])), min_size=2, max_size=3))
@settings(max_examples=100, deadline=None)
def test_the_order_of_one_sources_waves_of_one_time_does_not_matter_where_another_source_is_there_to_compare(
    said: list[tuple[float, float]],
) -> None:
    # their correlation is with the other source, not with each other; no bound is met on the way
    values = []
    for order in permutations(said):
        gate = ResonantGate(GateSpec("slow", "distance", 4, 0.0, COLLISION.salience))
        gate.hear(Wave(1, 0.0, 0.3, 0.5, (20.0, 1.0, 0.0)))
        for confidence, distance in order:
            gate.hear(front(0.1, distance, confidence * 0.3))
        values.append(gate.value)
        assert gate.discrete_state is GateState.STABLE
    assert values == pytest.approx([values[0]] * len(values))


@given(st.lists(st.floats(0.0, 0.1), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_a_wave_up_to_a_tenth_of_a_second_late_counts_as_if_it_came_now(late: list[float]) -> None:
    gate, other = opened(), opened()
    now_s = gate.now_s
    for lateness_s in late:
        gate.hear(front(now_s - lateness_s))
        other.hear(front(now_s))
    assert gate.state() == other.state()


@given(st.sampled_from(list(product((0, 1), (0, 1)))), st.floats(0.3, 1.0))
@settings(max_examples=50, deadline=None)
def test_contradiction_within_one_scope_closes_a_gate(order: tuple[int, int], confidence: float) -> None:
    gate = ResonantGate(COLLISION)
    now_s = 0.0
    while gate.discrete_state is not GateState.CLOSED:
        for near in order if order[0] != order[1] else (0, 1):
            now_s += 0.05
            gate.hear(front(now_s, 20.0 if near else 400.0, confidence))
        assert now_s < 20.0, "it never closed"


@given(st.floats(0.3, 1.0), st.floats(0.0, 1.0))
@settings(max_examples=50, deadline=None)
def test_contradiction_across_scopes_or_owners_changes_nothing(near: float, far: float) -> None:
    gate = ResonantGate(GateSpec("shared", "distance", 2, 0.1, COLLISION.salience))
    for tick in range(40):
        gate.hear(front(tick * 0.05, 20.0, near), "robot-1")
        gate.hear(Wave(1, tick * 0.05, far, 0.5, (400.0, 1.0, 0.0)), "robot-1")
        gate.hear(front(tick * 0.05, 400.0, far), "robot-2")
    assert (gate.value, gate.transitions) == (0.0, 0)


def test_in_the_refractory_time_waves_are_recorded_and_not_added() -> None:
    gate = ResonantGate(COLLISION)
    gate.close(0.0)
    assert gate.value == -0.5
    for tick in range(1, 10):
        gate.hear(front(tick * 0.05))
    assert gate.recorded == 9
    assert gate.value == pytest.approx(-0.5 * 0.95**4.5)
    gate.hear(front(0.5))
    assert gate.recorded == 9
    assert gate.value == pytest.approx(-0.5 * 0.95**5 + 0.45)


def test_attention_closes_an_open_gate_in_two_steps_and_lets_it_be_afterwards() -> None:
    gate = opened()
    found = gate.close(0.3)
    assert [(one.from_state, one.to_state, one.cause) for one in found] == [(1, 0, 5), (0, -1, 5)]
    assert gate.close(0.3) == ()
    assert [one.to_state for one in gate.settle(3.0)] == [0]
    assert [one.to_state for tick in range(5) for one in gate.hear(front(3.0 + tick * 0.05))] == [1]


def test_attention_does_not_close_what_the_governor_holds_open() -> None:
    gate = ResonantGate(COLLISION)
    gate.force(1, 0.0)
    assert gate.close(0.1) == ()
    assert gate.discrete_state is GateState.OPEN


def test_the_governors_force_wins_over_a_reflex() -> None:
    gate = ResonantGate(MOTOR)
    gate.force(-1, 0.0)
    stalled = Wave(11, 0.1, 1.0, 1.7, (0.0, 1.0, 1.0, 1.0))
    assert gate.hear(stalled) == ()
    assert gate.discrete_state is GateState.CLOSED
    gate.force(0, 0.2)
    (leap, *_) = gate.hear(stalled._replace(time_s=0.3))[-1:]
    assert (leap.to_state, leap.cause, leap.tier) == (1, Cause.REFLEX, 0)


def test_a_reflex_opens_at_once_in_either_garden() -> None:
    for real in (False, True):
        gate = ResonantGate(MOTOR.in_garden(real))
        (leap,) = gate.hear(Wave(12, 0.0, 1.0, 1.7, (0.0, 1.0, 1.0, 1.0)))
        assert (leap.to_state, leap.tier, gate.value) == (1, 0, 1.0)


def test_a_motor_that_runs_freely_is_no_reason_for_a_reflex() -> None:
    gate = ResonantGate(MOTOR)
    for tick in range(50):
        for cell in (11, 12):
            assert gate.hear(Wave(cell, tick * 0.1, 0.7, 1.7, (1.0, 1.0, 1.0, 0.0))) == ()


@pytest.mark.parametrize(
    ("order", "source"),
    [
        (lambda gate: gate.force(1, 5.0), SOURCE_GOVERNOR),
        (lambda gate: gate.force(-1, 5.0), SOURCE_GOVERNOR),
        (lambda gate: gate.verify(0.95, 5.0), SOURCE_VERIFIED),
        (lambda gate: gate.close(5.0), SOURCE_ATTENTION),
    ],
)
def test_who_gave_an_order_is_named_where_no_wave_is(order: Any, source: int) -> None:  # noqa: ANN401  a lambda
    gate = ResonantGate(COLLISION.in_garden(real=True))
    (one,) = order(gate)
    assert one.triggers == ((source, 1.0, 5.0, ()),)
    gate.force(0, 5.0)
    (back,) = gate.settle(30.0)
    assert back.triggers == one.triggers  # nobody spoke since: who opened or closed it is named again


def test_a_release_in_silence_names_the_waves_that_opened() -> None:
    gate = ResonantGate(COLLISION)
    found = [one for tick in range(4) for one in gate.hear(front(tick * 0.05))]
    (released,) = gate.settle(30.0)
    assert released.triggers == found[0].triggers == ((0, 0.9, 3 * 0.05, (20.0, 0.0, 0.0)),)


@pytest.mark.parametrize("skew_s", [HOUR_S, -HOUR_S, AHEAD_S + 1.0, -DELAY_S - 0.1])
def test_a_clock_an_hour_off_is_refused_and_does_not_make_the_gate_deaf(skew_s: float) -> None:
    gate = ResonantGate(COLLISION)
    now_s = 10.0 * HOUR_S
    gate.settle(now_s)
    for _ in range(4):
        now_s += 0.05
        assert gate.hear(front(now_s + skew_s), "skewed", now_s) == ()
        gate.hear(front(now_s), "right", now_s)
        gate.settle(now_s)
    assert gate.discrete_state is GateState.OPEN
    assert (gate.refused, gate.heard) == (4, 4)
    assert gate.now_s == now_s


@given(st.floats(-DELAY_S + 0.01, AHEAD_S - 0.01))
@settings(max_examples=50, deadline=None)
def test_a_wave_that_was_under_way_or_is_a_little_ahead_counts_as_if_it_came_now(skew_s: float) -> None:
    gate = ResonantGate(COLLISION)
    gate.settle(100.0)
    for tick in range(1, 5):
        gate.hear(front(100.0 + tick * 0.05 + skew_s), None, 100.0 + tick * 0.05)
        assert gate.now_s <= 100.0 + tick * 0.05
    assert (gate.refused, gate.heard) == (0, 4)
    assert gate.discrete_state is GateState.OPEN


def test_a_gate_that_a_wave_took_an_hour_ahead_is_taken_back_by_its_holder() -> None:
    gate = ResonantGate(COLLISION)
    gate.hear(front(0.0))
    gate.hear(front(HOUR_S))  # nobody gave the hearer's time: it is believed
    assert gate.hear(front(0.05)) == ()
    assert gate.refused == 1
    gate.settle(0.1)
    assert (gate.rewound, gate.now_s, len(gate.correlator.memory)) == (1, 0.1, 0)
    for tick in range(1, 5):
        gate.hear(front(0.1 + tick * 0.05))
    assert gate.discrete_state is GateState.OPEN


@pytest.mark.parametrize("now_s", [nan, inf, -inf])
def test_a_time_that_is_none_changes_nothing(now_s: float) -> None:
    gate = opened()
    before = {**gate.state(), "refused": 0, "refused_by": {}}
    gate.settle(now_s)
    gate.learn(Outcome.CONFIRMED, now_s)
    gate.hear(front(now_s))
    gate.hear(front(0.2), None, now_s)
    assert {**gate.state(), "refused": 0, "refused_by": {}} == before


def test_an_outcome_that_is_none_is_refused_and_counted() -> None:
    gate = opened()
    assert gate.learn(7, 1.0) == 0.0  # type: ignore[arg-type]  # what must not happen
    assert gate.refused_by == {"outcome 7 is none of -1, 0, 1": 1}


# Section 3.1, "Real is stricter": the same four waves that open a body's gate at .95 pass 1.2 a wave later.
def test_section_3_1_a_real_garden_asks_for_a_quarter_more() -> None:
    spec = COLLISION.in_garden(real=True)
    assert COLLISION.in_garden(real=False) is COLLISION
    assert [COLLISION.threshold, spec.threshold] == pytest.approx([0.95, 1.2])
    gate = ResonantGate(spec, kinds=CELLS)
    values = [0.5]
    while gate.discrete_state is not GateState.OPEN:
        gate.hear(front(len(values) * 0.05))
        values.append(gate.value)
    assert values[-1] >= 1.2 > values[-2]


PROBES = tuple(CellKind(code, f"probe_{code}", "probe", 2, 0.1, (Field("value"),)) for code in range(3))


@pytest.mark.parametrize(
    ("weight", "threshold"), [(0.1, 0.95), (0.3, 0.85), (0.6, 0.7), (0.8, 0.6), (0.0, 1.0), (1.0, 0.5)]
)
def test_section_3_1_the_threshold_follows_the_weight(weight: float, threshold: float) -> None:
    assert ResonantGate(GateSpec("any", "probe", 2, weight), kinds=PROBES).trust.threshold == pytest.approx(
        threshold
    )


def test_a_shared_table_may_be_priced_by_measurement() -> None:
    class Measured:
        def cell(self, name: str, printed: float) -> float:
            return printed

        def gate(self, name: str, printed: float) -> float:
            return printed * (2.0 if name == "math_gate" else 1.0)

        def nerve(self, name: str, printed: float) -> float:
            return printed

    math = next(spec for spec in SHARED_GATES if spec.name == "math_gate")
    (forced,) = ResonantGate(math, prices=Measured()).force(1, 0.0)
    assert forced.cost == 0.6
