from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nimmer.chance import Chance
from nimmer.errors import WorldError
from nimmer.life.action import ASK_CORTEX, LOOK, MOVES, STAY, TALK, Action
from nimmer.world.curriculum import birth
from nimmer.world.level import Level
from nimmer.world.levels import load_levels
from nimmer.world.rejection import Rejection
from nimmer.world.rules import Rules
from nimmer.world.state import Village, newborn
from nimmer.world.step import Outcome, judge, step

RULES = Rules()
NORTH, EAST, SOUTH, WEST = MOVES[:4]
BUILT_IN = load_levels()


def at(level: Level, *nodes: int) -> Village:
    return newborn(level, np.array([nodes], np.int32))


def tick(
    level: Level, village: Village, *acts: Action | None, rules: Rules = RULES, permitted: bool = False
) -> tuple[Village, Outcome]:
    verbs = np.array([[act.verb if act else 0 for act in acts]], np.uint8)
    slots = np.array([[act.slot if act else -1 for act in acts]], np.int8)
    present = np.array([[act is not None for act in acts]])
    return step(level, rules, village, verbs, slots, present, np.full(present.shape, permitted))


def test_a_move_goes_one_edge_and_turns_the_head(level: Level) -> None:
    after, outcome = tick(level, at(level, 7), SOUTH)
    assert after.node.tolist() == [[12]]
    assert after.heading.tolist() == [[2]]
    assert outcome.moved.all()


@pytest.mark.parametrize("act", [NORTH, WEST, Action(1, 4), Action(1, -1), Action(1, 127), Action(1, -128)])
def test_a_move_without_an_edge_is_refused(level: Level, act: Action) -> None:
    after, outcome = tick(level, at(level, 0), act)
    assert after.node.tolist() == [[0]]
    assert outcome.rejection[0, 0] == Rejection.NO_EDGE
    assert after.reward[0, 0] == np.float32(RULES.reward_bump)


def test_a_full_node_refuses_the_highest_id(level: Level) -> None:
    after, outcome = tick(level, at(level, 12, 12, 12, 8, 6), STAY, STAY, STAY, Action(1, 1), Action(1, 2))
    assert outcome.rejection.tolist() == [[0, 0, 0, 0, 0]]
    after, outcome = tick(level, at(level, 7, 7, 7, 6, 8), STAY, STAY, STAY, EAST, WEST)
    assert outcome.rejection.tolist() == [[0, 0, 0, 0, Rejection.NODE_FULL]]
    assert after.node.tolist() == [[7, 7, 7, 7, 8]]


def test_who_leaves_makes_room_only_for_the_next_tick(level: Level) -> None:
    village = at(level, 7, 7, 7, 7, 8)
    village, outcome = tick(level, village, NORTH, STAY, STAY, STAY, WEST)
    assert outcome.rejection[0, 4] == Rejection.NODE_FULL
    _, outcome = tick(level, village, STAY, STAY, STAY, STAY, WEST)
    assert outcome.rejection[0, 4] == Rejection.ACCEPTED


def test_looking_learns_the_exact_traits_once(level: Level) -> None:
    village, outcome = tick(level, at(level, 7), LOOK)
    assert level.words(int(village.knowledge[0, 0, 7])) == ("red", "well")
    assert outcome.learned.tolist() == [[7]]
    assert village.reward[0, 0] == np.float32(RULES.reward_fact)
    again, outcome = tick(level, village, LOOK)
    assert outcome.learned.tolist() == [[-1]]
    assert again.facts.tolist() == [[1]]
    assert again.knowledge is village.knowledge


def test_a_talker_hears_the_lowest_house_of_the_lowest_id_who_knows_more(level: Level) -> None:
    village = at(level, 3, 3, 3)
    knowledge = village.knowledge.copy()
    knowledge[0, 1, [9, 20]] = [5, 6]
    knowledge[0, 2, 4] = 7
    village = Village.from_bytes(replace(village, knowledge=knowledge).to_bytes())
    after, outcome = tick(level, village, TALK, TALK, STAY)
    assert after.knowledge[0, 0, 9] == 5
    assert outcome.learned.tolist() == [[9, 4, -1]]
    assert outcome.teller.tolist() == [[1, 2, -1]]


def test_hearsay_is_believed_right_or_not(level: Level) -> None:
    village = at(level, 3, 3)
    knowledge = village.knowledge.copy()
    knowledge[0, 1, 24] = 1 << 9
    village = Village.from_bytes(replace(village, knowledge=knowledge).to_bytes())
    after, _ = tick(level, village, TALK, STAY)
    assert after.knowledge[0, 0, 24] == 1 << 9 != level.traits[24]


def test_talking_alone_is_refused_and_talking_to_the_equally_wise_teaches_nothing(level: Level) -> None:
    village, outcome = tick(level, at(level, 3, 4, 4), TALK, TALK, STAY)
    assert outcome.rejection.tolist() == [[Rejection.NOBODY_HERE, 0, 0]]
    assert outcome.learned.max() == -1
    assert village.facts.sum() == 0


def test_the_cortex_is_asked_only_with_permission(level: Level) -> None:
    _, outcome = tick(level, at(level, 0), ASK_CORTEX)
    assert outcome.rejection[0, 0] == Rejection.NO_CORTEX
    _, outcome = tick(level, at(level, 0), ASK_CORTEX, permitted=True)
    assert outcome.asked.all()
    assert outcome.rejection[0, 0] == Rejection.ACCEPTED


@pytest.mark.parametrize("verb", [5, 99, 254])
def test_an_unknown_verb_is_refused(level: Level, verb: int) -> None:
    _, outcome = tick(level, at(level, 0), Action(verb))
    assert outcome.rejection[0, 0] == Rejection.UNKNOWN_VERB


def test_an_absent_npc_does_nothing_and_keeps_its_last_answer_and_reward(level: Level) -> None:
    village, _ = tick(level, at(level, 0), NORTH)
    after, outcome = tick(level, village, None)
    assert outcome.rejection[0, 0] == 0
    assert after.rejection[0, 0] == Rejection.NO_EDGE
    assert after.reward[0, 0] == np.float32(RULES.reward_bump)
    assert after.bumps[0, 0] == 1


def test_a_well_restores_whoever_stays(level: Level) -> None:
    village = replace(at(level, 7, 8), energy=np.zeros((1, 2), np.float32))
    after, _ = tick(level, village, STAY, STAY)
    assert after.energy[0, 0] == pytest.approx(RULES.energy_gain_well - RULES.energy_drain_tick, abs=1e-5)
    assert after.energy[0, 1] == 0
    assert after.reward[0].tolist() == [0.0, pytest.approx(RULES.reward_idle + RULES.reward_hunger)]


@pytest.mark.parametrize("period", [1, 3, 4, 20])
def test_without_energy_an_npc_still_reaches_any_node_at_any_tick_rate(level: Level, period: int) -> None:
    village = replace(at(level, 0), energy=np.zeros((1, 1), np.float32))
    for moment in range(4 * max(period, RULES.crawl_ticks)):
        village, _ = tick(level, village, EAST if moment % period == 0 else None)
    assert village.node[0, 0] == 4


def test_without_energy_moving_at_once_again_is_refused(level: Level) -> None:
    village = replace(at(level, 0), energy=np.zeros((1, 1), np.float32))
    village, first = tick(level, village, EAST)
    _, second = tick(level, village, EAST)
    assert first.moved.all()
    assert second.rejection[0, 0] == Rejection.EXHAUSTED


def test_arrays_of_another_shape_or_level_are_refused(level: Level) -> None:
    with pytest.raises(WorldError, match=r"verbs has the shape \(1, 2\)"):
        tick(level, at(level, 0), STAY, STAY)
    with pytest.raises(WorldError, match="not on level 2"):
        tick(BUILT_IN[2], at(level, 0), STAY)


def test_a_proposed_action_is_judged_with_a_reason(level: Level) -> None:
    village = at(level, 0, 0)
    assert judge(level, RULES, village, 0, NORTH) is Rejection.NO_EDGE
    assert judge(level, RULES, village, 0, Action(1, 99)) is Rejection.NO_EDGE
    assert judge(level, RULES, village, 0, Action(77)) is Rejection.UNKNOWN_VERB
    assert judge(level, RULES, village, 0, LOOK, alive=False) is Rejection.DEAD
    assert judge(level, RULES, village, 0, LOOK, seen_tick=-41) is Rejection.PAST_TICK
    assert "no edge" in Rejection.NO_EDGE.reason
    assert all(rejection.reason for rejection in Rejection)
    with pytest.raises(WorldError, match="no NPC 2"):
        judge(level, RULES, village, 2, STAY)


Acts = tuple[NDArray[np.uint8], NDArray[np.int8], NDArray[np.bool_]]


def random_acts(generator: np.random.Generator, shape: tuple[int, int]) -> Acts:
    verbs = generator.choice(np.array([0, 1, 1, 1, 2, 3, 4, 9], np.uint8), shape)
    slots = generator.integers(-2, 6, shape).astype(np.int8)
    return verbs, slots, generator.random(shape) < 0.9


SEEDS = st.integers(0, 2**32)
CROWDS = st.integers(1, 90)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, npcs=CROWDS)
def test_no_node_ever_holds_more_than_its_capacity_and_nobody_moves_without_an_edge(
    seed: int, npcs: int
) -> None:
    level, generator = BUILT_IN[1], Chance(seed).generator("acts")
    village = birth(level, RULES, npcs, 2, generator)
    for _ in range(20):
        after, outcome = step(level, RULES, village, *random_acts(generator, (2, npcs)))
        for world in range(2):
            assert np.bincount(after.node[world]).max() <= RULES.node_capacity
            for npc in range(npcs):
                here, there = int(village.node[world, npc]), int(after.node[world, npc])
                assert here == there or there in level.graph.neighbours[here]
                assert (here != there) == bool(outcome.moved[world, npc])
        village = after


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, npcs=st.integers(1, 30))
def test_stepping_many_worlds_at_once_equals_stepping_each_alone(seed: int, npcs: int) -> None:
    level, generator = BUILT_IN[1], Chance(seed).generator("acts")
    together = birth(level, RULES, npcs, 3, generator)
    alone = [together.world(world) for world in range(3)]
    for _ in range(15):
        acts = random_acts(generator, (3, npcs))
        together, _ = step(level, RULES, together, *acts)
        verbs, slots, present = acts[0][:, None], acts[1][:, None], acts[2][:, None]
        alone = [
            step(level, RULES, one, verbs[world], slots[world], present[world])[0]
            for world, one in enumerate(alone)
        ]
    assert [together.digest(world) for world in range(3)] == [one.digest() for one in alone]


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, npcs=st.integers(1, 30))
def test_knowledge_comes_only_from_looking_or_talking_and_is_never_wrong_then(seed: int, npcs: int) -> None:
    level, generator = BUILT_IN[1], Chance(seed).generator("acts")
    village = birth(level, RULES, npcs, 1, generator)
    for _ in range(30):
        verbs, slots, present = random_acts(generator, (1, npcs))
        after, outcome = step(level, RULES, village, verbs, slots, present)
        grew = after.facts != village.facts
        assert (grew == (outcome.learned >= 0)).all()
        assert np.isin(verbs[grew], [2, 3]).all()
        assert ((after.knowledge == 0) | (after.knowledge == level.traits)).all()
        village = after


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, npcs=CROWDS)
def test_the_judge_agrees_with_a_step_in_which_nobody_else_acts(seed: int, npcs: int) -> None:
    level, generator = BUILT_IN[1], Chance(seed).generator("acts")
    village = birth(level, RULES, npcs, 1, generator)
    energy = np.where(generator.random((1, npcs)) < 0.5, 0, 1).astype(np.float32)
    village = replace(village, energy=energy, rested=generator.integers(0, 8, (1, npcs)).astype(np.uint8))
    verbs, slots, _ = random_acts(generator, (1, npcs))
    for npc in range(min(npcs, 8)):
        present = np.zeros((1, npcs), np.bool_)
        present[0, npc] = True
        _, outcome = step(level, RULES, village, verbs, slots, present)
        action = Action(int(verbs[0, npc]), int(slots[0, npc]))
        assert judge(level, RULES, village, npc, action) == outcome.rejection[0, npc]
