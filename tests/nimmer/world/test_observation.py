from collections import deque
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nimmer.chance import Chance
from nimmer.life.percept import PERCEPT, features, unpack
from nimmer.world.curriculum import birth
from nimmer.world.level import Level
from nimmer.world.levels import load_levels
from nimmer.world.observation import observe, observe_features
from nimmer.world.rules import Rules
from nimmer.world.state import Village, newborn
from nimmer.world.step import step

RULES = Rules()
LEVELS = load_levels()


def knowing(village: Village, npc: int, *nodes: int) -> Village:
    knowledge = village.knowledge.copy()
    knowledge[0, npc, list(nodes)] = 1
    return Village.from_bytes(replace(village, knowledge=knowledge).to_bytes())


def test_one_npc_s_record_says_what_is_around_it(level: Level) -> None:
    village = newborn(level, np.array([[7, 2, 2, 2, 2, 7]], np.int32))
    village = knowing(knowing(village, 0, 7, 8), 5, 8, 9, 10)
    records, known = observe(level, RULES, village)
    percept = unpack(records[0, 0].tobytes())
    assert (percept.tick, percept.level, percept.node, percept.heading, percept.slots) == (0, 1, 7, -1, 4)
    assert percept.neighbour == (2, 8, 12, 6, -1, -1, -1, -1)
    assert percept.distance_cm == (25.0, 215.0, 315.0, 215.0, 15.0, 15.0, 15.0, 15.0)
    assert percept.neighbour_occupants[:4] == (4, 0, 0, 0)
    assert percept.neighbour_known[:4] == (0, 1, 0, 0)
    assert (percept.occupants, percept.news, percept.here_known, percept.at_well) == (1, 2, 1, 1)
    assert percept.coverage == np.float32(2 / 25)
    assert np.flatnonzero(known[0, 0]).tolist() == [7, 8]


def test_the_features_say_the_same_to_a_learning_brain(level: Level) -> None:
    village = newborn(level, np.array([[7, 2, 2, 2, 2, 7]], np.int32))
    records, _ = observe(level, RULES, knowing(village, 0, 7, 8))
    found = features(records[0, 0].tobytes())
    assert found[:8].tolist() == [1.0, 0.0, 0.0, 0.0, np.float32(0.125), 1.0, 0.0, 0.0]
    assert found[8:16].tolist() == [1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    assert (found[32:64] == 0).all()
    assert found[64:].tolist() == [
        1.0, 1.0, 1.0, np.float32(1 / 3), 0.0, np.float32(0.08), np.float32(0.08), 0.0, 1.0, 0.0
    ]  # fmt: skip


def test_the_way_to_a_well_is_seen_once_the_npc_knows_it_is_one(level: Level) -> None:
    village = newborn(level, np.array([[6]], np.int32))
    knowledge = village.knowledge.copy()
    knowledge[0, 0, [7, 8]] = level.traits[[7, 8]]
    village = Village.from_bytes(replace(village, knowledge=knowledge).to_bytes())
    seen = observe_features(level, RULES, village)[0, 0]
    assert seen[7:64:8].tolist() == [0, 1, 0, 0, 0, 0, 0, 0]  # node 7 is red with a well, node 8 has none
    assert seen[73] == 1.0


def test_news_next_door_is_seen_from_here(level: Level) -> None:
    village = newborn(level, np.array([[7, 2, 8, 13]], np.int32))
    village = knowing(knowing(village, 1, 0, 1, 2), 2, 7)
    ahead = observe_features(level, RULES, village)[0, 0, 6:64:8]
    assert ahead.tolist() == [np.float32(3 / 25), np.float32(1 / 25), 0, 0, 0, 0, 0, 0]


def test_a_wall_reads_15_cm(level: Level) -> None:
    records, _ = observe(level, RULES, newborn(level, np.array([[0]], np.int32)))
    assert records["distance_cm"][0, 0, :4].tolist() == [15.0, 415.0, 415.0, 15.0]


def nearest(level: Level, there: int, wanted: NDArray[np.bool_]) -> float:
    """Search breadth first, the plain way."""
    seen, queue = {there}, deque([(there, 0)])
    while queue and there >= 0:
        node, hops = queue.popleft()
        if wanted[node]:
            return 1 / (1 + hops)
        for other in level.graph.neighbours[node].tolist():
            if other >= 0 and other not in seen:
                seen.add(other)
                queue.append((other, hops + 1))
    return 0.0


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), npcs=st.integers(1, 60), number=st.integers(1, 3))
def test_observations_agree_with_a_plain_count(seed: int, npcs: int, number: int) -> None:
    level, generator = LEVELS[number], Chance(seed).generator("look")
    village = birth(level, RULES, npcs, 1, generator)
    for _ in range(10):
        verbs = generator.integers(0, 4, (1, npcs)).astype(np.uint8)
        slots = generator.integers(0, 4, (1, npcs)).astype(np.int8)
        village, _ = step(level, RULES, village, verbs, slots, np.ones((1, npcs), np.bool_))
    records, known = observe(level, RULES, village)
    assert np.array_equal(records["features"], observe_features(level, RULES, village))
    assert records["features"].min() >= 0
    assert records["features"].max() <= 1
    for npc in range(npcs):
        record, here = records[0, npc], int(village.node[0, npc])
        others = [other for other in range(npcs) if other != npc and village.node[0, other] == here]
        lacks = village.knowledge[0, npc] == 0
        news = max((int((lacks & (village.knowledge[0, other] != 0)).sum()) for other in others), default=0)
        assert (record["occupants"], record["news"]) == (len(others), news)
        assert record["here_known"] == (not lacks[here])
        for slot in range(4):
            there = int(level.graph.neighbours[here, slot])
            ways = [nearest(level, int(node), lacks) for node in level.graph.neighbours[here]]
            assert records["features"][0, npc, 8 * slot + 5] == (ways[slot] == max(ways) > 0)
            assert records["features"][0, npc, 72] == pytest.approx(max(ways))
            assert record["neighbour"][slot] == there
            crowd = int((village.node[0] == there).sum()) if there >= 0 else 0
            assert record["neighbour_occupants"][slot] == crowd
            assert record["neighbour_known"][slot] == (there >= 0 and not lacks[there])
            assert (record["distance_cm"][slot] < 30) == (there < 0 or crowd >= RULES.node_capacity)
    assert np.array_equal(known[0] != 0, village.knowledge[0] != 0)
    assert records.dtype == PERCEPT
