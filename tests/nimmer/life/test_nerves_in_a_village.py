"""Nerves and brains together in the world: villages learn their level, and nobody starves."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nimmer.chance import Chance
from nimmer.errors import NerveError
from nimmer.life.action import STAY, Action
from nimmer.life.bearing import bearing
from nimmer.life.nerve import Nerve, arbitrate
from nimmer.life.nerve_run import RunOutcome
from nimmer.life.nerve_table import load_nerves, make_nerves
from nimmer.life.percept import Percept, features, unpack
from nimmer.life.scene import Scene, Ways
from nimmer.minds.explorer import Explorer
from nimmer.minds.pathfinder import Pathfinder
from nimmer.world.curriculum import birth
from nimmer.world.levels import load_levels
from nimmer.world.observation import observe
from nimmer.world.quiz import passed
from nimmer.world.rules import Rules
from nimmer.world.state import Village
from nimmer.world.step import step

RULES = Rules()
DOCS = Path(__file__).parents[3] / "docs" / "nerves.md"


class Villager:
    """A brain and its nerves, each woken while what its gate cares for is there."""

    def __init__(self, neighbours: list[list[int]], slots: int, generator: np.random.Generator) -> None:
        self.brain = Explorer(neighbours, generator)
        self.guide = Pathfinder(neighbours)
        self.nerves = make_nerves(load_nerves(), 0.01)
        self.slots, self.visited, self.coverage = slots, set[int](), 0.0

    def wakes(self, one: Nerve, seen: Percept, front_cm: float) -> bool:
        needs = {
            "collision_avoidance": front_cm < 30.0,
            "charging": seen.energy < 0.2,
            "exploration": not seen.here_known or 0 in seen.neighbour_known[: seen.slots],
            "conversation": seen.news > 0,
        }
        return needs[one.name] or one.holding

    def act(self, seen: Percept, record: bytes, known: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> Action:
        self.guide.notice(seen)
        wish = self.brain.decide(seen, features(record), known)
        around = bearing(self.slots, seen.heading)
        ways = Ways(*(seen.distance_cm[slot] for slot in around[:3]))
        learned = round((seen.coverage - self.coverage) * len(known))
        new, self.coverage = seen.node not in self.visited, seen.coverage
        self.visited.add(seen.node)
        sight = Scene(
            seen, around, ways, wish, seen.tick * 0.05, 0.05, new, learned, guide=self.guide
        )  # fmt: skip
        claims = []
        for one in self.nerves:
            if self.wakes(one, seen, ways.front):
                claim = one.step(sight, 0.3)
                claims += [] if claim is None else [claim]
            else:
                one.rest(True, sight)
            one.finished.clear()
        return arbitrate(claims, wish)[1]


def live(number: int, npcs: int, ticks: int, energy: float) -> tuple[Village, list[Villager], float]:
    level, chance = load_levels()[number], Chance(1)
    village = birth(level, RULES, npcs, 1, chance.generator("birth"))
    village = replace(village, energy=np.full_like(village.energy, energy))
    neighbours: list[list[int]] = level.graph.neighbours.tolist()
    villagers = [Villager(neighbours, level.graph.slots, chance.generator("npc", npc)) for npc in range(npcs)]
    least = 1.0
    for _ in range(ticks):
        records, known = observe(level, RULES, village)
        acts = [STAY] * npcs
        for npc, villager in enumerate(villagers):
            record = records[0, npc].tobytes()
            acts[npc] = villager.act(unpack(record), record, known[0, npc])
        verbs = np.array([[act.verb for act in acts]], np.uint8)
        slots = np.array([[act.slot for act in acts]], np.int8)
        village, _ = step(level, RULES, village, verbs, slots, np.ones((1, npcs), np.bool_))
        least = min(least, float(village.energy.min()))
    return village, villagers, least


def test_a_village_with_nerves_passes_level_1_as_quickly_as_one_without() -> None:
    village, _, _ = live(1, 25, 80, 1.0)
    assert passed(load_levels()[1], village)[0]


def test_hungry_villagers_find_wells_by_their_nerves_and_nobody_starves() -> None:
    village, villagers, least = live(2, 4, 900, 0.45)
    assert passed(load_levels()[2], village)[0]
    assert least > 0.0
    outcomes = Counter(
        outcome
        for villager in villagers
        for one in villager.nerves
        if one.name == "charging"
        for outcome in RunOutcome
        for _ in range(one.statistics.outcomes(outcome))
    )
    assert outcomes[RunOutcome.SUCCESS] >= 1
    assert outcomes[RunOutcome.TIMEOUT] == 0


def test_the_table_printed_in_the_docs_can_be_loaded(tmp_path: Path) -> None:
    lines = DOCS.read_text().splitlines()
    start = lines.index("    [[nerve]]")
    table = "\n".join(lines[start : lines.index("    ]", start) + 1])
    path = tmp_path / "mine.toml"
    path.write_text(table)
    assert [spec.priority for spec in load_nerves(path)] == [7.0]
    path.write_text(table.replace("wants_to_move", "wants_to_mve"))
    with pytest.raises(NerveError, match="did you mean wants_to_move"):
        load_nerves(path)
