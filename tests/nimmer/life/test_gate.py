"""Gates: the vectors of docs/domain.md section 3.1 and 3.2, and the laws every gate keeps."""

import json
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.life.correlation import Condition
from nimmer.life.gate import Cause, GateState, ResonantGate, Transition
from nimmer.life.gate_spec import GateSpec, tier_of
from nimmer.life.gates import BODY_GATES, SHARED_GATES
from nimmer.life.senses import CELLS
from nimmer.life.wave import CellKind, Field, Wave

# Three sensors of one quantity: readings chosen so that the correlations are the printed 0, .8 and .9.
PROBES = tuple(CellKind(code, f"probe_{code}", "probe", 2, 0.1, (Field("value"),)) for code in range(3))
PROBE_GATE = GateSpec("probe_gate", "probe", 2, 0.1)
COLLISION, BATTERY = BODY_GATES[0], BODY_GATES[1]
DANGER = SHARED_GATES[0]


def front(time_s: float, distance_cm: float = 20.0, confidence: float = 0.9) -> Wave:
    return Wave(0, time_s, confidence, 0.5, (distance_cm, 0.0, 0.0))


def opened(spec: GateSpec = COLLISION) -> ResonantGate:
    gate = ResonantGate(spec)
    for tick in range(4):
        gate.hear(front(tick * 0.05))
    assert gate.discrete_state is GateState.OPEN
    return gate


def printed_example(step_s: float) -> tuple[list[float], list[int]]:
    """Play confidences .6, .7, .5 with correlations 0, .8, .9 and return the values and states."""
    gate = ResonantGate(PROBE_GATE, kinds=PROBES)
    gate.hear(Wave(0, 0.0, 0.6, 0.1, (0.0,)))
    values, states = [gate.value], [int(gate.discrete_state)]
    gate.hear(Wave(1, step_s, 0.7, 0.1, (0.1,)))  # 1 - 2 * .1 = .8
    values.append(gate.value)
    states.append(int(gate.discrete_state))
    # both partners at the same likeness of .9: the middle between them
    gate.hear(Wave(2, 2 * step_s, 0.5, 0.1, (0.05,)))
    values.append(gate.value)
    states.append(int(gate.discrete_state))
    return values, states


@pytest.mark.parametrize(("step_s", "last"), [(0.0, 1.01), (0.05, 0.996), (0.1, 0.982)])
def test_the_printed_example_opens_on_the_third_wave_only(step_s: float, last: float) -> None:
    values, states = printed_example(step_s)
    assert values == pytest.approx([0.0, 0.56, last], abs=5e-4)
    assert states == [0, 0, 1]


def test_an_open_gate_at_1_01_falls_silent_after_1371_ms() -> None:
    gate = ResonantGate(PROBE_GATE, kinds=PROBES)
    for code, (confidence, value) in enumerate([(0.6, 0.0), (0.7, 0.1), (0.5, 0.05)]):
        gate.hear(Wave(code, 0.0, confidence, 0.1, (value,)))
    assert gate.value == pytest.approx(1.01)
    assert gate.settle(1.370) == ()
    (fall,) = gate.settle(1.3715)
    assert (fall.from_state, fall.to_state, fall.cause, fall.cost) == (1, 0, Cause.DECAY, 0.0)


def test_one_cell_that_may_corroborate_itself_opens_on_the_fourth_wave() -> None:
    gate = ResonantGate(COLLISION)
    values: list[float] = []
    found: list[tuple[Transition, ...]] = []
    for tick in range(4):
        found.append(gate.hear(front(tick * 0.05)))
        values.append(gate.value)
    assert values == pytest.approx([0.0, 0.45, 0.889, 1.316], abs=1e-3)
    assert [len(one) for one in found] == [0, 0, 0, 1]
    assert found[3][0].triggers == ((0, 0.9, 3 * 0.05, (20.0, 0.0, 0.0)),)


def test_the_printed_matrix_gives_the_mean_of_the_last_row() -> None:
    gate = ResonantGate(PROBE_GATE, kinds=PROBES)
    gate.hear(Wave(0, 0.0, 0.8, 0.1, (0.075,)))
    gate.hear(Wave(1, 0.0, 0.8, 0.1, (-0.06,)))
    gate.hear(Wave(2, 0.0, 0.8, 0.1, (0.0,)))  # .85 with the first, .88 with the second
    assert gate.correlation == pytest.approx(0.865)


def test_leaving_stable_is_charged_and_returning_is_free() -> None:
    gate = ResonantGate(COLLISION, price_scale=0.5)
    costs = [one.cost for tick in range(4) for one in gate.hear(front(tick * 0.05))]
    costs += [one.cost for one in gate.settle(10.0)]
    assert costs == [0.15, 0.0]
    assert gate.spent == 0.15


def test_forced_closing_of_an_open_gate_takes_two_steps() -> None:
    gate = opened()
    steps = gate.force(-1, 0.2)
    assert [(one.from_state, one.to_state, one.cause) for one in steps] == [
        (1, 0, Cause.GOVERNOR),
        (0, -1, Cause.GOVERNOR),
    ]
    assert sum(one.cost for one in steps) == pytest.approx(0.3)


def test_contradiction_in_one_scope_closes_a_gate_and_agreement_reopens_it() -> None:
    gate = ResonantGate(COLLISION)
    time_s = 0.0
    while gate.discrete_state is not GateState.CLOSED:
        time_s += 0.05
        gate.hear(front(time_s, 20.0 if round(time_s / 0.05) % 2 else 400.0))
        assert time_s < 5.0
    closed_s, before = time_s, gate.value
    gate.hear(front(time_s + 0.1, 20.0))
    assert gate.recorded == 1
    assert gate.value > before  # decayed towards 0, nothing added
    assert gate.value == pytest.approx(before * 0.95)
    while gate.discrete_state is GateState.CLOSED:
        time_s += 0.05
        gate.hear(front(time_s, 20.0))
    assert time_s - closed_s >= 0.5


def test_a_wall_ahead_and_a_free_side_do_not_contradict() -> None:
    gate = ResonantGate(COLLISION)
    for tick in range(4):
        time_s = tick * 0.05
        gate.hear(front(time_s))
        gate.hear(Wave(1, time_s, 0.9, 0.5, (215.0, 1.0, 0.0)))
    assert gate.discrete_state is GateState.OPEN


def test_agreeing_that_all_is_clear_never_opens_the_gate() -> None:
    gate = ResonantGate(COLLISION)
    for tick in range(200):
        for cell in range(3):
            gate.hear(Wave(cell, tick * 0.05, 0.9, 0.5, (215.0, float(cell), 0.0)))
    assert (gate.value, gate.transitions) == (0.0, 0)


def test_a_trusted_gate_opens_at_once_as_a_reflex() -> None:
    gate = ResonantGate(DANGER)
    assert gate.hear(Wave(8, 0.0, 0.6, 0.1, (60.0,))) == ()
    (leap,) = gate.hear(Wave(8, 0.1, 1.0, 0.1, (85.0,)))
    assert (leap.to_state, leap.cause, leap.tier, gate.value) == (1, Cause.REFLEX, 0, 1.0)


def test_a_real_gate_asks_for_more_and_opens_on_a_verified_signal() -> None:
    spec = GateSpec("real", "probe", 2, 0.1, real=True)
    gate = ResonantGate(spec, kinds=PROBES)
    assert spec.threshold == pytest.approx(1.2)
    assert gate.verify(0.89, 0.0) == ()
    (verified,) = gate.verify(0.9, 0.0)
    assert (verified.to_state, verified.cause) == (1, Cause.VERIFIED)
    assert ResonantGate(PROBE_GATE, kinds=PROBES).verify(1.0, 0.0) == ()


def test_an_override_let_go_decays_back_to_rest() -> None:
    gate = ResonantGate(COLLISION)
    (forced,) = gate.force(1, 0.0)
    assert forced.cause == Cause.GOVERNOR
    assert gate.settle(60.0) == ()
    assert gate.discrete_state is GateState.OPEN
    assert gate.force(0, 60.0) == ()
    assert [one.to_state for one in gate.settle(60.0)] == [0]


@pytest.mark.parametrize(
    ("wave", "reason"),
    [
        (Wave(0, 1.0, nan, 0.5, (20.0, 0.0, 0.0)), "confidence outside 0..1"),
        (Wave(0, 1.0, 1.01, 0.5, (20.0, 0.0, 0.0)), "confidence outside 0..1"),
        (Wave(0, 1.0, 0.9, 0.5, (nan, 0.0, 0.0)), "a value is not finite"),
        (Wave(0, 1.0, 0.9, 0.5, (inf, 0.0, -inf)), "a value is not finite"),
        (Wave(0, 1.0, 0.9, 0.5, (20.0,)), "not the 3 values of its kind"),
        (Wave(3, 1.0, 0.9, 0.5, (20.0, 0.0)), "not a cell of domain distance"),
        (Wave(999, 1.0, 0.9, 0.5, ()), "not a cell of domain distance"),
        (Wave(0, nan, 0.9, 0.5, (20.0, 0.0, 0.0)), "time is not finite"),
        (Wave(0, -5.0, 0.9, 0.5, (20.0, 0.0, 0.0)), "older than the newest wave: its clock went back"),
    ],
)
def test_a_wave_that_cannot_be_right_is_refused_and_counted(wave: Wave, reason: str) -> None:
    gate = ResonantGate(COLLISION)
    gate.hear(front(0.0))
    assert gate.hear(wave) == ()
    assert (gate.refused, gate.refused_by, gate.heard) == (1, {reason: 1}, 1)


def test_a_gate_remembers_a_bounded_number_of_sources() -> None:
    gate = ResonantGate(DANGER)
    for host in range(100):
        gate.hear(Wave(8, 0.0, 0.6, 0.1, (50.0,)), source=f"host-{host}")
    assert (gate.heard, gate.refused, len(gate.correlator.memory)) == (64, 36, 64)
    gate.hear(Wave(8, 2.0, 0.6, 0.1, (50.0,)), source="host-99")
    assert len(gate.correlator.memory) == 1


@pytest.mark.parametrize(
    ("weight", "domain", "tier"),
    [(0.0, "distance", 4), (0.29, "vision", 3), (0.3, "distance", 2), (0.6, "math", 1), (0.8, "danger", 0)],
)
def test_weight_selects_the_tier(weight: float, domain: str, tier: int) -> None:
    assert tier_of(weight, domain) == tier


def test_a_gate_spec_refuses_numbers_that_make_no_gate() -> None:
    with pytest.raises(ValueError, match=r"weight is 1\.5"):
        GateSpec("broken", "probe", 2, 1.5)
    with pytest.raises(ValueError, match="window_s"):
        GateSpec("broken", "probe", 2, 0.5, window_s=0.0)


def test_every_gate_has_a_name_of_its_own_and_the_first_four_of_a_body_keep_their_numbers() -> None:
    names = [spec.name for spec in (*BODY_GATES, *SHARED_GATES)]
    assert len(set(names)) == len(names)
    assert [spec.domain for spec in BODY_GATES] == ["distance", "battery", "exploration", "social", "motor"]


def test_every_gate_names_fields_and_cells_that_exist() -> None:
    for spec in (*BODY_GATES, *SHARED_GATES):
        kinds = [kind for kind in CELLS if kind.domain == spec.domain]
        names = {field.name for kind in kinds for field in kind.fields}
        assert kinds
        assert {test.field for test in spec.salience} <= names
        assert set(spec.allow_self) <= {kind.name for kind in kinds}


distances = st.builds(
    Wave,
    cell=st.integers(0, 3),
    time_s=st.floats(0.0, 5.0),
    confidence=st.floats(0.0, 1.0),
    cost=st.just(0.5),
    values=st.tuples(
        st.sampled_from([5.0, 15.0, 25.0, 115.0, 400.0]), st.sampled_from([0.0, 1.0]), st.just(0.0)
    ),
)


@given(st.lists(distances, max_size=60), st.sampled_from([-1, 0, 1]))
@settings(max_examples=150, deadline=None)
def test_the_value_is_bounded_and_every_step_is_legal(waves: list[Wave], mode: int) -> None:
    gate = ResonantGate(COLLISION)
    gate.force(mode, 0.0)
    before = int(gate.discrete_state)
    for wave in sorted(waves, key=lambda one: one.time_s):
        for step in gate.hear(wave):
            assert step.from_state == before
            assert GateState(step.to_state) in GateState(step.from_state).successors
            before = step.to_state
        assert abs(gate.value) <= 1.5
    if mode < 0:
        assert gate.discrete_state is GateState.CLOSED


@given(st.lists(distances, max_size=40))
@settings(max_examples=100, deadline=None)
def test_silence_always_ends_stable_near_zero(waves: list[Wave]) -> None:
    gate = ResonantGate(COLLISION)
    for wave in sorted(waves, key=lambda one: one.time_s):
        gate.hear(wave)
    gate.settle(60.0)
    assert gate.discrete_state is GateState.STABLE
    assert abs(gate.value) < 1e-9


@given(
    st.sampled_from([spec for spec in (*BODY_GATES, *SHARED_GATES) if spec.weight <= 0.8]),
    st.floats(0.0, 1.0),
    st.lists(st.floats(0, 500), min_size=4),
)
@settings(max_examples=100, deadline=None)
def test_no_isolated_wave_opens_a_gate_that_is_no_reflex(
    spec: GateSpec, confidence: float, numbers: list[float]
) -> None:
    kind = next(kind for kind in CELLS if kind.domain == spec.domain)
    gate = ResonantGate(spec)
    for at in (0.0, 10.0, 20.0):
        values = tuple(numbers[: len(kind.fields)])
        assert gate.hear(Wave(kind.code, at, confidence, 0.1, values)) == ()


@given(st.lists(distances, max_size=40), distances)
@settings(max_examples=60, deadline=None)
def test_a_restored_gate_goes_on_as_if_nothing_had_happened(waves: list[Wave], last: Wave) -> None:
    gate, other = ResonantGate(COLLISION), ResonantGate(COLLISION)
    for wave in sorted(waves, key=lambda one: one.time_s):
        gate.hear(wave)
    other.restore(json.loads(json.dumps(gate.state())))
    later = last._replace(time_s=last.time_s + 5.0)
    assert gate.hear(later) == other.hear(later)
    assert gate.state() == other.state()


def test_salience_may_have_an_upper_and_a_lower_bound() -> None:
    spec = GateSpec("band", "probe", 2, 0.1, salience=(Condition("value", above=1.0, below=2.0),))
    correlator = ResonantGate(spec, kinds=PROBES).correlator
    assert [correlator.salient(0, (value,)) for value in (0.5, 1.5, 2.5)] == [False, True, False]
