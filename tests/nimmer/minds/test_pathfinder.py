"""Ways through a graph: the shortest one, around full nodes, kept while it holds; wells are remembered."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.action import MOVES
from nimmer.life.percept import Percept
from nimmer.minds.guide import Guide, Lost
from nimmer.minds.pathfinder import Pathfinder
from nimmer.world.levels import load_levels

NEIGHBOURS: list[list[int]] = load_levels()[1].graph.neighbours.tolist()


def percept(node: int, **changes: object) -> Percept:
    ways = (*NEIGHBOURS[node], -1, -1, -1, -1)
    seen = Percept(
        1, 1, node, 0, 0.9, 0.0, 0.2, 0, 0, 1, 0, 0, 4, ways,
        tuple(15.0 if way < 0 else 115.0 for way in ways), (0,) * 8, (1,) * 8,
    )  # fmt: skip
    return seen._replace(**changes)  # type: ignore[arg-type]  # the names are checked by _replace


@given(st.integers(0, 24), st.integers(0, 24))
def test_the_way_is_the_shortest_and_arrives(start: int, goal: int) -> None:
    guide, node, steps = Pathfinder(NEIGHBOURS), start, 0
    while (step := guide.toward(percept(node), lambda one: one == goal)) is not None and node != goal:
        node, steps = NEIGHBOURS[node][step.slot], steps + 1
    assert node == goal
    assert steps == abs(start // 5 - goal // 5) + abs(start % 5 - goal % 5)


def test_a_full_first_step_is_walked_around() -> None:
    full = percept(0, distance_cm=(15.0, 25.0, 115.0, 15.0) + (15.0,) * 4)
    assert Pathfinder(NEIGHBOURS).toward(full, lambda node: node == 1) == MOVES[2]


def test_where_nothing_is_wanted_or_reachable_there_is_no_step() -> None:
    assert Pathfinder(NEIGHBOURS).toward(percept(12), lambda _: False) is None
    shut = percept(12, distance_cm=(15.0,) * 8)
    assert Pathfinder(NEIGHBOURS).toward(shut, lambda node: node == 0) is None


def test_wells_are_remembered_over_a_restart_and_only_those_of_the_graph() -> None:
    guide, again = Pathfinder(NEIGHBOURS), Pathfinder(NEIGHBOURS)
    guide.notice(percept(7, at_well=1))
    guide.notice(percept(8))
    again.restore(json.loads(json.dumps(guide.state())))
    assert again.wells() == guide.wells() == {7}
    for state in ({}, {"wells": [25]}, {"wells": ["x"]}):
        with pytest.raises(ValueError, match="wells"):
            again.restore(dict(state))


def test_who_has_no_map_knows_no_way() -> None:
    lost: Guide = Lost()
    lost.notice(percept(7, at_well=1))
    assert lost.wells() == frozenset()
    assert lost.toward(percept(7), lambda _: True) is None
