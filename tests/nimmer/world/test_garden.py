"""The garden as a value: who acts, and what a stranger's proposal may do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.errors import LevelError
from nimmer.life.action import LOOK, MOVES, Action, Verb
from nimmer.world.garden import RealGarden, Wants
from nimmer.world.journal import Arrival
from nimmer.world.levels import load_levels
from nimmer.world.rejection import Rejection
from nimmer.world.rules import Rules

LEVELS = load_levels()
NPCS = 3


def garden() -> RealGarden:
    one = RealGarden(LEVELS, Rules(), 7, NPCS)
    one.begin(1)
    return one


def wants(npc_tick: int = 0, seen_tick: int = 0, alive: bool = True) -> Wants:
    return Wants(
        np.full(NPCS, npc_tick, np.uint64),
        np.full(NPCS, seen_tick, np.uint64),
        np.full(NPCS, Verb.LOOK, np.uint8),
        np.full(NPCS, -1, np.int8),
        np.full(NPCS, alive, np.bool_),
    )


def test_an_npc_acts_once_for_each_tick_of_its_own() -> None:
    one = garden()
    acted = [one.turn(wants(npc_tick)).frame.present.all() for npc_tick in (0, 1, 1, 2, 2)]
    assert acted == [False, True, False, True, False]


def test_the_dead_and_the_late_are_left_out_and_counted() -> None:
    one = garden()
    one.turn(wants())
    assert not one.turn(wants(1, alive=False)).frame.present.any()
    for _ in range(one.rules.stale_ticks + 2):
        one.turn(wants(1))
    assert not one.turn(wants(2, seen_tick=0)).frame.present.any()
    assert one.refused == {Rejection.DEAD: NPCS, Rejection.PAST_TICK: NPCS}


def test_a_proposal_takes_the_place_of_the_npcs_own_action_once() -> None:
    one = garden()
    one.turn(wants())
    assert one.propose(1, Action(Verb.STAY), alive=True) is Rejection.ACCEPTED
    frame = one.turn(wants()).frame
    assert frame.present.tolist() == [False, True, False]
    assert frame.verbs[1] == Verb.STAY
    assert not one.turn(wants()).frame.present.any()


def test_a_proposal_for_a_past_tick_is_refused() -> None:
    one = garden()
    for _ in range(5):
        one.turn(wants())
    assert one.propose(1, LOOK, True, meant_for=4) is Rejection.PAST_TICK
    assert one.propose(1, LOOK, True, meant_for=5) is Rejection.ACCEPTED


@pytest.mark.parametrize("npc", range(NPCS))
def test_only_moves_along_edges_are_accepted(npc: int) -> None:
    one = garden()
    here = one.village.node[0, npc]
    for move in MOVES:
        edge = move.slot < one.level.graph.slots and one.level.graph.neighbours[here, move.slot] >= 0
        answer = one.propose(npc, move, True)
        assert (answer is Rejection.NO_EDGE) == (not edge)


def test_it_goes_up_and_down_and_says_how_it_came() -> None:
    one = garden()
    one.turn(wants())
    up = one.go_to(2)
    assert (up.tick, up.level, up.arrival, up.digest) == (1, 2, Arrival.PROMOTION, one.digest)
    down = one.go_to(1)
    assert (down.tick, down.level, down.arrival, down.digest) == (1, 1, Arrival.DEMOTION, one.digest)
    with pytest.raises(LevelError, match="no level 4"):
        one.go_to(4)


@given(st.integers(-(1 << 40), 1 << 40), st.sampled_from(list(Verb)))
def test_no_proposal_stops_the_world(slot: int, verb: Verb) -> None:
    one = garden()
    one.turn(wants())
    one.propose(1, Action(verb, slot), True)
    one.turn(wants(1, 1))
    assert one.tick == 2
