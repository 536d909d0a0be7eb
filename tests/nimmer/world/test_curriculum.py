import numpy as np
import pytest

from nimmer.chance import Chance
from nimmer.errors import LevelError, WorldError
from nimmer.world.curriculum import (
    birth,
    birth_generator,
    check_room,
    demote,
    demotion_generator,
    least_capacity,
    promote,
    promotion_generator,
)
from nimmer.world.level import Level
from nimmer.world.levels import Levels
from nimmer.world.rules import Rules

RULES = Rules()


def test_the_same_seed_places_everyone_alike(level: Level) -> None:
    one = birth(level, RULES, 25, 1, birth_generator(7, 1))
    two = birth(level, RULES, 25, 1, birth_generator(7, 1))
    other = birth(level, RULES, 25, 1, birth_generator(8, 1))
    assert one.digest() == two.digest() != other.digest()


def test_a_birth_respects_the_capacity(level: Level) -> None:
    village = birth(level, RULES, 90, 20, Chance(1).generator("x"))
    assert max(int(np.bincount(row).max()) for row in village.node) <= RULES.node_capacity


def test_a_village_without_room_to_move_is_refused_and_told_the_fix(level: Level) -> None:
    with pytest.raises(LevelError, match=r"room for 90 NPCs .* not for 100; .* node_capacity = 5"):
        birth(level, RULES, 100, 1, Chance(1).generator("x"))
    assert (
        birth(level, Rules(node_capacity=least_capacity(level, 100)), 100, 1, Chance(1).generator("x")).npcs
        == 100
    )
    with pytest.raises(WorldError, match="at least one NPC"):
        birth(level, RULES, 0, 1, Chance(1).generator("x"))


def test_a_promotion_empties_the_knowledge_and_lets_the_ticks_go_on(levels: Levels) -> None:
    village = birth(levels[1], RULES, 25, 1, birth_generator(7, 1))
    village.tick[0] = 99
    risen = promote(levels[1], levels[2], RULES, village, promotion_generator(7, 2))
    assert (risen.level, risen.nodes, risen.tick.tolist()) == (2, 100, [99])
    assert risen.facts.sum() == 0
    with pytest.raises(LevelError, match="is on level 2"):
        promote(levels[1], levels[2], RULES, risen, promotion_generator(7, 2))


def test_a_demotion_is_a_promotion_downwards_to_places_of_its_own(levels: Levels) -> None:
    risen = promote(
        levels[1],
        levels[2],
        RULES,
        birth(levels[1], RULES, 25, 1, birth_generator(7, 1)),
        promotion_generator(7, 2),
    )
    fallen = demote(levels[2], levels[1], RULES, risen, demotion_generator(7, 1))
    assert (fallen.level, fallen.nodes, int(fallen.facts.sum())) == (1, 25, 0)
    again = birth(levels[1], RULES, 25, 1, birth_generator(7, 1))
    assert fallen.node.tolist() != again.node.tolist()
    with pytest.raises(LevelError, match="on level 1, so it cannot be demoted from 2"):
        demote(levels[2], levels[1], RULES, fallen, demotion_generator(7, 1))


def test_room_is_checked_without_a_birth(levels: Levels) -> None:
    check_room(levels[1], RULES, 90)
    with pytest.raises(LevelError, match="not for 91"):
        check_room(levels[1], RULES, 91)
