"""Modes, settling, and which gate to close: docs/domain.md section 6."""

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.attention import Attention, Mode
from nimmer.life.gate import ResonantGate
from nimmer.life.gate_spec import GateSpec


@dataclass
class Gate:
    """A gate as attention sees it."""

    domain: str = "distance"
    discrete_state: int = 0
    value: float = 0.0
    weight: float = 0.5
    tier: int = 2
    override: int = 0

    @property
    def spec(self) -> GateSpec:
        return GateSpec("gate", self.domain, self.tier, self.weight)


def opened(count: int, domain: str = "distance") -> list[Gate]:
    return [Gate(domain, 1, 1.0) for _ in range(count)]


@pytest.mark.parametrize(
    ("gates", "mode"),
    [
        ([], Mode.IDLE),
        ([Gate(value=0.24)], Mode.IDLE),
        ([Gate(value=0.25)], Mode.ALERT),
        ([Gate(value=-0.25)], Mode.ALERT),
        (opened(1), Mode.FOCUSED),
        (opened(3), Mode.FOCUSED),
        (opened(4), Mode.ALERT),
        (opened(5), Mode.ALERT),
        (opened(6), Mode.OVERWHELMED),
        (opened(1, "speech"), Mode.DIALOGUE),
        ([*opened(4), *opened(1, "social")], Mode.DIALOGUE),
        ([*opened(5), *opened(1, "speech")], Mode.OVERWHELMED),
    ],
)
def test_the_tests_in_their_order(gates: list[Gate], mode: Mode) -> None:
    assert Attention().update(gates, 0.0) is mode


def test_a_reflex_comes_before_everything_for_one_second() -> None:
    attention = Attention()
    attention.opened(0, 10.0)
    assert attention.update(opened(6), 10.0) is Mode.REFLEX
    assert attention.update(opened(6), 10.99) is Mode.REFLEX
    assert attention.update(opened(6), 11.0) is Mode.OVERWHELMED


def test_a_spent_budget_overwhelms_until_the_next_beat() -> None:
    attention = Attention()
    for _ in range(297):
        attention.opened(2, 0.0)
    gates = opened(1)
    assert attention.update(gates, 0.1) is Mode.OVERWHELMED
    assert attention.to_close(gates) is gates[0]
    assert sum(attention.begin_beat()) == 30_000
    assert attention.update(gates, 0.2) is Mode.FOCUSED
    assert attention.to_close(gates) is None


def test_an_episode_ends_with_one_step_in_which_state_is_written() -> None:
    attention = Attention()
    found = [
        attention.update(gates, 0.0).name
        for gates in ([], opened(1), opened(4), [], [], [Gate(value=0.3)], [])
    ]
    assert found == ["IDLE", "FOCUSED", "ALERT", "SETTLE", "IDLE", "ALERT", "IDLE"]


def test_settled_is_said_in_that_step_alone() -> None:
    attention = Attention()
    said = []
    for gates in (opened(1), opened(1), [], [], []):
        attention.update(gates, 0.0)
        said.append(attention.settled)
    assert said == [False, False, True, False, False]


def test_what_is_left_after_a_gate_let_go_is_settled_before_it_alerts() -> None:
    attention = Attention()
    found = [
        attention.update([gate], 0.0) for gate in (Gate(discrete_state=1, value=0.6), *[Gate(value=0.4)] * 2)
    ]
    assert found == [Mode.FOCUSED, Mode.SETTLE, Mode.ALERT]


def test_the_least_held_gate_is_closed_first() -> None:
    strong, weak, weaker = Gate("a", 1, 1.0, 0.9), Gate("b", 1, 1.2, 0.2), Gate("c", 1, 0.6, 0.3)
    gates = [strong, weak, *opened(3), weaker]
    attention = Attention()
    attention.update(gates, 0.0)
    assert attention.to_close(gates) is weaker
    weaker.discrete_state = -1
    assert attention.to_close(gates) is None


def test_tier_0_and_what_the_governor_holds_open_stay() -> None:
    reflex, forced = Gate("danger", 1, 0.5, 0.01, tier=0), Gate("math", 1, 0.5, 0.01, override=1)
    gates = [reflex, forced, *opened(5)]
    attention = Attention()
    attention.update(gates, 0.0)
    assert attention.to_close(gates) is gates[2]
    gates = [reflex] * 7
    attention.update(gates, 0.0)
    assert attention.to_close(gates) is None


def test_a_resonant_gate_is_what_attention_attends_to() -> None:
    gate: Any = ResonantGate(GateSpec("talk", "social", 2, 0.1))
    gate.force(1, 0.0)
    attention = Attention()
    assert attention.update([gate], 0.0) is Mode.DIALOGUE
    assert attention.to_close([gate]) is None


gate = st.builds(
    Gate,
    st.sampled_from(["distance", "speech", "danger"]),
    st.sampled_from([-1, 0, 1, 1, 1]),
    st.floats(-1.5, 1.5),
    st.floats(0.0, 1.0),
    st.integers(0, 4),
    st.sampled_from([0, 0, 0, 1]),
)
ticks = st.lists(
    st.tuples(st.lists(gate, max_size=12), st.sampled_from([None, None, 0, 1, 2]), st.booleans()), max_size=40
)


@given(st.lists(gate, max_size=20), st.booleans())
def test_closing_never_takes_tier_0_and_ends_with_five_open(gates: list[Gate], spent: bool) -> None:
    attention = Attention()
    for _ in range(297 * spent):
        attention.opened(1, 0.0)
    attention.update(gates, 5.0)
    held: list[float] = []
    while (found := attention.to_close(gates)) is not None:
        assert found.tier > 0
        assert found.override <= 0
        held.append(found.weight * found.value)
        found.discrete_state = -1
    assert held == sorted(held)
    left = [one for one in gates if one.discrete_state > 0]
    assert all(one.tier == 0 or one.override > 0 for one in left) or (len(left) <= 5 and not spent)


@given(ticks)
def test_every_change_walks_over_known_successors_and_settles_after_an_episode(
    ticks: list[tuple[list[Gate], int | None, bool]],
) -> None:
    attention = Attention()
    found = [attention.mode]
    for tick, (gates, tier, beat) in enumerate(ticks):
        if tier is not None:
            attention.opened(tier, tick * 0.4)
        if beat:
            assert sum(attention.begin_beat()) == 30_000
        found.append(attention.update(gates, tick * 0.4))
        assert attention.budget_left_ms >= 0
    for before, after in pairwise(found):
        through = {before, *before.successors}
        if before in (Mode.IDLE, Mode.SETTLE):  # these steps take no time
            through |= {Mode.IDLE, *Mode.IDLE.successors, *Mode.ALERT.successors}
        assert after in through
        if after is Mode.IDLE:
            assert before in (Mode.IDLE, Mode.ALERT, Mode.SETTLE)


@given(ticks, ticks)
def test_it_survives_a_restart(
    before: list[tuple[list[Gate], int | None, bool]], after: list[tuple[list[Gate], int | None, bool]]
) -> None:
    attention = Attention()

    def go(who: Attention, ticks: list[tuple[list[Gate], int | None, bool]], now_s: float) -> list[Mode]:
        found = []
        for gates, tier, _ in ticks:
            now_s += 0.25
            if tier is not None:
                who.opened(tier, now_s)
            found.append(who.update(gates, now_s))
        return found

    go(attention, before, 1024.0)
    then_s = 1024.0 + 0.25 * len(before)
    other = Attention()
    other.restore(json.loads(json.dumps(attention.state())), -then_s)
    assert go(other, after, 0.0) == go(attention, after, then_s)
    assert other.budget.spending() == attention.budget.spending()
