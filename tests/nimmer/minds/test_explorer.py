import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nimmer.chance import Chance
from nimmer.errors import WeightsError
from nimmer.life.action import LOOK, STAY, TALK, Action
from nimmer.life.percept import FEATURES, Percept, features, unpack
from nimmer.minds.explorer import Explorer
from nimmer.world.curriculum import birth
from nimmer.world.level import Level
from nimmer.world.levels import load_levels
from nimmer.world.observation import observe
from nimmer.world.quiz import ask_everyone, passed
from nimmer.world.rules import Rules
from nimmer.world.state import Village, newborn
from nimmer.world.step import step

LEVEL = load_levels()[1]
RULES = Rules()
NO_FEATURES = np.zeros(FEATURES, np.float32)


def explorer(seed: int = 1, level: Level = LEVEL) -> Explorer:
    return Explorer(level.graph.neighbours.tolist(), Chance(seed).generator("npc"))


def seen(
    village: Village, *, energy: float | None = None, news: int | None = None, tick: int | None = None
) -> tuple[Percept, NDArray[np.uint8]]:
    """Return what NPC 0 perceives, with some of it made up."""
    records, known = observe(LEVEL, RULES, village)
    percept = unpack(records[0, 0].tobytes())
    percept = percept._replace(
        energy=percept.energy if energy is None else energy,
        news=percept.news if news is None else news,
        tick=percept.tick if tick is None else tick,
    )
    return percept, known[0, 0]


def knowing(village: Village, *nodes: int) -> Village:
    knowledge = village.knowledge.copy()
    knowledge[0, 0, list(nodes)] = LEVEL.traits[list(nodes)]
    return Village.from_bytes(replace(village, knowledge=knowledge).to_bytes())


def live(level: Level, npcs: int, seed: int, most: int, period: int = 1) -> tuple[Village, float]:
    """Let a village of explorers live until it passes; each acts every `period` ticks. Returns it and its least energy."""
    chance = Chance(seed)
    village = birth(level, RULES, npcs, 1, chance.generator("birth"))
    minds = [Explorer(level.graph.neighbours.tolist(), chance.generator("npc", npc)) for npc in range(npcs)]
    least = 1.0
    while int(village.tick[0]) < most and not passed(level, village)[0]:
        records, known = observe(level, RULES, village)
        acts = [STAY] * npcs
        present = (np.arange(npcs)[None] + village.tick[0]) % period == 0
        for npc in np.flatnonzero(present[0]).tolist():
            record = records[0, npc].tobytes()
            acts[npc] = minds[npc].decide(unpack(record), features(record), known[0, npc])
        verbs = np.array([[act.verb for act in acts]], np.uint8)
        slots = np.array([[act.slot for act in acts]], np.int8)
        village, _ = step(level, RULES, village, verbs, slots, present)
        least = min(least, float(village.energy.min()))
    return village, least


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_village_of_25_explorers_passes_level_1_within_80_ticks(seed: int) -> None:
    village, _ = live(LEVEL, 25, seed, 80)
    assert ask_everyone(LEVEL, village).passed


def test_random_walkers_need_more_ticks_than_explorers() -> None:
    village, _ = live(LEVEL, 25, 1, 80)
    generator = Chance(1).generator("random")
    wild = birth(LEVEL, RULES, 25, 1, Chance(1).generator("birth"))
    for _ in range(int(village.tick[0])):
        verbs = generator.choice(np.array([0, 1, 1, 1, 1, 2, 3], np.uint8), (1, 25))
        slots = generator.integers(0, 4, (1, 25)).astype(np.int8)
        wild, _ = step(LEVEL, RULES, wild, verbs, slots, np.ones((1, 25), np.bool_))
    assert not passed(LEVEL, wild)[0]
    assert wild.facts.sum() < village.facts.sum()


def test_explorers_at_5_hz_and_a_crowd_of_90_pass_too() -> None:
    assert passed(LEVEL, live(LEVEL, 25, 1, 600, period=4)[0])[0]
    assert passed(LEVEL, live(LEVEL, 90, 1, 600)[0])[0]


def test_explorers_drink_before_they_starve_on_level_2() -> None:
    level = load_levels()[2]
    village, least = live(level, 3, 1, 2000)
    assert passed(level, village)[0]
    assert least > 0


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_explorers_pass_on_any_irregular_map(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    generator = Chance(seed).generator("map")
    places = (generator.random((12, 2)) * 1000).tolist()
    edges = {(int(generator.integers(node)), node) for node in range(1, 12)}
    degree = [sum(node in edge for edge in edges) for node in range(12)]
    assume(max(degree) < 8)
    edges |= {(min(pair), max(pair)) for pair in [(0, 11), (3, 8)]}
    nodes = [{"id": node, "x": x, "y": y} for node, (x, y) in enumerate(places)]
    folder = tmp_path_factory.mktemp("map")
    (folder / "map.json").write_text(json.dumps({"nodes": nodes, "edges": sorted(edges)}))
    (folder / "levels.toml").write_text(
        '[[level]]\nnumber = 1\ngraph = "map.json"\nvocabulary = ["red", "blue", "well"]\nseed = 1\n'
        "traits_per_house = [1, 2]\nwells = 3\n"
    )
    level = load_levels(folder / "levels.toml")[1]
    assert level.graph.slots == 8
    assert passed(level, live(level, 6, seed, 400)[0])[0]


def test_it_looks_where_it_knows_nothing() -> None:
    percept, known = seen(newborn(LEVEL, np.array([[12]], np.int32)))
    assert explorer().decide(percept, NO_FEATURES, known) == LOOK


def test_it_takes_the_shortest_way_to_the_only_unknown_node() -> None:
    village = knowing(newborn(LEVEL, np.array([[0]], np.int32)), *range(24))
    mind, node = explorer(), 0
    for _ in range(8):
        percept, known = seen(replace(village, node=np.array([[node]], np.int32)))
        node = int(LEVEL.graph.neighbours[node, mind.decide(percept, NO_FEATURES, known).slot])
    assert node == 24


def test_it_walks_around_a_full_node() -> None:
    village = knowing(newborn(LEVEL, np.array([[0, 1, 1, 1, 1]], np.int32)), *range(24))
    percept, known = seen(village)
    assert explorer().decide(percept, NO_FEATURES, known) == Action(1, 2)


def test_refused_again_and_again_it_strolls_so_that_a_crowd_can_dissolve() -> None:
    village = knowing(newborn(LEVEL, np.array([[12]], np.int32)), *range(5, 25))
    village = replace(village, rejection=np.full((1, 1), 2, np.uint8))
    mind = explorer()
    acts = []
    for tick in range(20):
        percept, known = seen(village, tick=tick)
        acts.append(mind.decide(percept, NO_FEATURES, known))
    assert acts[0] == Action(1, 0)
    assert STAY in acts


def test_it_talks_while_that_brings_news_and_falls_silent_when_it_does_not() -> None:
    village = knowing(newborn(LEVEL, np.array([[0, 0]], np.int32)), *range(24))
    mind = explorer()
    said = []
    for tick in range(40):
        percept, known = seen(village, news=3, tick=tick)
        said.append(mind.decide(percept, NO_FEATURES, known))
    assert said[0] == TALK
    assert said.count(TALK) < 20
    fresh = explorer()
    for left in range(9, 0, -1):
        percept, known = seen(village, news=left, tick=left)
        assert fresh.decide(percept, NO_FEATURES, known) == TALK


def test_thirsty_it_returns_to_the_well_it_knows_and_stays_till_restored() -> None:
    village = knowing(newborn(LEVEL, np.array([[7]], np.int32)), *range(24))
    mind = explorer()
    mind.decide(*with_features(*seen(village)))
    percept, known = seen(replace(village, node=np.array([[8]], np.int32)), energy=0.18)
    assert mind.decide(percept, NO_FEATURES, known) != Action(1, 3)  # that is the charging nerve's to do
    percept, known = seen(replace(village, node=np.array([[8]], np.int32)), energy=0.14)
    assert mind.decide(percept, NO_FEATURES, known) == Action(1, 3)
    percept, known = seen(village, energy=0.5)
    assert mind.decide(percept, NO_FEATURES, known) == STAY
    percept, known = seen(village, energy=0.95)
    assert mind.decide(percept, NO_FEATURES, known) != STAY


def with_features(
    percept: Percept, known: NDArray[np.uint8]
) -> tuple[Percept, NDArray[np.float32], NDArray[np.uint8]]:
    return percept, NO_FEATURES, known


def test_what_it_remembers_survives_a_restart() -> None:
    village = knowing(newborn(LEVEL, np.array([[7]], np.int32)), 7)
    mind, again = explorer(), explorer()
    mind.decide(*with_features(*seen(village, energy=0.1)))
    again.restore(mind.state())
    assert again.state() == mind.state() == {"brain": "explorer", "wells": [7], "thirsty": True}
    foreign: list[dict[str, object]] = [
        {"brain": "mlp"},
        {},
        {"brain": "explorer", "wells": [25]},
        {"brain": "explorer", "wells": "x"},
    ]
    for state in foreign:
        with pytest.raises(WeightsError):
            again.restore(state)
