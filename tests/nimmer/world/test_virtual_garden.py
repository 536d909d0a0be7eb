"""The virtual garden: the same world as the real one, in a time of its own."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.errors import LevelError, WorldError
from nimmer.life.action import LOOK, MOVES, STAY, Action, Verb
from nimmer.life.lifeforce import Lifeforce
from nimmer.world.garden import RealGarden, Wants
from nimmer.world.level import Level
from nimmer.world.levels import Levels, load_levels
from nimmer.world.rules import Rules
from nimmer.world.virtual_garden import KEPT_CHECKPOINTS, VirtualGarden
from nimmer.world.virtual_time import REWIND
from tests.nimmer.world.virtual_folk import Did, Scripted, whole_folk

NPCS = 4
RULES = Rules()
LEVELS = load_levels()


def real(ticks: int = 0) -> RealGarden:
    one = RealGarden(LEVELS, RULES, 7, NPCS)
    one.begin(1)
    for tick in range(ticks):
        one.turn(wants(tick, [LOOK, MOVES[1], STAY, MOVES[2]]))
    return one


def wants(tick: int, actions: list[Action]) -> Wants:
    return Wants(
        np.full(NPCS, tick + 1, np.uint64),
        np.full(NPCS, tick, np.uint64),
        np.array([action.verb for action in actions], np.uint8),
        np.array([action.slot for action in actions], np.int8),
        np.ones(NPCS, np.bool_),
    )


def virtual(level: Level, snapshot: bytes | None = None, seed: int = 5, **how: float) -> VirtualGarden:
    given = real().village.to_bytes() if snapshot is None else snapshot
    return VirtualGarden(LEVELS, RULES, given, whole_folk(level, NPCS, seed), **how)  # type: ignore[arg-type]  # ticks are whole


@dataclass
class Pocket:
    """A purse that keeps book."""

    level: float
    spent: float = 0.0

    def charge(self, reason: str, amount: float) -> float:
        paid = min(amount, self.level)
        self.level -= paid
        self.spent += paid
        return paid


actions = st.sampled_from([STAY, LOOK, Action(Verb.TALK), *MOVES[:5]])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(actions, actions, actions, actions), min_size=1, max_size=25))
def test_with_the_same_actions_both_gardens_are_the_same_world(
    script: list[tuple[Action, Action, Action, Action]],
) -> None:
    truth = real(3)
    bodies = [Scripted(*(Did(deeds[npc]) for deeds in script)) for npc in range(NPCS)]
    garden = VirtualGarden(LEVELS, RULES, truth.village.to_bytes(), bodies)
    truth.turn(wants(3, [STAY] * NPCS))  # the real garden's clock of who acted begins with its first turn
    garden = VirtualGarden(LEVELS, RULES, truth.village.to_bytes(), bodies)
    for tick, deeds in enumerate(script, start=10):
        truth.turn(wants(tick, list(deeds)))
        garden.run(1)
        assert garden.digest == truth.digest
    assert garden.tick == truth.tick


def test_the_same_snapshot_bodies_and_seed_are_the_same_future(level: Level) -> None:
    one, other, stranger = virtual(level), virtual(level), virtual(level, seed=6)
    for garden in (one, other, stranger):
        garden.run(150)
    assert one.digest == other.digest
    assert [body.state() for body in one.bodies if body] == [body.state() for body in other.bodies if body]
    assert one.digest != stranger.digest


def test_the_snapshot_is_second_zero_and_bodies_tick_at_their_own_rates() -> None:
    bodies = [Scripted(Did(LOOK)) for _ in range(NPCS)]
    garden = VirtualGarden(LEVELS, RULES, real().village.to_bytes(), bodies, rates=[20.0, 10.0, 5.0, 40.0])
    garden.run(40)
    assert garden.time_s == 2.0
    assert [body.lived for body in bodies] == [40, 20, 10, 40]
    assert bodies[0].times[:2] == [0.05, 0.1]
    assert bodies[1].times[1] - bodies[1].times[0] == pytest.approx(0.1)


def test_an_absent_body_stands_still_and_a_governed_one_is_told() -> None:
    bodies = [Scripted(Did(LOOK)), None, Scripted(Did(LOOK)), Scripted(Did(LOOK))]
    orders = [(1, 0), (0, 0), (0, -1), (0, 0)]
    garden = VirtualGarden(LEVELS, RULES, real().village.to_bytes(), bodies, overrides=orders)
    garden.run(3)
    assert garden.village.facts[0].tolist() == [1, 0, 1, 1]
    assert bodies[0] is not None
    assert bodies[0].overrides == (1, 0)


def test_only_ticks_in_which_a_gate_moved_are_told(level: Level) -> None:
    lived = virtual(level).run(200)
    assert lived
    assert all(one.transitions for one in lived)
    assert lived == sorted(lived, key=lambda one: (one.tick, one.npc))


@pytest.mark.parametrize("speed", [1.0, 10.0, 100.0])
def test_six_seconds_at_a_speed_are_so_many_ticks_and_a_tenth_of_its_price(
    level: Level, speed: float
) -> None:
    purse, garden = Pocket(1000.0), VirtualGarden(LEVELS, RULES, real().village.to_bytes(), speed=speed)
    done = [garden.advance(0.25, 1000, purse) for _ in range(24)]
    assert garden.lived_ticks == 120 * speed
    assert purse.spent == pytest.approx({1.0: 0.0, 10.0: 0.5, 100.0: 2.0}[speed])
    assert sum(one.ticks for one in done) == garden.lived_ticks
    assert {one.speed for one in done} == {speed}


def test_a_bound_on_the_ticks_of_a_call_is_told_as_the_speed_reached() -> None:
    purse, garden = Pocket(1000.0), VirtualGarden(LEVELS, RULES, real().village.to_bytes(), speed=1000.0)
    done = garden.advance(1.0, 40, purse)
    assert (done.ticks, done.speed) == (40, 2.0)
    assert purse.spent < 5.0 / 60


def test_an_empty_purse_slows_it_to_real_time() -> None:
    purse, garden = Pocket(0.1), VirtualGarden(LEVELS, RULES, real().village.to_bytes(), speed=100.0)
    done = [garden.advance(0.1, 1000, purse) for _ in range(20)]
    assert [one.ticks for one in done[:2]] == [200, 200]
    assert done[-1].ticks == 2
    assert done[-1].slowed
    assert purse.level >= 0.0


def test_a_ledger_of_a_body_is_a_purse() -> None:
    purse, garden = Lifeforce(), VirtualGarden(LEVELS, RULES, real().village.to_bytes(), speed=100.0)
    garden.advance(1.5, 100_000, purse)
    assert purse.level == pytest.approx(99.5)


def test_a_pause_stands_still_and_costs_one_a_minute() -> None:
    purse, garden = Pocket(1000.0), VirtualGarden(LEVELS, RULES, real().village.to_bytes(), speed=100.0)
    garden.time.paused = True
    assert garden.advance(60.0, 100_000, purse).ticks == 0
    assert purse.spent == pytest.approx(1.0)


def test_a_rewind_gives_back_world_and_bodies_and_the_same_future_follows(level: Level) -> None:
    purse, garden = Pocket(120.0), virtual(level, checkpoint_ticks=50)
    garden.run(50)
    then, body = garden.digest, json.dumps(garden.bodies[0].state() if garden.bodies[0] else None)
    garden.run(70)
    later = garden.digest
    found = garden.rewind(purse, 1)
    assert (found.number, found.tick, garden.tick) == (1, 50, 50)
    assert garden.digest == then
    assert json.dumps(garden.bodies[0].state() if garden.bodies[0] else None) == body
    assert [one.number for one in garden.checkpoints] == [0, 1]
    assert purse.spent == REWIND
    garden.run(70)
    assert garden.digest == later


def test_without_a_number_it_goes_back_to_the_newest_moment_before_now(level: Level) -> None:
    garden = virtual(level, checkpoint_ticks=10)
    garden.run(20)
    assert garden.rewind(Pocket(100.0)).number == 1
    garden.run(5)
    assert garden.rewind(Pocket(100.0)).number == 1
    assert garden.rewind(Pocket(100.0)).number == 0
    with pytest.raises(WorldError, match="no checkpoint before this moment"):
        garden.rewind(Pocket(100.0))


def test_a_rewind_nobody_can_pay_or_to_nowhere_changes_nothing(level: Level) -> None:
    purse, garden = Pocket(49.9), virtual(level, checkpoint_ticks=10)
    garden.run(25)
    before = garden.digest
    with pytest.raises(WorldError, match=r"costs 50 lifeforce and there are 49\.9"):
        garden.rewind(purse)
    with pytest.raises(WorldError, match="no checkpoint 7; there are 0, 1, 2"):
        garden.rewind(Pocket(100.0), 7)
    assert (garden.digest, purse.spent) == (before, 0.0)


def test_checkpoints_are_bounded_and_the_snapshot_stays() -> None:
    garden = VirtualGarden(LEVELS, RULES, real().village.to_bytes(), checkpoint_ticks=5)
    garden.run(5 * 40)
    assert [one.number for one in garden.checkpoints] == [0, *range(41 - KEPT_CHECKPOINTS + 1, 41)]
    assert VirtualGarden(LEVELS, RULES, real().village.to_bytes(), checkpoint_ticks=0).checkpoints == []


def test_a_garden_comes_back_as_it_was(level: Level) -> None:
    garden, again = virtual(level), virtual(level)
    garden.run(33)
    again.restore(json.loads(json.dumps(garden.state())))
    assert again.state() == garden.state()
    garden.restore(garden.state())
    garden.run(40)
    again.run(40)
    assert again.digest == garden.digest


def test_what_does_not_fit_is_refused(level: Level, levels: Levels) -> None:
    snapshot = real().village.to_bytes()
    with pytest.raises(WorldError, match="2 bodies for 4 NPCs"):
        VirtualGarden(levels, RULES, snapshot, [None, None])
    with pytest.raises(WorldError, match="3 rates for 4 NPCs"):
        VirtualGarden(levels, RULES, snapshot, rates=[1.0] * 3)
    with pytest.raises(WorldError, match="checksum differs"):
        VirtualGarden(levels, RULES, snapshot[:-1] + b"\x00")
    with pytest.raises(WorldError, match="speed is 0"):
        VirtualGarden(levels, RULES, snapshot, speed=0.0)
    upstairs = RealGarden(levels, RULES, 7, 2)
    upstairs.begin(3)
    with pytest.raises(LevelError, match="no level 3"):
        VirtualGarden(Levels([levels[1]]), RULES, upstairs.village.to_bytes())
    other = RealGarden(levels, RULES, 7, 2)
    other.begin(1)
    foreign = VirtualGarden(levels, RULES, other.village.to_bytes())
    with pytest.raises(WorldError, match="not of this garden"):
        VirtualGarden(levels, RULES, snapshot).restore(foreign.state())
