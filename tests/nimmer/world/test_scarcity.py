"""The numbers of scarcity, who ticks, what the cortex answers, and which triggers are met."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nimmer.errors import WorldError
from nimmer.world.scarce_compute import Compute
from nimmer.world.scarce_cortex import CortexQueue
from nimmer.world.scarce_triggers import EPISODIC, Triggers
from nimmer.world.scarcity import KINDS, QUESTION, ScarcityModel

MODEL = ScarcityModel()
NOBODY = np.zeros(1, np.bool_)


def test_a_number_that_makes_no_sense_is_refused_by_name() -> None:
    with pytest.raises(WorldError, match=r"heaviness is 0; it must be more than 0"):
        ScarcityModel(heaviness=0)
    with pytest.raises(WorldError, match=r"answer_ms is nan"):
        ScarcityModel(answer_ms=float("nan"))
    with pytest.raises(WorldError, match=r"deadline_ms has 1 numbers; there are 5 kinds"):
        ScarcityModel(deadline_ms=(1.0,))


@settings(max_examples=40)
@given(st.floats(1.0, 20.0), st.floats(5.0, 100.0), st.floats(0.3, 60.0))
@example(20.0, 6.628572216180757, 6.628572216180757)
def test_nobody_ticks_more_often_than_its_rate_or_its_quota_allow(
    hz: float, quota: float, tick_ms: float
) -> None:
    compute = Compute(MODEL, np.full((1, 1), tick_ms), np.ones((1, 1)))
    compute.allot(np.full((1, 1), hz), np.full((1, 1), quota))
    for _ in range(400):
        compute.turn()
    seconds = 400 * MODEL.tick_s
    assert compute.done[0, 0] <= hz * seconds + 1
    rounding = 1e-9  # of a sum of 400 numbers
    assert compute.used_ms[0, 0] <= quota * 10.0 * seconds + tick_ms + rounding
    affordable = min(hz, quota * 10.0 / tick_ms) * seconds
    # a due tick that finds the last one unpaid is skipped, so at worst every second one is lost
    assert compute.done[0, 0] >= 0.45 * affordable - 1


def test_a_starved_npc_does_less_of_what_is_due() -> None:
    compute = Compute(MODEL, np.full((1, 2), 20.0), np.array([[1.0, 0.3]]))
    compute.allot(np.full((1, 2), 10.0), np.full((1, 2), 25.0))
    for _ in range(200):
        compute.turn()
    assert compute.done[0, 0] > 2 * compute.done[0, 1]
    assert compute.late_ms[0, 1] > compute.late_ms[0, 0]


def answered_order(priority: list[float], slots: int = 1) -> list[int]:
    model = ScarcityModel(slots=slots, answer_ms=200.0, answer_spread=0.0)
    queue = CortexQueue(model, (1, len(priority)))
    queue.ask(np.ones((1, len(priority)), np.bool_), np.array([priority]))
    order: list[int] = []
    for _ in range(100):
        done, _late = queue.turn(50.0, np.zeros((1, len(priority))), NOBODY)
        order += np.flatnonzero(done[0]).tolist()
    return order


def test_the_cortex_answers_the_highest_priority_first_and_one_at_a_time() -> None:
    assert answered_order([1.0, 9.0, 5.0]) == [1, 2, 0]
    assert sorted(answered_order([5.0] * 4, slots=2)) == [0, 1, 2, 3]


def test_a_question_that_waits_too_long_was_in_vain_and_frees_its_slot() -> None:
    queue = CortexQueue(ScarcityModel(slots=1, answer_ms=1e6), (1, 2))
    queue.ask(np.ones((1, 2), np.bool_), np.zeros((1, 2)))
    ended = [queue.turn(50.0, np.zeros((1, 2)), NOBODY)[1].sum() for _ in range(90)]
    assert sum(ended) == 2
    assert not queue.open.any()


def test_a_stuck_cortex_answers_nobody() -> None:
    queue = CortexQueue(ScarcityModel(answer_ms=100.0), (1, 1))
    queue.ask(np.ones((1, 1), np.bool_), np.zeros((1, 1)))
    stuck = np.ones(1, np.bool_)
    assert not any(queue.turn(50.0, np.zeros((1, 1)), stuck)[0].any() for _ in range(70))


def come(gate: int, looking_every: int, model: ScarcityModel = MODEL) -> tuple[int, int]:
    """Return how many dangers were noticed and missed in 500 ticks of one who looks every so many."""
    triggers = Triggers(model, np.zeros((1, 1, len(EPISODIC)), np.bool_))
    gates = np.zeros((1, 1, len(KINDS)), np.int8)
    gates[..., 0] = gate
    causes = np.zeros((1, 1, len(KINDS)), np.bool_)
    causes[..., 0] = True
    luck = np.full((1, 1, len(KINDS) + len(EPISODIC)), 0.5)
    luck[..., 0] = 0.0
    noticed = missed = 0
    for tick in range(500):
        looking = np.array([[tick % looking_every == 0]])
        heard = triggers.turn(causes, ~looking, looking, gates, luck)
        noticed, missed = noticed + int(heard.noticed.sum()), missed + int(heard.missed.sum())
    return noticed, missed


def test_who_looks_often_meets_what_who_looks_seldom_misses() -> None:
    often, seldom = come(0, 1), come(0, 10)
    assert often[1] == 0
    assert seldom[0] == 0
    assert seldom[1] > 0


def test_a_gate_forced_open_needs_one_look_and_one_forced_closed_hears_nothing() -> None:
    # a look every 300 ms: two do not fit into 400 ms from every start, one does
    assert come(1, 6)[1] == 0
    assert come(0, 6)[1] > 0
    assert come(-1, 1)[0] == 0
    assert len(KINDS) - 1 == QUESTION
