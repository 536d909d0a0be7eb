"""The nerves' tables, walked at once: prices of their paths, the zone rule, directions, escalation."""

import json

import pytest

from nimmer.life.action import LOOK, MOVES, STAY, Action
from nimmer.life.collision_avoidance import clearer_side, risk
from nimmer.life.nerve import Claim, Nerve, arbitrate
from nimmer.life.nerve_run import RunOutcome
from nimmer.life.nerve_table import load_nerves
from nimmer.life.percept import Percept
from nimmer.life.scene import Ways
from tests.nimmer.life.nerve_scenes import AT_ONCE, BOXED, CLEAR, HIGH, WALL, nerve, percept, scene

PRINTED = {
    "collision_avoidance": [0.5, 0.5, 0.5, 1.0],
    "exploration": [1.0, 0.5, 0.3, 0.5, 0.1],
    "charging": [0.1, 0.5, 1.0, 0.5, 0.1],
    "conversation": [5.0, 0.5, 5.0, 4.0],
}


def step(nerve: Nerve, seen: Percept, wish: Action, ways: Ways, now_s: float | None = None) -> Claim | None:
    return nerve.step(scene(seen, wish, ways, now_s), 0.1)


def collision() -> Nerve:
    return nerve("collision_avoidance", AT_ONCE)


def test_the_built_in_table_has_the_printed_prices_priorities_and_gates() -> None:
    specs = {spec.name: spec for spec in load_nerves()}
    assert {name: [edge.cost for edge in spec.edges if edge.cost] for name, spec in specs.items()} == PRINTED
    assert {name: spec.priority for name, spec in specs.items()} == {
        "collision_avoidance": 10.0,
        "exploration": 5.0,
        "charging": 8.0,
        "conversation": 6.0,
    }
    assert specs["charging"].gate == "battery_gate"
    assert dict(specs["collision_avoidance"].pays) == {RunOutcome.SUCCESS: 5.0}
    assert dict(specs["charging"].pays) == {RunOutcome.SUCCESS: 10.0, RunOutcome.TIMEOUT: -2.0}
    assert dict(specs["collision_avoidance"].monitoring) == {"DETECT": 0.1}


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
    nerve = collision()
    claim = step(nerve, percept(1), MOVES[0], WALL)
    assert claim == Claim(10.0, 1, MOVES[3])
    assert step(nerve, percept(2, 6), LOOK, CLEAR) is None
    assert nerve.collect() == pytest.approx(2.5 + 0.1 * 0.05)
    assert nerve.current == 0
    (run,) = nerve.finished
    assert run.outcome == RunOutcome.SUCCESS
    assert run.cost == pytest.approx(2.505)
    assert [nerve.states[state] for state in run.states] == ["IDLE", "DETECT", "EVALUATE", "EVADE", "RESUME"]
    assert run.commands == ((1, 3),)
    assert run.reads == (0, 1, 2, 11, 12)
    assert run.reward == 5.0
    assert run.rubric == pytest.approx(0.4 + 1.0)
    assert (run.started_tick, run.ended_tick, run.acted_s) == (1, 2, 0.05)


def test_a_brain_that_does_not_drive_into_the_wall_is_left_alone() -> None:
    nerve = collision()
    for tick, wish in enumerate((STAY, LOOK, MOVES[1], MOVES[2])):
        assert step(nerve, percept(tick), wish, WALL) is None
    assert nerve.states[nerve.current] == "DETECT"
    step(nerve, percept(9), MOVES[0], CLEAR)
    assert nerve.current == 0
    assert nerve.finished[0].outcome == RunOutcome.ABANDONED


def test_a_near_way_that_is_free_is_no_obstacle() -> None:
    nerve = collision()
    free = percept(1, neighbour=(2, 8, 12, 6) + (-1,) * 4, neighbour_occupants=(3,) + (0,) * 7)
    assert step(nerve, free, MOVES[0], Ways(20.0, 115.0, 115.0)) is None
    full = free._replace(neighbour_occupants=(4,) + (0,) * 7)
    assert step(nerve, full, MOVES[0], Ways(15.0, 115.0, 115.0)) is not None


def test_between_20_and_30_it_takes_three_readings_in_a_row() -> None:
    nerve = collision()
    seen = [step(nerve, percept(tick), MOVES[0], HIGH) for tick in range(3)]
    assert [claim is not None for claim in seen] == [False, False, True]
    assert nerve.statistics.outcomes(RunOutcome.ABANDONED) == 2  # false alarms


def test_without_a_clear_side_it_backs_off_and_without_a_way_back_it_stays() -> None:
    assert step(collision(), percept(1), MOVES[0], BOXED) == Claim(10.0, 1, MOVES[2])
    shut = percept(1, neighbour=(-1,) * 8)
    assert step(collision(), shut, MOVES[0], BOXED) == Claim(10.0, 1, STAY)


def test_after_three_failed_reverses_it_escalates_and_leaves_the_motor_to_the_brain() -> None:
    nerve = collision()
    shut = percept(1, neighbour=(-1,) * 8)
    claims = [step(nerve, shut._replace(tick=tick), MOVES[0], BOXED, tick * 0.05) for tick in range(1, 47)]
    assert nerve.statistics.outcomes(RunOutcome.FAILURE) == 1
    assert [claim is not None for claim in claims[:4]] == [True, True, True, False]
    waited = [index for index, claim in enumerate(claims) if claim is not None]
    assert (waited[3] - 3) * 0.05 == pytest.approx(2.0, abs=0.06)


def test_a_body_that_bumps_on_its_way_out_has_not_avoided_a_collision() -> None:
    nerve = collision()
    step(nerve, percept(1), MOVES[0], WALL)
    step(nerve, percept(2, rejection=2), LOOK, CLEAR)
    assert nerve.finished[0].outcome == RunOutcome.FAILURE
    assert nerve.finished[0].reward == 0.0


def test_a_gate_that_shuts_after_the_way_became_clear_leaves_a_success() -> None:
    nerve = collision()
    step(nerve, percept(1), MOVES[0], WALL)
    nerve.rest(True, scene(percept(2, 6), LOOK, CLEAR))
    assert nerve.finished[0].outcome == RunOutcome.SUCCESS
    step(nerve, percept(3), MOVES[0], WALL)
    nerve.rest(True)
    assert nerve.finished[1].outcome == RunOutcome.ABANDONED


def test_while_the_world_stands_still_it_insists_free_of_charge() -> None:
    nerve = collision()
    first = step(nerve, percept(1), MOVES[0], WALL)
    nerve.collect()
    assert step(nerve, percept(1), MOVES[0], WALL) == first
    assert nerve.collect() == 0.0


def test_a_nerve_without_a_required_cell_is_disabled_and_without_an_optional_one_degraded() -> None:
    nerve = collision()
    assert nerve.able(lambda _: True)
    assert not nerve.able(lambda code: code != 11)  # motor_left
    assert nerve.able(lambda code: code != 1)
    assert nerve.missing(lambda code: code not in (0, 1)) == (0, 1)
    nerve.rest(able=False)
    assert nerve.states[nerve.current] == "DISABLED"
    assert step(nerve, percept(1), MOVES[0], WALL) is not None
    one_side = Ways(15.0, None, 31.0)
    assert step(collision(), percept(1), MOVES[0], one_side) == Claim(10.0, 1, MOVES[1])


def test_exploration_follows_the_brain_and_prices_the_walk() -> None:
    explorer = nerve("exploration", AT_ONCE)
    assert step(explorer, percept(1), MOVES[1], CLEAR) == Claim(5.0, 2, MOVES[1])
    assert explorer.collect() == pytest.approx(1.5)
    found = explorer.step(scene(percept(2, node=8), LOOK, CLEAR, new_area=True), 0.1)
    assert found == Claim(5.0, 2, LOOK)
    assert explorer.collect() == pytest.approx(0.3 + 0.5 + 0.1)
    assert step(explorer, percept(3, node=8), MOVES[1], CLEAR) == Claim(5.0, 2, MOVES[1])
    (run,) = explorer.finished
    assert run.outcome == RunOutcome.SUCCESS
    assert run.cost == pytest.approx(2.4)
    step(explorer, percept(4, node=9), MOVES[1], CLEAR)
    step(explorer, percept(5, node=9, rejection=1), LOOK, CLEAR)
    assert explorer.states[explorer.current] == "CHOOSE_DIRECTION"
    assert explorer.memory.state()["obstacles"] == 1
    explorer.rest(able=True, scene=scene(percept(6), LOOK, CLEAR))
    assert explorer.current == 0
    assert explorer.finished[1].outcome == RunOutcome.FAILURE


def test_exploration_that_meets_obstacles_only_has_failed_and_one_that_finds_nothing_is_abandoned() -> None:
    explorer = nerve("exploration", AT_ONCE)
    for tick in range(1, 5):
        step(explorer, percept(tick, rejection=tick > 1), MOVES[1], CLEAR)
    explorer.rest(True, scene(percept(5, rejection=1), STAY))
    step(explorer, percept(6), STAY, CLEAR)
    explorer.rest(True, scene(percept(7), STAY))
    assert [run.outcome for run in explorer.finished] == [RunOutcome.FAILURE, RunOutcome.ABANDONED]


def test_the_highest_claim_moves_the_body() -> None:
    low, high = Claim(5.0, 2, LOOK), Claim(10.0, 1, STAY)
    assert arbitrate([low, high], MOVES[0]) == (1, STAY)
    assert arbitrate([low], MOVES[0]) == (2, LOOK)
    assert arbitrate([], MOVES[0]) == (0, MOVES[0])
    assert arbitrate([high, Claim(10.0, 3, LOOK)], MOVES[0]) == (1, STAY)


def test_a_resting_nerve_owes_nothing_and_stays_at_rest() -> None:
    nerve = collision()
    nerve.rest(True)
    nerve.rest(True, scene(percept(1), MOVES[0]))
    assert (nerve.current, nerve.collect(), nerve.finished, nerve.running) == (0, 0.0, [], False)


def test_nerves_go_on_after_a_restart() -> None:
    nerve, other = collision(), collision()
    step(nerve, percept(1), MOVES[0], WALL)
    other.restore(json.loads(json.dumps(nerve.state())))
    assert other.state() == nerve.state()
    assert step(other, percept(2), MOVES[0], WALL) == step(nerve, percept(2), MOVES[0], WALL)
    assert other.state() == nerve.state()
