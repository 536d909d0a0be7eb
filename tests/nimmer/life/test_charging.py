"""Charging: demand below 20 %, the way to a known well, the search for one, drinking until restored."""

import pytest

from nimmer.life.action import LOOK, MOVES, STAY, Action
from nimmer.life.nerve import Nerve
from nimmer.life.nerve_run import RunOutcome
from nimmer.life.percept import Percept
from nimmer.minds.pathfinder import Pathfinder
from nimmer.world.levels import load_levels
from tests.nimmer.life.nerve_scenes import AT_ONCE, CLEAR, nerve, percept, scene

NEIGHBOURS: list[list[int]] = load_levels()[1].graph.neighbours.tolist()


class Walk:
    """A body on the grid with a well on node 7, doing what its nerve claims, else its wish."""

    def __init__(self, node: int, energy: float, one: Nerve, wish: Action = STAY) -> None:
        self.node, self.energy, self.nerve, self.wish = node, energy, one, wish
        self.tick = 0
        self.guide = Pathfinder(NEIGHBOURS)

    def percept(self) -> Percept:
        ways = (*NEIGHBOURS[self.node], -1, -1, -1, -1)
        return percept(
            self.tick, self.node, energy=self.energy, at_well=int(self.node == 7), neighbour=ways,
            distance_cm=tuple(15.0 if way < 0 else 115.0 for way in ways),
            neighbour_known=(0,) * 8,
        )  # fmt: skip

    def live(self, ticks: int, tick_s: float = 0.05) -> None:
        for _ in range(ticks):
            self.tick += 1
            seen = self.percept()
            self.guide.notice(seen)
            sight = scene(seen, self.wish, CLEAR, self.tick * tick_s, guide=self.guide)
            # The gate is open while energy is low; in a test it lets go the moment it is not.
            if self.energy < 0.2 or self.nerve.holding:
                claim = self.nerve.step(sight, 0.3)
            else:
                claim = None
                self.nerve.rest(True, sight)
            action = self.wish if claim is None else claim.action
            if action in MOVES:
                self.node = max(self.node, 0) if action.slot > 3 else NEIGHBOURS[self.node][action.slot]
            elif self.node == 7 and action == STAY:
                self.energy = min(1.0, self.energy + 0.02)


def states(one: Nerve, path: tuple[int, ...]) -> list[str]:
    return [one.states[state] for state in path]


def test_a_known_well_is_approached_and_drunk_from_although_the_gate_let_go() -> None:
    one = nerve("charging", AT_ONCE)
    walk = Walk(19, 0.15, one, LOOK)
    walk.guide.notice(percept(0, 7, at_well=1))
    walk.live(60)
    (run,) = one.finished
    assert run.outcome == RunOutcome.SUCCESS
    assert states(one, run.states) == [
        "IDLE", "MONITOR", "THRESHOLD", "SEARCH", "APPROACH", "DOCK", "CHARGE", "RESUME",
    ]  # fmt: skip
    assert run.cost == pytest.approx(0.1 + 0.5 + 1.0 + 0.5 + 0.1)
    assert run.reward == 10.0
    assert walk.energy == pytest.approx(0.9, abs=0.05)
    assert one.current == 0


def test_without_a_known_well_it_follows_the_brain_or_goes_where_it_knows_nothing_until_it_meets_one() -> (
    None
):
    one = nerve("charging", AT_ONCE)
    walk = Walk(22, 0.15, one, MOVES[0])
    walk.live(60)
    assert one.finished[0].outcome == RunOutcome.SUCCESS
    idle = Walk(12, 0.15, nerve("charging", AT_ONCE), STAY)
    idle.live(2)
    assert idle.node != 12


def test_a_minute_of_searching_in_vain_is_a_timeout_that_costs_two() -> None:
    one = nerve("charging", AT_ONCE)
    shut = percept(1, 12, energy=0.1, neighbour=(-1,) * 8)
    for second in range(63):
        one.step(scene(shut._replace(tick=second), STAY, now_s=float(second)), 0.3)
    (run,) = one.finished
    assert (run.outcome, run.reward) == (RunOutcome.TIMEOUT, -2.0)
    assert 60.0 < run.ended_s - run.started_s <= 62.0
    assert one.states[one.current] in ("MONITOR", "SEARCH")


def test_pushed_off_the_well_it_goes_back() -> None:
    one = nerve("charging", AT_ONCE)
    walk = Walk(7, 0.1, one)
    walk.live(5)
    assert one.states[one.current] == "CHARGE"
    walk.node = 8
    walk.live(40)
    assert one.finished[0].outcome == RunOutcome.SUCCESS


def test_a_hold_ends_when_the_gate_is_shut_and_not_only_let_go() -> None:
    one = nerve("charging", AT_ONCE)
    walk = Walk(7, 0.1, one)
    walk.live(5)
    assert one.holding
    one.rest(True, scene(walk.percept(), STAY))
    assert not one.holding
    assert one.finished[0].outcome == RunOutcome.ABANDONED


def test_a_deliberating_nerve_gets_there_too_at_four_times_the_price() -> None:
    one = nerve("charging")
    walk = Walk(8, 0.15, one)
    walk.guide.notice(percept(0, 7, at_well=1))
    walk.live(80)
    assert one.finished[0].outcome == RunOutcome.SUCCESS
    assert one.finished[0].cost == pytest.approx(4 * 2.2)
