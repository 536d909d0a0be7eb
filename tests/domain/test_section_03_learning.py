"""Sections 3.3 and 3.4 of docs/domain.md by number: tiers and the first gates, what outcomes teach."""

from math import inf

import pytest

from nimmer.life.gate_spec import tier_of
from nimmer.life.node import DAY_S, Node, NodeMap
from nimmer.life.reactions import BUDGETS_S
from nimmer.life.verification import Outcome, correlation_adjustment, weight_delta
from tests.domain.test_section_03_gates import GATES, opened, probe_gate

# 3.3 Tiers and the first gates


def test_3_3_tiers_have_10_50_200_2000_and_4000_ms_and_the_fifth_any_time() -> None:
    assert tuple(BUDGETS_S) == (0.01, 0.05, 0.2, 2.0, 4.0, inf)


@pytest.mark.parametrize(
    ("weight", "domain", "tier"),
    [
        (0.0, "distance", 4),
        (0.0, "speech", 3),
        (0.29, "vision", 3),
        (0.3, "speech", 2),
        (0.3, "distance", 2),
        (0.59, "distance", 2),
        (0.6, "distance", 1),
        (0.79, "distance", 1),
        (0.8, "distance", 0),
        (1.0, "distance", 0),
    ],
)
def test_3_3_a_weight_selects_its_tier_in_half_open_bands(weight: float, domain: str, tier: int) -> None:
    assert tier_of(weight, domain) == tier


@pytest.mark.parametrize(
    ("name", "domain", "tier", "weight"),
    [
        ("collision_avoidance_gate", "distance", 2, 0.1),
        ("speech_gate", "speech", 3, 0.1),
        ("vision_gate", "vision", 3, 0.1),
        ("battery_gate", "battery", 1, 0.3),
        ("danger_reflex_gate", "danger", 0, 0.9),
    ],
)
def test_3_3_the_initial_gates(name: str, domain: str, tier: int, weight: float) -> None:
    spec = GATES[name]
    assert (spec.domain, spec.tier, spec.weight) == (domain, tier, weight)


def test_3_3_the_exploration_and_the_motor_feedback_gate_are_named() -> None:
    assert {"exploration_gate", "motor_feedback_gate"} <= set(GATES)


# 3.4 Learning


@pytest.mark.parametrize(
    ("outcome", "weight"), [(Outcome.CONFIRMED, 0.12), (Outcome.FAILED, 0.08), (Outcome.PARTIAL, 0.1)]
)
def test_3_4_an_outcome_moves_the_weight_by_0_02(outcome: Outcome, weight: float) -> None:
    gate = opened()
    gate.learn(outcome, 0.0)
    assert gate.weight == pytest.approx(weight)


def test_3_4_the_weight_stays_between_0_and_1() -> None:
    high, low = probe_gate(weight=0.99), probe_gate(weight=0.01)
    assert (high.learn(Outcome.CONFIRMED, 0.0), high.weight) == pytest.approx((0.01, 1.0))
    assert (low.learn(Outcome.FAILED, 0.0), low.weight) == pytest.approx((-0.01, 0.0))


def test_3_4_a_correlation_is_adjusted_by_0_05_and_a_weight_by_0_02() -> None:
    assert (correlation_adjustment(Outcome.CONFIRMED), weight_delta(Outcome.CONFIRMED)) == (0.05, 0.02)


def test_3_4_a_success_moves_the_node_by_0_1_from_0_1() -> None:
    nodes = NodeMap()
    assert nodes.fire(7, 0.0) == 0.1
    assert nodes.learn(7, Outcome.CONFIRMED, 0.0) == pytest.approx(0.2)


@pytest.mark.parametrize(("days", "weight"), [(7, 0.1), (8, 0.1 * 0.98), (17, 0.1 * 0.98**10)])
def test_3_4_an_idle_node_keeps_0_98_a_day_after_the_seventh(days: int, weight: float) -> None:
    assert Node().fade(days * DAY_S) == pytest.approx(weight)


def test_3_4_a_node_is_pruned_below_0_02() -> None:
    nodes = NodeMap()
    nodes.fire(7, 0.0)
    assert nodes.prune(86 * DAY_S) == 0  # .1 * .98^79 = .0203
    assert nodes.prune(87 * DAY_S) == 1  # .1 * .98^80 = .0199


def test_3_4_crossing_0_8_is_a_reflex_achieved_once() -> None:
    gate = probe_gate(weight=0.78)
    found = []
    for outcome in (Outcome.CONFIRMED, Outcome.CONFIRMED, Outcome.FAILED, Outcome.CONFIRMED):
        gate.learn(outcome, 0.0)
        found.append(gate.reflex_achieved)
    assert found == [0, 1, 1, 1]  # .8 is not above .8; .82 is; back to .8 and .82 again pays nothing
