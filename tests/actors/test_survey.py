"""One look at all NPCs of a host: how they fare, and what they have done so far."""

import numpy as np
import pytest

from actors.survey import Survey, Surveyor
from nimmer.arena.board import Board
from nimmer.arena.diary import Diary
from nimmer.arena.layout import ACTION
from nimmer.arena.memory import Arena
from nimmer.arena.slot import Slot, Vitals
from nimmer.life.action import Verb
from nimmer.life.governor_outcome import TRIGGER_POINTS
from nimmer.life.nerve_table import NERVE_NAMES
from nimmer.life.percept import PERCEPT
from tests.actors.conftest import NPCS


@pytest.fixture
def surveyor(arena: Arena, board: Board) -> Surveyor:
    records = np.zeros(NPCS, PERCEPT)
    records["level"], records["coverage"], records["energy"] = 2, [0.25, 0.5, 0.75], 0.5
    records["occupants"], records["news"] = [0, 1, 2], [0, 3, 0]
    board.show(40, records, None)
    board.control["alive"], board.control["tick_hz"] = [1, 1, 0], [10.0, 5.0, 1.0]
    return Surveyor(arena, board)


def worth_of(place: int) -> float:
    return TRIGGER_POINTS[NERVE_NAMES[place]]


def look(surveyor: Surveyor) -> Survey:
    return surveyor.look(lambda npc: 10.0 * (npc + 1), lambda npc: 0.5 * npc)


def test_it_tells_how_everyone_fares(arena: Arena, surveyor: Surveyor) -> None:
    slot = Slot(arena, 1)
    slot.be_born(Vitals(100, 1, 1.0, 50, 48, 2, 99.5, 0, 1500.0, 300.0, 288, 4))
    gates = 0b0101011010  # collision and battery open, the others not
    slot.trail(48, 40, 5.0, 1, 7, 1, 2, 1, 0, gates, 6, 1, 0.5, 99.0, 0.1, 1.0, 0.25, 10.0, 50.0, 0, 2, 0)
    slot.act(48, 40, 1.0, Verb.ASK_CORTEX, -1, 1)
    found = look(surveyor).situations
    assert [one.npc for one in found] == [0, 1, 2]
    assert [one.alive for one in found] == [True, True, False]
    one = found[1]
    assert (one.tick_hz, one.cpu_percent, one.coverage, one.energy) == (5.0, 20.0, 0.5, 0.5)
    assert (one.lifeforce, one.lateness_p99_ms, one.occupants, one.news) == (99.5, 1.5, 1, 3)
    assert (one.gates_open, one.urgent, one.wants_cortex) == (2, True, True)
    assert (found[0].gates_open, found[0].urgent, found[0].wants_cortex) == (0, False, False)


def test_it_tells_what_everyone_has_done_so_far(arena: Arena, surveyor: Surveyor) -> None:
    Slot(arena, 1).be_born(Vitals(100, 1, 1.0, 50, 48, 2, 99.5, 0, 1500.0, 300.0, 288, 4))
    nerves = [(0, 2, 1, 0, 0.1, 9, runs, 2, 3, 5, 0.1, 40.0) for runs in (4, 3)]
    Diary(arena, 1).fare((2, 1, 0, 29_000.0, 1.5, 60.0, 3.1, 2), nerves, [(0, 0, 0.0, 0.0, 0.0)] * 3)
    survey = look(surveyor)
    one = survey.tallies[1]
    assert (one.npc, one.level, one.coverage, one.lifeforce) == (1, 2, 0.5, 99.5)
    assert (one.triggers_met, one.triggers_missed, one.ticks_done, one.ticks_due) == (7, 4, 48, 50)
    assert (one.cpu_s, one.cortex_calls) == (0.5, 0)
    assert one.worth_met == pytest.approx(4 * 1.0 + 3 * worth_of(1))
    assert survey.situations[1].balance == 1.5


def test_a_thought_asked_for_counts_once_and_only_where_it_is_permitted(
    board: Board, surveyor: Surveyor
) -> None:
    board.control["cortex_permission"] = [1, 0, 1]
    actions = np.zeros(NPCS, ACTION)
    actions["verb"], actions["npc_tick"] = [Verb.ASK_CORTEX, Verb.ASK_CORTEX, Verb.LOOK], [5, 5, 5]
    surveyor.noticed(actions)
    surveyor.noticed(actions)
    actions["npc_tick"] += 1
    surveyor.noticed(actions)
    assert [one.cortex_calls for one in look(surveyor).tallies] == [2, 0, 0]


def test_what_is_not_a_number_is_not_told_as_one(arena: Arena, surveyor: Surveyor) -> None:
    arena.view("vitals")["lifeforce"][0] = np.nan
    assert look(surveyor).tallies[0].lifeforce == 0.0


def test_who_asked_since_the_last_look_wants_the_cortex_once(board: Board, surveyor: Surveyor) -> None:
    actions = np.zeros(NPCS, ACTION)
    actions["verb"], actions["npc_tick"] = [Verb.ASK_CORTEX, Verb.LOOK, Verb.LOOK], 5
    surveyor.noticed(actions)
    actions["verb"], actions["npc_tick"] = Verb.LOOK, 6
    surveyor.noticed(actions)
    assert [one.wants_cortex for one in look(surveyor).situations] == [True, False, False]
    assert [one.wants_cortex for one in look(surveyor).situations] == [False] * 3
