"""Nerves: prices of their paths, the zone rule, directions, escalation."""

import json

import pytest

from nimmer.life.action import LOOK, MOVES, STAY, Action
from nimmer.life.bearing import bearing
from nimmer.life.collision_avoidance import CollisionAvoidance, Ways, clearer_side, risk
from nimmer.life.exploration import Exploration
from nimmer.life.nerve import BODY_NERVES, COLLISION_AVOIDANCE, Claim, NerveMachine, NerveSpec, arbitrate
from nimmer.life.percept import Percept

AROUND = bearing(4, 0)


def percept(tick: int, node: int = 7, rejection: int = 0, **changes: object) -> Percept:
    base = Percept(
        tick, 1, node, 0, 0.9, 0.0, 0.2, 0, 0, 1, 0, rejection, 4, (-1, 8, 12, 6) + (-1,) * 4,
        (15.0, 115.0, 115.0, 115.0) + (15.0,) * 4, (0,) * 8, (1,) * 8,
    )  # fmt: skip
    return base._replace(**changes)  # type: ignore[arg-type]  # the names are checked by _replace


def step(
    nerve: CollisionAvoidance, seen: Percept, wish: Action, ways: Ways, now_s: float = 0.0
) -> Claim | None:
    return nerve.step(seen, AROUND, ways, wish, now_s, 0.05)


WALL = Ways(15.0, 115.0, 115.0)
CLEAR = Ways(115.0, 115.0, 115.0)


def test_the_printed_case_has_the_printed_risk() -> None:
    assert risk(Ways(25.0, 45.0, 30.0)) == pytest.approx(0.7 * (1 - 25 / 30))
    assert risk(Ways(0.0, 0.0, 0.0)) == pytest.approx(1.0)
    assert risk(Ways(-50.0, 500.0, None)) == pytest.approx(0.7 + 0.15)


@pytest.mark.parametrize(
    ("left", "right", "side"),
    [
        (60.0, 51.0, -1),
        (51.0, 60.0, 1),
        (50.0, 50.0, 0),
        (None, 31.0, 1),
        (31.0, None, -1),
        (None, 30.0, 0),
        (None, None, 0),
    ],
)
def test_the_clearer_side_wins_when_it_is_clear(left: float | None, right: float | None, side: int) -> None:
    assert clearer_side(Ways(15.0, left, right)) == side


def test_a_wall_is_evaded_for_two_and_a_half_lifeforce() -> None:
    nerve = CollisionAvoidance()
    claim = step(nerve, percept(1), MOVES[0], WALL)
    assert claim == Claim(10.0, 1, MOVES[3])
    assert step(nerve, percept(2, 6), LOOK, CLEAR) is None
    assert nerve.machine.collect() == pytest.approx(2.5 + 0.1 * 0.05)
    assert (nerve.avoided, nerve.machine.current) == (1, 0)


def test_a_brain_that_does_not_drive_into_the_wall_is_left_alone() -> None:
    nerve = CollisionAvoidance()
    for tick, wish in enumerate((STAY, LOOK, MOVES[1], MOVES[2])):
        assert step(nerve, percept(tick), wish, WALL) is None
    assert nerve.machine.states[nerve.machine.current] == "DETECT"
    step(nerve, percept(9), MOVES[0], CLEAR)
    assert nerve.machine.current == 0


def test_a_near_way_that_is_free_is_no_obstacle() -> None:
    nerve = CollisionAvoidance()
    free = percept(1, neighbour=(2, 8, 12, 6) + (-1,) * 4, neighbour_occupants=(3,) + (0,) * 7)
    assert step(nerve, free, MOVES[0], Ways(20.0, 115.0, 115.0)) is None
    full = free._replace(neighbour_occupants=(4,) + (0,) * 7)
    assert step(nerve, full, MOVES[0], Ways(15.0, 115.0, 115.0)) is not None


def test_between_20_and_30_it_takes_three_readings_in_a_row() -> None:
    nerve = CollisionAvoidance()
    high = Ways(25.0, 115.0, 115.0)
    seen = [step(nerve, percept(tick), MOVES[0], high) for tick in range(3)]
    assert [claim is not None for claim in seen] == [False, False, True]
    assert nerve.false_alarms == 2


def test_without_a_clear_side_it_backs_off_and_without_a_way_back_it_stays() -> None:
    boxed = Ways(15.0, 15.0, 15.0)
    assert step(CollisionAvoidance(), percept(1), MOVES[0], boxed) == Claim(10.0, 1, MOVES[2])
    shut = percept(1, neighbour=(-1,) * 8)
    assert step(CollisionAvoidance(), shut, MOVES[0], boxed) == Claim(10.0, 1, STAY)


def test_after_three_failed_reverses_it_escalates_and_leaves_the_motor_to_the_brain() -> None:
    nerve = CollisionAvoidance()
    boxed = Ways(15.0, 15.0, 15.0)
    shut = percept(1, neighbour=(-1,) * 8)
    claims = [step(nerve, shut._replace(tick=tick), MOVES[0], boxed, tick * 0.05) for tick in range(1, 47)]
    assert nerve.escalations == 1
    assert [claim is not None for claim in claims[:4]] == [True, True, True, False]
    waited = [index for index, claim in enumerate(claims) if claim is not None]
    assert (waited[3] - 3) * 0.05 == pytest.approx(2.0, abs=0.06)


def test_while_the_world_stands_still_it_insists_free_of_charge() -> None:
    nerve = CollisionAvoidance()
    first = step(nerve, percept(1), MOVES[0], WALL)
    nerve.machine.collect()
    assert step(nerve, percept(1), MOVES[0], WALL) == first
    assert nerve.machine.collect() == 0.0


def test_a_nerve_without_its_required_cell_is_disabled_until_it_returns() -> None:
    nerve = CollisionAvoidance()
    nerve.rest(able=False)
    assert nerve.machine.states[nerve.machine.current] == "DISABLED"
    assert step(nerve, percept(1), MOVES[0], WALL) is not None


def test_exploration_follows_the_brain_and_prices_the_walk() -> None:
    nerve = Exploration()
    assert nerve.step(percept(1), False, MOVES[1]) == Claim(5.0, 2, MOVES[1])
    assert nerve.machine.collect() == pytest.approx(1.5)
    assert nerve.step(percept(2, node=8), True, LOOK).action == LOOK
    assert nerve.machine.collect() == pytest.approx(0.3 + 0.5 + 0.1)
    nerve.step(percept(3, node=8), False, MOVES[1])
    nerve.step(percept(4, node=8, rejection=1), False, MOVES[1])
    assert (nerve.areas, nerve.obstacles) == (1, 1)
    nerve.rest(able=True)
    assert nerve.machine.current == 0


def test_the_highest_claim_moves_the_body() -> None:
    low, high = Claim(5.0, 2, LOOK), Claim(10.0, 1, STAY)
    assert arbitrate([low, high], MOVES[0]) == (1, STAY)
    assert arbitrate([low], MOVES[0]) == (2, LOOK)
    assert arbitrate([], MOVES[0]) == (0, MOVES[0])


def test_a_machine_walks_declared_edges_only() -> None:
    machine = NerveMachine(COLLISION_AVOIDANCE)
    with pytest.raises(ValueError, match="no edge IDLE -> EVADE"):
        machine.go(COLLISION_AVOIDANCE.states.index("EVADE"))
    with pytest.raises(ValueError, match="first two states"):
        NerveMachine(NerveSpec("x", "g", (), (), 1.0, ("A", "B"), ()))
    for spec in BODY_NERVES:
        assert {state for edge in spec.edges for state in edge[:2]} | {"DISABLED"} == set(spec.states)


def test_nerves_go_on_after_a_restart() -> None:
    nerve, other = CollisionAvoidance(), CollisionAvoidance()
    step(nerve, percept(1), MOVES[0], WALL)
    other.restore(json.loads(json.dumps(nerve.state())))
    assert other.state() == nerve.state()
    assert step(other, percept(2), MOVES[0], WALL) == step(nerve, percept(2), MOVES[0], WALL)
    explorer, second = Exploration(), Exploration()
    explorer.step(percept(1), False, MOVES[1])
    second.restore(json.loads(json.dumps(explorer.state())))
    assert second.step(percept(2, node=8), True, LOOK) == explorer.step(percept(2, node=8), True, LOOK)
    assert second.state() == explorer.state()
