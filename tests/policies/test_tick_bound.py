from dataclasses import fields, replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nimmer.life.action import FLAT_ACTIONS, TALK
from nimmer.world.level import Level
from nimmer.world.levels import load_levels
from nimmer.world.quiz import passed
from nimmer.world.rules import Rules
from nimmer.world.seeds import evaluation_seeds
from nimmer.world.state import Village, newborn
from nimmer.world.step import step
from policies.acts import to_acts
from policies.evaluation import born, evaluate
from policies.minds_by_hand import ExplorerMinds
from policies.tick_bound import fewest_ticks

LEVELS = """
[[level]]
number = 1
name = "row"
grid = [1, {nodes}]
vocabulary = ["red", "well"]
[level.houses]
0 = ["well"]
{others}
"""
USEFUL = [1, 3, 9, FLAT_ACTIONS.index(TALK)]
"""Flat actions that can help in a row of houses: east, west, look and talk; who stays might as well look."""


def row(folder: Path, nodes: int) -> Level:
    """Return a level of `nodes` houses in a row."""
    others = "\n".join(f'{node} = ["red"]' for node in range(1, nodes))
    file = folder / "levels.toml"
    file.write_text(LEVELS.format(nodes=nodes, others=others))
    return load_levels(file)[1]


def optimum(level: Level, rules: Rules, places: list[int]) -> int:
    """Return the fewest ticks of any plan at all: every joint action of every reachable state is tried."""
    joint = np.array(list(product(USEFUL, repeat=len(places))))
    village = newborn(level, np.array([places], np.int32))
    for tick in range(1, 30):
        many = _repeated(village, joint.shape[0])
        verbs, slots = to_acts(np.tile(joint, (village.worlds, 1)))
        after, _ = step(level, rules, many, verbs, slots, np.ones(verbs.shape, np.bool_))
        if passed(level, after).any():
            return tick
        state = np.concatenate([after.node.astype(np.uint64), after.bits[:, :, 0]], axis=1)
        _, first = np.unique(state, axis=0, return_index=True)
        village = _chosen(after, first)
    raise AssertionError("no plan passes within 29 ticks")


def _repeated(village: Village, times: int) -> Village:
    return _chosen(village, np.repeat(np.arange(village.worlds), times))


def _chosen(village: Village, worlds: NDArray[np.int64]) -> Village:
    arrays = {field.name: getattr(village, field.name) for field in fields(Village) if field.name != "level"}
    return replace(village, **{name: array[worlds] for name, array in arrays.items()})


@pytest.mark.parametrize(
    ("nodes", "capacity", "places"),
    [
        (2, 4, [0, 1]),
        (2, 4, [0, 0]),
        (3, 4, [0, 2]),
        (3, 4, [0, 0]),
        (4, 4, [0, 3]),
        (3, 2, [1, 2, 2]),
        (5, 4, [0, 0]),
        (4, 2, [0, 1, 3]),
    ],
)
def test_no_plan_at_all_beats_the_bound_on_small_maps(
    tmp_path: Path, nodes: int, capacity: int, places: list[int]
) -> None:
    level, rules = row(tmp_path, nodes), Rules(node_capacity=capacity)
    bound = fewest_ticks(level, rules, np.array([places], np.int32))
    assert bound[0] <= optimum(level, rules, places)


def test_the_bound_is_reached_where_two_neighbours_only_have_to_visit_each_other(tmp_path: Path) -> None:
    level = row(tmp_path, 2)
    assert fewest_ticks(level, Rules(), np.array([[0, 1]], np.int32)).tolist() == [3]
    assert optimum(level, Rules(), [0, 1]) == 3


def test_level_1_cannot_be_passed_in_fewer_than_27_ticks() -> None:
    level, seeds = load_levels()[1], evaluation_seeds(50)
    assert (fewest_ticks(level, Rules(), born(level, Rules(), 25, seeds).node) == 27).all()


def test_one_npc_alone_has_to_walk_to_the_farthest_house() -> None:
    level = load_levels()[1]
    assert fewest_ticks(level, Rules(), np.array([[0]], np.int32)).tolist() == [25 + 8]


def test_explorers_do_not_beat_the_bound() -> None:
    level, seeds = load_levels()[1], evaluation_seeds(5)
    for npcs in (3, 25):
        trial = evaluate(ExplorerMinds(), level, Rules(), npcs, seeds, 2000)
        assert (trial.ticks >= fewest_ticks(level, Rules(), born(level, Rules(), npcs, seeds).node)).all()
