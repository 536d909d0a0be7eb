from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.chance import Chance
from nimmer.errors import WorldError
from nimmer.life.action import Verb
from nimmer.stores.action_log import decode, encode
from nimmer.world.curriculum import birth, birth_generator
from nimmer.world.garden import RealGarden, Wants
from nimmer.world.journal import Frame, RunHeader, TickFrame
from nimmer.world.levels import Levels
from nimmer.world.replay import replay
from nimmer.world.rules import Rules
from nimmer.world.sight import Sights, see
from nimmer.world.state import Village, count_facts, pack_bits
from nimmer.world.step import step

RULES = Rules(look_by_eye=1)
NPCS = 6
BELIEFS = st.dictionaries(
    st.tuples(st.integers(0, NPCS - 1), st.integers(0, 24)), st.integers(0, 1 << 9), max_size=20
)


def born(levels: Levels) -> Village:
    return birth(levels[1], RULES, NPCS, 1, birth_generator(5, 1))


def look(levels: Levels, village: Village, rules: Rules = RULES) -> Village:
    verbs = np.full((1, NPCS), Verb.LOOK, np.uint8)
    slots, present = np.full((1, NPCS), -1, np.int8), np.ones((1, NPCS), np.bool_)
    return step(levels[1], rules, village, verbs, slots, present)[0]


def test_by_the_eye_a_look_alone_teaches_nothing_and_is_not_idle(levels: Levels) -> None:
    village = born(levels)
    after = look(levels, village)
    assert not after.facts.any()
    assert (after.reward == 0).all()
    assert look(levels, village, Rules()).facts.all()


def test_looking_at_what_one_believes_to_know_is_idle_away_from_a_well(levels: Levels) -> None:
    village = born(levels)
    nodes = village.node[0]
    known = see(levels[1], RULES, village, Sights.of({(npc, int(nodes[npc])): 1 for npc in range(NPCS)}))
    rewards = look(levels, known).reward[0] - known.reward[0] * 0
    dry = ~levels[1].wells[nodes]
    assert rewards[dry] == pytest.approx(RULES.reward_idle)


def test_what_was_seen_is_believed_and_rewarded_though_it_is_wrong(levels: Levels) -> None:
    village = born(levels)
    after = see(levels[1], RULES, village, Sights.of({(2, 7): 0b11}))
    assert int(after.knowledge[0, 2, 7]) == 0b11 != int(levels[1].traits[7])
    assert after.facts[0].tolist() == [0, 0, 1, 0, 0, 0]
    assert after.reward[0].tolist() == [0, 0, RULES.reward_fact, 0, 0, 0]
    assert not village.facts.any()


def test_seeing_the_same_again_changes_nothing_and_seeing_another_thing_corrects(levels: Levels) -> None:
    once = see(levels[1], RULES, born(levels), Sights.of({(2, 7): 0b11}))
    assert see(levels[1], RULES, once, Sights.of({(2, 7): 0b11})) is once
    other = see(levels[1], RULES, once, Sights.of({(2, 7): 0b101}))
    assert (int(other.knowledge[0, 2, 7]), int(other.facts[0, 2])) == (0b101, 1)


def test_a_belief_can_be_given_up(levels: Levels) -> None:
    once = see(levels[1], RULES, born(levels), Sights.of({(2, 7): 0b11, (2, 8): 1}))
    after = see(levels[1], RULES, once, Sights.of({(2, 7): 0}))
    assert (after.facts[0, 2], after.knowledge[0, 2, 7], after.knowledge[0, 2, 8]) == (1, 0, 1)
    assert float(after.reward[0, 2]) == 2 * RULES.reward_fact


@given(before=BELIEFS, after=BELIEFS)
def test_facts_and_bits_always_follow_from_knowledge(
    levels: Levels, before: dict[tuple[int, int], int], after: dict[tuple[int, int], int]
) -> None:
    village = born(levels)
    for beliefs in (before, after):
        village = see(levels[1], RULES, village, Sights.of(beliefs))
    assert np.array_equal(village.bits, pack_bits(village.knowledge))
    assert np.array_equal(village.facts, count_facts(village.knowledge))


@pytest.mark.parametrize(
    ("npc", "node", "words"),
    [([NPCS], [0], "an NPC 0..5"), ([0], [25], "node 0..24"), ([1, 1], [3, 3], "two sights of one NPC")],
)
def test_sights_of_nobody_of_no_house_or_twice_are_refused(
    levels: Levels, npc: list[int], node: list[int], words: str
) -> None:
    seen = Sights(np.array(npc, np.int32), np.array(node, np.int32), np.ones(len(npc), np.uint64))
    with pytest.raises(WorldError, match=words):
        see(levels[1], RULES, born(levels), seen)


def garden_run(levels: Levels, ticks: int) -> tuple[RunHeader, list[Frame], bytes]:
    """Return a run in which everybody looks and walks, and what was seen comes three ticks later, now and then wrong."""
    garden, chance = RealGarden(levels, RULES, 5, NPCS), Chance(2).generator("eye")
    frames: list[Frame] = [garden.begin(1)]
    under_way: list[dict[tuple[int, int], int]] = [{}, {}, {}]
    for tick in range(1, ticks + 1):
        verbs = np.where(chance.random(NPCS) < 0.5, Verb.LOOK, Verb.MOVE).astype(np.uint8)
        wants = Wants(
            np.full(NPCS, tick, np.uint64), np.full(NPCS, garden.tick, np.uint64), verbs,
            chance.integers(0, 4, NPCS).astype(np.int8), np.ones(NPCS, np.bool_),
        )  # fmt: skip
        turn = garden.turn(wants, Sights.of(under_way.pop(0)))
        frames.append(turn.frame)
        nodes = garden.village.node[0]
        under_way.append(
            {
                (npc, int(nodes[npc])): int(levels[1].traits[nodes[npc]]) ^ int(chance.random() < 0.1)
                for npc in np.flatnonzero(verbs == Verb.LOOK).tolist()
            }
        )
    header = RunHeader("00ff00ff00ff00ff", 5, NPCS, 1, RULES.to_mapping(), levels.digest())
    return header, frames, garden.digest


def test_a_run_by_the_eye_is_executed_again_from_its_log_without_an_eye(levels: Levels) -> None:
    header, frames, digest = garden_run(levels, 60)
    written = [decode(encode(frame)) for frame in frames]
    assert sum(isinstance(frame, TickFrame) and frame.sights is not None for frame in written) > 20
    report = replay(header, written, levels)
    assert (report.ticks, report.first_divergence, report.digest) == (60, None, digest)


def test_a_sight_that_was_changed_in_the_log_is_found_out(levels: Levels) -> None:
    header, frames, _ = garden_run(levels, 30)
    place = next(i for i, one in enumerate(frames) if isinstance(one, TickFrame) and one.sights is not None)
    frame = frames[place]
    assert isinstance(frame, TickFrame)
    assert frame.sights is not None
    frames[place] = replace(frame, sights=replace(frame.sights, traits=frame.sights.traits ^ np.uint64(4)))
    assert replay(header, frames, levels).first_divergence == frame.tick
