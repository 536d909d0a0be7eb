"""A village that lives through its levels in one process."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nimmer.chance import Chance
from nimmer.errors import LevelError
from nimmer.life.action import STAY, Action
from nimmer.life.percept import Percept
from nimmer.minds.brain import Brain, Flags, Floats
from nimmer.minds.explorer import Explorer
from nimmer.minds.schooling import MakeBrain, Schooling
from nimmer.minds.wanderer import Wanderer
from nimmer.world.ascent import LevelChange, QuizPace
from nimmer.world.level import Level
from nimmer.world.levels import Levels, load_levels
from nimmer.world.promotion import PromotionRule
from nimmer.world.rules import Rules

PACE = QuizPace(6000, 600)
STREETS = Path(__file__).parents[3] / "docs" / "examples" / "streets.toml"


def explorers(seed: int) -> MakeBrain:
    def make(npc: int, level: Level) -> Brain:
        generator = Chance(seed).generator("npc", npc, "brain", level.number)
        return Explorer(level.graph.neighbours.tolist(), generator)

    return make


def school(levels: Levels, rule: PromotionRule, npcs: int = 9, seed: int = 7) -> Schooling:
    return Schooling(levels, Rules(), rule, PACE, seed, npcs, explorers(seed))


def lived(one: Schooling, most: int = 2000) -> list[LevelChange]:
    changes = []
    while not one.finished and one.garden.tick < most:
        if change := one.tick():
            changes.append(change)
    return changes


def test_explorers_go_up_and_pass_the_last_level_they_were_given() -> None:
    one = school(load_levels(), PromotionRule(last=2))
    changes = lived(one)
    assert [(change.level_from, change.level_to) for change in changes] == [(1, 2)]
    assert one.finished
    assert one.garden.level.number == 2
    assert one.coverage.tolist() == [1.0] * 9
    assert one.lag().complete == 9


def test_the_same_seed_is_the_same_run() -> None:
    digests = []
    for seed in (7, 7, 8):
        one = school(load_levels(), PromotionRule(last=2), seed=seed)
        lived(one, most=90)
        digests.append(one.garden.digest)
    assert digests[0] == digests[1] != digests[2]


def test_a_level_may_be_a_street_map_from_a_file() -> None:
    levels = load_levels(STREETS)
    one = school(levels, PromotionRule(last=2), npcs=25)
    assert len(lived(one)) == 1
    assert (one.garden.level.name, one.garden.level.nodes, one.finished) == ("the streets", 60, True)


def test_a_village_that_forgets_is_sent_down_by_the_same_rule(levels: Levels) -> None:
    one = Schooling(
        levels, Rules(), PromotionRule(last=2, demote_after=1), QuizPace(40, 600), 7, 3, lambda *_: Idler()
    )
    one.garden.go_to(2)
    one.ascent.standing = replace(one.ascent.standing, level=2)
    (change, *_) = lived(one, most=200)
    assert (change.level_from, change.level_to) == (2, 1)


def test_a_level_without_room_is_refused(levels: Levels) -> None:
    with pytest.raises(LevelError, match="not for 99"):
        school(levels, PromotionRule(last=2), npcs=99)


@pytest.fixture
def levels() -> Levels:
    return load_levels()


class Idler(Wanderer):
    """Stays where it is and learns nothing."""

    def __init__(self) -> None:
        super().__init__(Chance(1).generator("idle"))

    def decide(self, percept: Percept, features: Floats, known: Flags) -> Action:
        return STAY


def test_wanderers_learn_less_in_the_same_time() -> None:
    levels = load_levels()
    wise = school(levels, PromotionRule(last=1), npcs=25)
    dull = Schooling(
        levels,
        Rules(),
        PromotionRule(last=1),
        PACE,
        7,
        25,
        lambda npc, _: Wanderer(Chance(7).generator("npc", npc)),
    )
    for _ in range(30):
        wise.tick()
        dull.tick()
    assert float(np.mean(wise.coverage)) > 2 * float(np.mean(dull.coverage))
