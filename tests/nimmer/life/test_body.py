"""The body as a whole: walking into walls, paying, being rewarded, surviving nonsense and restarts."""

import json
from collections.abc import Sequence
from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.life.action import FLAT_ACTIONS, LOOK, MOVES, STAY, TALK, Action, Verb
from nimmer.life.attention import Mode
from nimmer.life.body import Body, Deed
from nimmer.life.gate import Cause
from nimmer.life.lifeforce import CHARGE, MICRO
from nimmer.life.nerve_run import RunOutcome
from nimmer.life.nerve_table import built_in_nerves
from nimmer.life.percept import FEATURES, Percept
from nimmer.minds.brain import Flags, Floats

FEATURE_ZEROS = np.zeros(FEATURES, np.float32)
KNOWN = np.zeros(25, np.uint8)
STEPS = ((-1, 0), (0, 1), (1, 0), (0, -1))
AUTO = bytes(8)


class Scripted:
    """A brain that repeats a list of wishes."""

    name = "scripted"

    def __init__(self, *wishes: Action) -> None:
        self.wishes: Sequence[Action] = wishes
        self.asked = 0

    def decide(self, percept: Percept, features: Floats, known: Flags) -> Action:
        self.asked += 1
        return self.wishes[(self.asked - 1) % len(self.wishes)]

    def state(self) -> dict[str, object]:
        return {"asked": self.asked}

    def restore(self, state: dict[str, object]) -> None:
        self.asked = int(str(state["asked"]))


class Grid:
    """A 5x5 grid with one body in it, by the world's rules for distance, heading and refusal."""

    def __init__(self, node: int, heading: int, full: frozenset[int] = frozenset()) -> None:
        self.node, self.heading, self.full = node, heading, full
        self.tick, self.rejection, self.bumps = 1, 0, 0
        self.coverage, self.here_known, self.energy = 0.5, 1, 0.9

    def behind(self, node: int, slot: int) -> int:
        row, column = node // 5 + STEPS[slot][0], node % 5 + STEPS[slot][1]
        return row * 5 + column if 0 <= row < 5 and 0 <= column < 5 else -1

    def distance_cm(self, slot: int) -> float:
        node = self.behind(self.node, slot)
        if node < 0:
            return 15.0
        if node in self.full:
            return 25.0
        reach = 0
        while node >= 0:
            reach, node = reach + 1, self.behind(node, slot)
        return 15.0 + 100.0 * reach

    def percept(self) -> Percept:
        neighbour = tuple(self.behind(self.node, slot) for slot in range(4))
        return Percept(
            self.tick, 1, self.node, self.heading, self.energy, 0.0, self.coverage, 0, 0, self.here_known, 0,
            self.rejection, 4, (*neighbour, -1, -1, -1, -1),
            (*(self.distance_cm(slot) for slot in range(4)), 15.0, 15.0, 15.0, 15.0),
            (*(4 if node in self.full else 0 for node in neighbour), 0, 0, 0, 0), (1,) * 8,
        )  # fmt: skip

    def act(self, action: Action) -> None:
        self.tick += 1
        self.rejection = 0
        if action.verb == Verb.MOVE:
            target = self.behind(self.node, action.slot) if 0 <= action.slot < 4 else -1
            if target < 0 or target in self.full:
                self.rejection = 1
                self.bumps += 1
            else:
                self.node, self.heading = target, action.slot


def live(body: Body, grid: Grid, ticks: int, overrides: bytes | tuple[int, ...] = AUTO) -> list[Deed]:
    deeds = []
    for _ in range(ticks):
        deed = body.tick(grid.percept(), FEATURE_ZEROS, KNOWN, overrides, grid.tick * 0.05)
        grid.act(deed.action)
        deeds.append(deed)
    return deeds


def opens(deeds: list[Deed], gate: int) -> list[int]:
    return [
        tick
        for tick, deed in enumerate(deeds)
        for one in deed.transitions
        if one.gate == gate and one.to_state == 1
    ]


def test_a_body_that_walks_into_a_wall_turns_away_within_half_a_second() -> None:
    body, grid = Body(7, Scripted(MOVES[0]), 4), Grid(node=12, heading=0)
    deeds = live(body, grid, 14)
    (opened,) = opens(deeds, 0)
    assert 5 <= opened <= 9  # two steps to the wall, then a few ticks in front of it
    assert deeds[opened].nerve == 1
    # A young nerve deliberates: it holds the body back for two ticks and then turns.
    assert [deeds[tick].action for tick in (opened, opened + 1)] == [STAY, STAY]
    assert deeds[opened + 2].action in (MOVES[1], MOVES[3])
    assert body.behaviour.nerves[0].statistics.outcomes(RunOutcome.SUCCESS) == 1
    assert "avoided" in body.ledger.rewarded
    assert "collision" in body.ledger.charged


def test_a_full_node_ahead_opens_the_gate_too() -> None:
    body, grid = Body(7, Scripted(STAY), 4), Grid(node=12, heading=1, full=frozenset({13}))
    deeds = live(body, grid, 10)
    assert opens(deeds, 0)
    assert all(deed.action == STAY for deed in deeds)


def test_a_body_at_rest_before_a_wall_is_never_moved_by_its_nerve() -> None:
    for wish in (STAY, LOOK, TALK, MOVES[2]):
        body = Body(7, Scripted(wish), 4)
        percept = Grid(node=2, heading=0).percept()
        for tick in range(40):
            deed = body.tick(percept._replace(tick=tick + 1), FEATURE_ZEROS, KNOWN, AUTO, tick * 0.05)
            assert deed.action == wish


def test_a_stubborn_brain_is_not_trapped_in_a_corner() -> None:
    body, grid = Body(7, Scripted(MOVES[0], MOVES[0], MOVES[0], MOVES[3]), 4), Grid(node=12, heading=0)
    nodes = set()
    for _ in range(400):
        live(body, grid, 1)
        nodes.add(grid.node)
    assert len(nodes) >= 5
    body.brain = Scripted(MOVES[2])
    live(body, grid, 40)
    assert grid.node // 5 >= 3


def test_a_body_that_is_shut_in_stays_put_and_escalates() -> None:
    shut = frozenset({7, 11, 13, 17})
    body, grid = Body(7, Scripted(MOVES[0]), 4), Grid(node=12, heading=0, full=shut)
    live(body, grid, 200)
    assert grid.node == 12
    assert int(str(body.behaviour.nerves[0].memory.state()["escalations"])) >= 2
    grid.full = frozenset()
    live(body, grid, 20)
    assert grid.node != 12


def test_novelty_opens_exploration_and_the_brains_choice_is_its_claim() -> None:
    body, grid = Body(7, Scripted(MOVES[1], MOVES[2], MOVES[3], MOVES[0]), 4), Grid(node=12, heading=0)
    grid.here_known = 0
    deeds = live(body, grid, 12)
    (opened,) = opens(deeds, 2)
    assert opened == 3
    assert {deed.nerve for deed in deeds[opened:]} == {2}
    assert [deed.nerve for deed in deeds[:opened]] == [0, 0, 0]
    assert deeds[-1].gates >> 4 & 3 == 2


def test_an_empty_battery_opens_its_gate() -> None:
    body, grid = Body(7, Scripted(STAY), 4), Grid(node=12, heading=0)
    grid.energy = 0.15
    assert opens(live(body, grid, 6), 1) == [3]
    virtual, grid = Body(7, Scripted(STAY), 4, real=False), Grid(node=12, heading=0)
    grid.energy = 0.15
    assert opens(live(virtual, grid, 6), 1) == [2]  # the virtual garden asks for less, so it opens first


def test_a_gate_forced_closed_stays_closed_whatever_happens() -> None:
    body, grid = Body(7, Scripted(MOVES[0]), 4), Grid(node=2, heading=0)
    for closed in (bytes([255, 0, 0, 0]), (-1, 0, 0, 0, 0, 0, 0, 0)):
        deeds = live(body, grid, 40, closed)
        assert not opens(deeds, 0)
        assert all(deed.gates & 3 == 0 for deed in deeds)
    assert grid.bumps == 80
    deeds = live(body, grid, 1, (1,))
    assert [one.cause for one in deeds[0].transitions] == [Cause.GOVERNOR, Cause.GOVERNOR]
    assert deeds[0].nerve == 1  # and the nerve holds the body at once, and turns it when it has thought
    live(body, grid, 2, (1,))
    assert grid.node != 2


def test_a_tick_costs_what_its_waves_gates_and_nerves_cost() -> None:
    body, grid = Body(7, Scripted(STAY), 4, price_scale=1.0), Grid(node=12, heading=0)
    deed = live(body, grid, 1)[0]
    assert deed.cost == pytest.approx(3 * 0.5 + 0.1 + 0.2 + 0.2)
    assert deed.cost == pytest.approx(sum(wave.cost for wave in deed.waves))
    assert body.lifeforce == pytest.approx(100.0 - deed.cost)


def test_facts_areas_and_talk_are_rewarded_once() -> None:
    body, grid = Body(7, Scripted(LOOK, TALK, MOVES[1], MOVES[3]), 4), Grid(node=12, heading=0)
    live(body, grid, 1)
    grid.coverage += 2 / 25
    live(body, grid, 1)
    assert body.ledger.rewarded == {"fact": 10.0}
    grid.coverage += 1 / 25
    live(body, grid, 20)
    assert body.ledger.rewarded == {"fact": 15.0, "interaction": 3.0, "area": 3.0}


def test_a_new_level_begins_without_rewards_and_with_new_areas() -> None:
    body = Body(7, Scripted(STAY), 4)
    percept = Grid(node=12, heading=0).percept()
    for tick, (level, node, coverage) in enumerate([(1, 12, 0.5), (1, 13, 0.5), (2, 14, 0.0), (2, 13, 0.0)]):
        seen = percept._replace(tick=tick + 1, level=level, node=node, coverage=coverage)
        body.tick(seen, FEATURE_ZEROS, KNOWN, AUTO, tick * 0.05)
    assert body.ledger.rewarded == {"area": 6.0}


def test_a_body_that_cannot_pay_for_a_look_does_without_it() -> None:
    body, grid = Body(7, Scripted(STAY), 4, price_scale=1.0), Grid(node=12, heading=0)
    deeds = live(body, grid, 600)
    assert body.lifeforce >= 0.0
    assert [len(deed.waves) for deed in deeds[:20]] == [6] * 20
    assert any(not deed.waves for deed in deeds)
    assert body.ledger.unpaid == 0.0


def test_a_clock_that_goes_back_is_survived_and_counted() -> None:
    body, grid = Body(7, Scripted(STAY), 4), Grid(node=12, heading=0)
    live(body, grid, 10)
    level = body.lifeforce
    deed = body.tick(grid.percept(), FEATURE_ZEROS, KNOWN, AUTO, -100.0)
    assert deed.transitions == []
    assert sum(gate.refused for gate in body.gates) == 6
    assert body.lifeforce <= level


def test_broken_arguments_of_a_birth_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="slots is 0"):
        Body(7, Scripted(STAY), 0)
    with pytest.raises(ValueError, match="price_scale is nan"):
        Body(7, Scripted(STAY), 4, nan)


@given(st.lists(st.sampled_from(range(len(FLAT_ACTIONS))), min_size=1, max_size=40), st.integers(0, 24))
@settings(max_examples=40, deadline=None)
def test_a_restored_body_lives_on_the_same_life(wishes: list[int], node: int) -> None:
    script = [FLAT_ACTIONS[index] for index in wishes]
    body, grid = Body(7, Scripted(*script), 4), Grid(node, heading=0, full=frozenset({8, 12}))
    grid.here_known = node % 2
    live(body, grid, 30)
    other, twin = Body(7, Scripted(*script), 4), Grid(grid.node, grid.heading, grid.full)
    twin.__dict__.update(grid.__dict__)
    text = json.dumps(body.state())
    assert len(text) < 16384
    other.restore(json.loads(text))
    assert live(other, twin, 10) == live(body, grid, 10)
    assert other.state() == body.state()


def test_a_body_restored_under_a_younger_clock_goes_on_sensing() -> None:
    body, grid = Body(7, Scripted(MOVES[0]), 4), Grid(node=12, heading=0)
    grid.tick = 100_000
    live(body, grid, 30)
    other = Body(7, Scripted(MOVES[0]), 4)
    other.restore(json.loads(json.dumps(body.state())), now_s=1.0)
    grid.tick = 21
    live(other, grid, 30)
    assert sum(gate.refused for gate in other.gates) == 0


def test_a_state_of_another_brain_or_version_is_refused() -> None:
    body = Body(7, Scripted(STAY), 4)
    state = body.state()
    with pytest.raises(ValueError, match="the remembered brain is owl"):
        body.restore({**state, "brain_name": "owl"})
    with pytest.raises(ValueError, match="version 0"):
        body.restore({**state, "version": 0})


def test_attention_calms_down_after_one_bump_though_no_motor_moves_again() -> None:
    body, grid = Body(7, Scripted(MOVES[0], MOVES[0], MOVES[2], *[STAY] * 400), 4), Grid(node=2, heading=0)
    grid.here_known, grid.coverage = 1, 1.0
    deeds = live(body, grid, 300)
    assert deeds[-1].attention in (Mode.IDLE, Mode.FOCUSED)  # a wall ahead may hold the collision gate open
    motor = next(gate for gate in body.gates if gate.spec.domain == "motor")
    assert abs(motor.value) < 0.01


def test_a_nerve_that_is_new_in_the_table_begins_as_a_newborns() -> None:
    table = built_in_nerves()
    before, grid = Body(7, Scripted(MOVES[0]), 4, nerves=table[:3]), Grid(node=12, heading=0)
    live(before, grid, 20)
    after = Body(7, Scripted(MOVES[0]), 4, nerves=table)
    after.restore(json.loads(json.dumps(before.state())))
    assert [nerve.statistics.runs for nerve in after.behaviour.nerves[3:]] == [0]
    assert after.behaviour.nerves[0].state() == before.behaviour.nerves[0].state()


def test_a_ticks_cost_is_what_the_ledger_was_charged() -> None:
    body, grid = Body(7, Scripted(MOVES[0], MOVES[1]), 4), Grid(node=12, heading=0)
    grid.energy = 0.15
    deeds = live(body, grid, 1500)  # no well anywhere: the search times out after a minute
    charged = sum(one.amount_micro for one in body.ledger.totals() if one.kind == CHARGE) / MICRO
    assert "timeout" in body.ledger.charged
    assert sum(deed.cost for deed in deeds) == pytest.approx(charged, abs=1e-3)
