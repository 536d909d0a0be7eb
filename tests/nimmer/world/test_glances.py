import numpy as np
import pytest

from nimmer.life.action import Verb
from nimmer.world.curriculum import birth, birth_generator
from nimmer.world.glances import MOST_SIGHTS, Glance, Glances
from nimmer.world.journal import TickFrame
from nimmer.world.levels import Levels
from nimmer.world.quiz import ask_everyone
from nimmer.world.rules import Rules
from nimmer.world.sight import Sights, see
from nimmer.world.state import Village

NPCS = 4
RULES = Rules(look_by_eye=1)


@pytest.fixture
def village(levels: Levels) -> Village:
    return birth(levels[1], RULES, NPCS, 1, birth_generator(5, 1))


def looking(*npcs: int, tick: int = 1) -> TickFrame:
    verbs, present = np.full(NPCS, Verb.STAY, np.uint8), np.ones(NPCS, np.bool_)
    verbs[list(npcs)] = Verb.LOOK
    return TickFrame(tick, verbs, np.full(NPCS, -1, np.int8), present, ~present, b"0" * 16)


def test_who_looked_comes_before_the_eye_in_turn(village: Village) -> None:
    glances = Glances(8)
    glances.look(looking(2, 0), village)
    nodes = village.node[0].tolist()
    crowd = [nodes.count(node) - 1 for node in nodes]
    assert glances.next(1) == Glance(0, nodes[0], 1, 1, crowd[0])
    assert glances.next(1) == Glance(2, nodes[2], 1, 1, crowd[2])
    assert glances.next(1) is None


def test_an_npc_has_one_glance_on_its_way_and_no_more_wait_than_may(village: Village) -> None:
    glances = Glances(2)
    glances.look(looking(0), village)
    glances.look(looking(0, 1, 2), village)
    tally = glances.status()
    assert (tally["looked"], tally["repeated"], tally["dropped"], tally["waiting"]) == (4, 1, 1, 2)


def test_what_was_seen_is_taken_once_and_the_npc_may_look_again(village: Village) -> None:
    glances = Glances(8)
    glances.look(looking(1), village)
    glance = glances.next(1)
    assert glance is not None
    assert glances.take(1) is None
    glances.answer(glance, 5)
    seen = glances.take(1)
    assert seen is not None
    assert (seen.npc.tolist(), seen.node.tolist(), seen.traits.tolist()) == ([1], [glance.node], [5])
    assert glances.take(1) is None
    glances.look(looking(1), village)
    assert glances.next(1) is not None


def test_from_nothing_seen_or_no_answer_nothing_follows(village: Village) -> None:
    glances = Glances(8)
    glances.look(looking(0, 1), village)
    one, other = glances.next(1), glances.next(1)
    assert one is not None
    assert other is not None
    glances.answer(one, 0)
    glances.fail(other)
    assert glances.take(1) is None
    assert (glances.tally.blank, glances.tally.failed) == (1, 1)


def test_what_was_seen_on_another_level_is_left_out(village: Village) -> None:
    glances = Glances(8)
    glances.look(looking(0), village)
    glance = glances.next(1)
    assert glance is not None
    glances.answer(glance, 5)
    assert glances.take(2) is None
    assert glances.tally.outdated == 1


def test_what_the_quiz_found_wrong_is_given_up(levels: Levels, village: Village) -> None:
    right = int(levels[1].traits[3])
    believing = see(levels[1], RULES, village, Sights.of({(0, 3): right, (1, 3): right ^ 1 ^ 512}))
    glances = Glances(8)
    glances.correct(~ask_everyone(levels[1], believing).correct, believing)
    given_up = glances.take(1)
    assert given_up is not None
    after = see(levels[1], RULES, believing, given_up)
    assert (int(after.knowledge[0, 0, 3]), int(after.knowledge[0, 1, 3])) == (right, 0)
    assert glances.tally.forgotten == 1


def test_more_than_a_frame_holds_waits_for_the_next_tick(village: Village) -> None:
    glances = Glances(8)
    for npc in range(MOST_SIGHTS + 5):
        glances.answer(Glance(npc, 0, 1, 1, 0), 1)
    first, second = glances.take(1), glances.take(1)
    assert first is not None
    assert second is not None
    assert (first.size, second.size) == (MOST_SIGHTS, 5)


def test_a_glance_of_a_level_that_was_left_does_not_come_before_the_eye(village: Village) -> None:
    glances = Glances(8)
    glances.look(looking(0, 1), village)
    assert glances.next(2) is None
    assert glances.tally.outdated == 2
    glances.look(looking(0), village)  # it may look again
    assert glances.next(1) is not None
    assert glances.tally.repeated == 0
