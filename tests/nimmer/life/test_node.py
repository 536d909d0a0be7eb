"""Nodes: patterns with a weight of their own. docs/domain.md sections 3.3 and 3.4 by number."""

import json
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.life.node import BIRTH_WEIGHT, DAY_S, PRUNED_BELOW, NodeMap
from nimmer.life.senses import CELLS
from nimmer.life.transition import Trigger
from nimmer.life.verification import Outcome

NEAR: Trigger = (0, 0.9, 10.0, (20.0, 0.0, 0.0))


def nodes(most: int = 256) -> NodeMap:
    return NodeMap(CELLS, most)


def test_section_3_4_a_pattern_starts_at_a_tenth_and_earns_a_tenth_per_success_up_to_one() -> None:
    known = nodes()
    assert known.fire(1, 0.0) == BIRTH_WEIGHT == 0.1
    weights = [known.learn(1, Outcome.CONFIRMED, 0.0) for _ in range(11)]
    assert weights == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.0, 1.0])
    assert known.learn(1, Outcome.FAILED, 0.0) == pytest.approx(0.9)
    assert known.learn(1, Outcome.PARTIAL, 0.0) == pytest.approx(0.9)
    assert known.learn(99, Outcome.CONFIRMED, 0.0) == 0.0
    node = known.nodes[1]
    assert (node.fires, node.succeeded, node.failed) == (1, 11, 1)


@pytest.mark.parametrize(
    ("days", "weight"), [(0.5, 0.5), (7.9, 0.5), (8.0, 0.49), (9.0, 0.4802), (17.0, 0.5 * 0.98**10)]
)
def test_section_3_4_after_seven_idle_days_two_hundredths_of_it_fade_a_day(
    days: float, weight: float
) -> None:
    known = nodes()
    known.fire(1, 0.0)
    known.nodes[1].weight = 0.5
    assert known.weight(1, days * DAY_S) == pytest.approx(weight)


@given(st.lists(st.floats(0.0, 200.0), max_size=10), st.floats(0.0, 200.0))
@settings(max_examples=100, deadline=None)
def test_how_often_one_looks_does_not_change_how_it_fades(looks: list[float], last: float) -> None:
    often, once = nodes(), nodes()
    for known in (often, once):
        known.fire(1, 0.0)
    for day in sorted(look for look in looks if look <= last):
        often.weight(1, day * DAY_S)
    assert often.weight(1, last * DAY_S) == pytest.approx(once.weight(1, last * DAY_S), abs=1e-7)


def test_section_3_4_below_two_hundredths_it_is_pruned() -> None:
    known = nodes()
    known.fire(1, 0.0)
    gone = next(day for day in range(7, 200) if 0.1 * 0.98 ** (day - 7) < PRUNED_BELOW)
    assert known.prune((gone - 1) * DAY_S) == 0
    assert known.prune(gone * DAY_S) == 1
    assert (len(known.nodes), known.pruned) == (0, 1)


def test_a_faded_pattern_that_fires_again_is_a_new_one() -> None:
    known = nodes()
    known.fire(1, 0.0)
    assert known.fire(1, 200 * DAY_S) == 0.1
    assert (known.born, known.pruned, known.nodes[1].fires) == (2, 1, 1)


def test_firing_again_stops_the_fading() -> None:
    known = nodes()
    known.fire(1, 0.0)
    known.nodes[1].weight = 0.5
    assert known.fire(1, 9 * DAY_S) == pytest.approx(0.4802)
    assert known.weight(1, 16 * DAY_S) == pytest.approx(0.4802)
    assert known.weight(1, 17 * DAY_S) == pytest.approx(0.4802 * 0.98)


@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from(list(Outcome))), max_size=120))
@settings(max_examples=80, deadline=None)
def test_their_number_is_bounded_and_the_least_trusted_goes_first(life: list[tuple[int, Outcome]]) -> None:
    known = nodes(most=8)
    for now_s, (key, outcome) in enumerate(life):
        trusted = {one for one, node in known.nodes.items() if node.weight > 0.1}
        full = len(known.nodes) == 8 and key not in known.nodes
        least = min(known.nodes[one].weight for one in known.nodes) if known.nodes else 0.0
        known.fire(key, float(now_s))
        if full and least <= 0.1:
            assert trusted <= known.nodes.keys()
        known.learn(key, outcome, float(now_s))
        assert len(known.nodes) <= 8


@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from(list(Outcome))), max_size=60))
@settings(max_examples=50, deadline=None)
def test_a_map_goes_through_json_unharmed(life: list[tuple[int, Outcome]]) -> None:
    known, other = nodes(16), nodes(16)
    for day, (key, outcome) in enumerate(life):
        known.fire(key, day * DAY_S)
        known.learn(key, outcome, day * DAY_S)
    other.restore(json.loads(json.dumps(known.state())))
    assert other.state() == known.state()
    assert [other.weight(key, 90 * DAY_S) for key in range(41)] == [
        known.weight(key, 90 * DAY_S) for key in range(41)
    ]


def test_a_map_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"weight is 2\.0"):
        nodes().restore({"counts": [1, 0, 0], "nodes": [[1, 2.0, 0, 0, 1, 0, 0]]})


def test_a_key_is_stable_and_tells_four_dimensions_apart() -> None:
    known = nodes()
    key = known.key([NEAR], 10.0)
    assert key == nodes().key([NEAR], 10.0) == 3011780602
    assert key == known.key([(0, 0.8, 9.99, (30.0, 0.0, 4.0))], 10.0)  # the same quarters
    assert key == known.key([(0, 0.9, 10.0, (20.0, 2.0, 0.0))], 10.0)  # scope says what it is about
    others = {
        known.key([(1, 0.9, 10.0, (20.0, 0.0, 0.0))], 10.0),  # another cell
        known.key([(0, 0.3, 10.0, (20.0, 0.0, 0.0))], 10.0),  # less sure
        known.key([(0, 0.9, 10.0, (120.0, 0.0, 0.0))], 10.0),  # further away
        known.key([(0, 0.9, 9.0, (20.0, 0.0, 0.0))], 10.0),  # longer ago
        known.key([NEAR, (1, 0.9, 10.0, (20.0, 1.0, 0.0))], 10.0),  # in company
    }
    assert len({key, *others}) == 6


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),
            st.floats(0.0, 1.0),
            st.floats(0.0, 10.0),
            st.tuples(*[st.floats(-1e300, 1e300)] * 3),
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_triggers_does_not_matter_and_no_number_is_too_strange(found: list[Trigger]) -> None:
    known = nodes()
    key = known.key(found, 10.0)
    assert 0 < key <= 0xFFFFFFFF
    assert key == known.key(found[::-1], 10.0)


def test_an_order_without_waves_has_a_key_too() -> None:
    assert nodes().key([(65535, 1.0, 10.0, ())], 10.0) > 0
    assert nodes().fire(1, 0.0) < inf
