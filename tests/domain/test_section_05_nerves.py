"""Section 5 of docs/domain.md by number: the four nerves, their paths and prices, and how a nerve grows."""

from itertools import count, pairwise

import pytest

from nimmer.life.action import MOVES, STAY, TALK, Action
from nimmer.life.bearing import bearing
from nimmer.life.collision_avoidance import clearer_side, risk
from nimmer.life.economy import REWARDS
from nimmer.life.evolution import Evolution, EvolutionRules
from nimmer.life.nerve import Claim, Nerve, arbitrate
from nimmer.life.nerve_run import Mode, NerveRun, Run, RunEvent, RunOutcome
from nimmer.life.nerve_table import built_in_nerves, vocabulary_of
from nimmer.life.patterns import PatternLibrary
from nimmer.life.percept import Percept
from nimmer.life.scene import Scene, Ways

SPECS = {spec.name: spec for spec in built_in_nerves()}
AROUND = bearing(4, 0)
"""Slot 0 is ahead, 1 to the right, 2 behind, 3 to the left."""
AHEAD, RIGHT, BACK, LEFT = MOVES[:4]
WALL, CLEAR, BOXED = Ways(15.0, 115.0, 115.0), Ways(115.0, 115.0, 115.0), Ways(15.0, 15.0, 15.0)


def scene(
    tick: int, ways: Ways = CLEAR, wish: Action = AHEAD, now_s: float = 0.0, elapsed_s: float = 0.0,
    new_area: bool = False, **seen: object,
) -> Scene:  # fmt: skip
    percept = Percept(
        tick, 1, 7, 0, 0.9, 0.0, 0.2, 0, 0, 1, 0, 0, 4, (-1, 8, 12, 6) + (-1,) * 4,
        (15.0, 115.0, 115.0, 115.0) + (15.0,) * 4, (0,) * 8, (1,) * 8,
    )._replace(**seen)  # type: ignore[arg-type]  # fmt: skip  # the names are checked by _replace
    return Scene(percept, AROUND, ways, wish, now_s, elapsed_s, new_area)


def nerve_of(name: str, **rules: float) -> Nerve:
    return Nerve(SPECS[name], vocabulary_of(name), rules=EvolutionRules.of(rules))


def evade(nerve: Nerve, weight: float, ticks: count) -> NerveRun:  # type: ignore[type-arg]  # no generic at run time
    """Let the brain drive at a wall until the nerve has led around it, and return that run."""
    before = len(nerve.finished)
    ways = WALL
    while len(nerve.finished) == before:
        claim = nerve.step(scene(next(ticks), ways), weight)
        if claim is not None and claim.action != STAY:
            ways = CLEAR
    return nerve.finished.pop()


def path(name: str, *states: str) -> list[float]:
    """Return the printed price of each step of a path."""
    prices = {(edge.origin, edge.to): edge.cost for edge in SPECS[name].edges}
    return [prices[step] for step in pairwise(states)]


# Starting, resting, missing cells


def test_5_a_nerve_rests_when_its_gate_closes() -> None:
    nerve = nerve_of("collision_avoidance")
    nerve.step(scene(1, WALL), 0.1)
    assert nerve.states[nerve.current] == "DETECT"
    nerve.rest(able=True)
    assert nerve.states[nerve.current] == "IDLE"


def test_5_a_missing_required_cell_disables() -> None:
    nerve = nerve_of("collision_avoidance")
    assert not nerve.able(lambda code: code != nerve.required[0])
    nerve.rest(able=False)
    assert nerve.states[nerve.current] == "DISABLED"


# Collision avoidance


def test_5_the_path_of_collision_avoidance_costs_2_5() -> None:
    steps = path("collision_avoidance", "IDLE", "DETECT", "EVALUATE", "EVADE", "RESUME", "IDLE")
    assert steps == [0.5, 0.5, 0.5, 1.0, 0.0]
    assert sum(steps) == 2.5


def test_5_monitoring_costs_0_1_a_second() -> None:
    nerve = nerve_of("collision_avoidance", deliberate_price=4.0)
    for tick in (1, 2):
        nerve.step(scene(tick, WALL, STAY, elapsed_s=0.0), 0.1)
    nerve.collect()
    nerve.step(scene(3, WALL, STAY, elapsed_s=10.0), 0.1)
    assert nerve.collect() == pytest.approx(1.0)


def test_5_the_front_sensor_and_the_motors_are_required_and_the_sides_are_not() -> None:
    spec = SPECS["collision_avoidance"]
    assert set(spec.required) == {"distance_front", "motor_left", "motor_right"}
    assert set(spec.optional) == {"distance_left", "distance_right"}


def test_5_detect_begins_below_30_cm() -> None:
    for front, state in ((30.0, "IDLE"), (29.9, "DETECT")):
        nerve = nerve_of("collision_avoidance")
        nerve.step(scene(1, Ways(front, 115.0, 115.0)), 0.1)
        assert nerve.states[nerve.current] == state


def test_5_unclamped_the_risk_of_25_45_30_is_0_042_and_clamped_0_117() -> None:
    unclamped = 0.7 * (1 - 25 / 30) + 0.15 * (1 - 45 / 30) + 0.15 * (1 - 30 / 30)
    assert unclamped == pytest.approx(0.042, abs=5e-4)
    assert risk(Ways(25.0, 45.0, 30.0)) == pytest.approx(0.117, abs=5e-4)


def test_5_with_clear_sides_the_risk_never_exceeds_0_7() -> None:
    assert risk(Ways(0.0, 30.0, 500.0)) == pytest.approx(0.7)


def test_5_every_term_of_the_risk_is_clamped_and_a_lost_side_is_blocked() -> None:
    assert risk(Ways(-10.0, 500.0, None)) == pytest.approx(0.7 + 0.15)


@pytest.mark.parametrize(("front", "readings"), [(19.9, 1), (20.0, 3), (25.0, 3), (29.9, 3)])
def test_5_it_evades_below_20_at_once_and_between_20_and_30_on_the_third_reading(
    front: float, readings: int
) -> None:
    nerve = nerve_of("collision_avoidance", deliberate_edges=9)
    moved = []
    for tick in range(1, readings + 1):
        claim = nerve.step(scene(tick, Ways(front, 115.0, 115.0)), 0.1)
        moved.append(claim is not None and claim.action != STAY)
    assert moved == [False] * (readings - 1) + [True]


@pytest.mark.parametrize(
    ("left", "right", "side"),
    [(51.0, 60.0, 1), (60.0, 51.0, -1), (50.0, 50.0, 0), (None, 31.0, 1), (None, 30.0, 0)],
)
def test_5_it_takes_the_clearer_side_above_50_cm_or_the_one_left_above_30_else_reverses(
    left: float | None, right: float | None, side: int
) -> None:
    assert clearer_side(Ways(15.0, left, right)) == side


def test_5_resume_needs_more_than_50_cm() -> None:
    for front, ended in ((50.0, 0), (50.1, 1)):
        nerve = nerve_of("collision_avoidance", deliberate_edges=9)
        nerve.step(scene(1, WALL), 0.1)
        nerve.step(scene(2, Ways(front, 115.0, 115.0)), 0.1)
        assert len(nerve.finished) == ended


def test_5_all_three_below_20_it_reverses_and_after_3_failed_reverses_it_escalates() -> None:
    nerve = nerve_of("collision_avoidance", deliberate_edges=9)
    claims = [nerve.step(scene(tick, BOXED), 0.1) for tick in range(1, 5)]
    assert [claim and claim.action for claim in claims[:3]] == [BACK] * 3
    (run,) = nerve.finished
    assert run.outcome is RunOutcome.FAILURE
    assert nerve.memory.state()["escalations"] == 1


def test_5_a_collision_avoided_pays_5() -> None:
    run = evade(nerve_of("collision_avoidance"), 0.1, count(1))
    assert (run.outcome, run.reward) == (RunOutcome.SUCCESS, REWARDS["avoided"])
    assert run.reward == 5.0


# Exploration


def test_5_exploration_pays_1_0_5_0_3_0_5_0_1_and_0() -> None:
    states = ("IDLE", "CHOOSE_DIRECTION", "MOVE", "CHECK_OBSTACLE", "RECORD", "REPEAT", "CHOOSE_DIRECTION")
    assert path("exploration", *states) == [1.0, 0.5, 0.3, 0.5, 0.1, 0.0]


def test_5_not_new_repeats_and_an_obstacle_chooses_anew_for_0() -> None:
    assert path("exploration", "CHECK_OBSTACLE", "REPEAT") == [0.0]
    assert path("exploration", "CHECK_OBSTACLE", "CHOOSE_DIRECTION") == [0.0]


# Charging


def test_5_charging_pays_0_1_0_5_1_0_0_5_0_1_and_0() -> None:
    states = ("MONITOR", "THRESHOLD", "SEARCH", "APPROACH", "DOCK", "CHARGE", "RESUME")
    assert path("charging", *states) == [0.1, 0.5, 1.0, 0.5, 0.1, 0.0]


@pytest.mark.parametrize(("energy", "demand"), [(0.2, False), (0.199, True)])
def test_5_charging_is_in_demand_below_20_percent(energy: float, demand: bool) -> None:
    nerve = nerve_of("charging")
    nerve.step(scene(1, energy=energy), 0.3)
    assert nerve.running is demand


def test_5_docked_pays_10_and_a_timeout_costs_2() -> None:
    assert dict(SPECS["charging"].pays) == {RunOutcome.SUCCESS: 10.0, RunOutcome.TIMEOUT: -2.0}


def test_5_a_search_times_out_after_60_s() -> None:
    nerve = nerve_of("charging")
    for second in range(61):
        nerve.step(scene(second + 1, now_s=float(second), energy=0.1), 0.3)
        assert nerve.finished == []
    nerve.step(scene(99, now_s=60.1, energy=0.1), 0.3)
    (run,) = nerve.finished
    assert (run.outcome, run.reward) == (RunOutcome.TIMEOUT, -2.0)
    assert nerve.states[nerve.current] == "MONITOR"


# Conversation


def test_5_conversation_listens_transcribes_understands_retrieves_responds_and_speaks_for_5_5_and_4() -> None:
    states = ("LISTEN", "TRANSCRIBE", "UNDERSTAND", "RETRIEVE_CONTEXT", "RESPOND", "SPEAK")
    assert [price for price in path("conversation", *states) if price] == [5.0, 5.0, 4.0]


# Evolution


@pytest.mark.parametrize(
    ("weight", "mode"),
    [(0.1, Mode.DELIBERATE), (0.29, Mode.DELIBERATE), (0.3, Mode.HYBRID), (0.79, Mode.HYBRID)],
)
def test_5_a_nerve_deliberates_below_0_3_and_is_hybrid_up_to_0_8(weight: float, mode: Mode) -> None:
    assert Evolution(EvolutionRules()).mode(weight) is mode


def test_5_without_its_hundred_successes_a_nerve_stays_hybrid_at_any_weight() -> None:
    assert Evolution(EvolutionRules()).mode(1.0) is Mode.HYBRID


def test_5_collision_avoidance_costs_10_deliberate_10_at_a_miss_3_at_a_match_and_2_5_as_a_reflex() -> None:
    nerve, ticks = nerve_of("collision_avoidance", compile_successes=4), count(1)
    found = []
    for weight in (0.1, 0.3, 0.3, 0.81, 0.81):
        run = evade(nerve, weight, ticks)
        found.append((run.mode, run.matched, round(run.cost, 9)))
    assert found == [
        (Mode.DELIBERATE, False, 10.0),
        (Mode.HYBRID, False, 10.0),
        (Mode.HYBRID, True, 3.0),
        (Mode.HYBRID, True, 3.0),
        (Mode.REFLEX, False, 2.5),
    ]


def test_5_hybrid_costs_5_when_five_of_seven_situations_match() -> None:
    assert (5 * 3 + 2 * 10) / 7 == 5.0


def test_5_a_pattern_matches_above_0_8_and_a_successful_miss_is_stored_at_0_9() -> None:
    rules = EvolutionRules()
    assert (rules.match, rules.store) == (0.8, 0.9)
    for confidence, matches in ((0.8, False), (0.81, True)):
        library = PatternLibrary(9, rules.match, confidence, rules.gain, rules.loss)
        library.store((1,), (2,))
        assert (library.find((1,)) is not None) is matches


def compiled_at(successes: int, weight: float) -> bool:
    nerve, ticks = nerve_of("collision_avoidance"), count(1)
    return [evade(nerve, weight, ticks).event for _ in range(successes)][-1] is RunEvent.COMPILED


def test_5_a_reflex_is_compiled_at_100_successes_of_one_sequence() -> None:
    assert not compiled_at(99, 0.81)
    assert compiled_at(100, 0.81)


def test_5_a_reflex_needs_w_above_0_8() -> None:
    assert not compiled_at(100, 0.8)


@pytest.mark.parametrize(("failures", "event"), [(15, RunEvent.COMPILED), (16, RunEvent.NONE)])
def test_5_a_reflex_needs_a_success_rate_of_85_percent(failures: int, event: RunEvent) -> None:
    evolution, run = Evolution(EvolutionRules()), Run(1, Mode.HYBRID, 0, 0.0, 1)
    for outcome in [RunOutcome.SUCCESS] * 100 + [RunOutcome.FAILURE] * failures:
        evolution.settle(run, outcome, 0.8, None, ())
    assert evolution.settle(run, RunOutcome.SUCCESS, 0.81, None, ()) is event


@pytest.mark.parametrize(("weight", "mode"), [(0.71, Mode.REFLEX), (0.7, Mode.HYBRID)])
def test_5_a_reflex_is_demoted_when_w_falls_to_0_7(weight: float, mode: Mode) -> None:
    nerve, ticks = nerve_of("collision_avoidance", compile_successes=1), count(1)
    assert evade(nerve, 0.81, ticks).event is RunEvent.COMPILED
    assert evade(nerve, weight, ticks).mode is mode


# Priorities


def test_5_priorities_are_collision_10_battery_8_and_exploration_5() -> None:
    names = ("collision_avoidance", "charging", "exploration")
    assert [SPECS[name].priority for name in names] == [10.0, 8.0, 5.0]


def test_5_priorities_only_break_simultaneous_motor_claims() -> None:
    low, high = Claim(5.0, 2, TALK), Claim(10.0, 1, STAY)
    assert [arbitrate(claims, AHEAD) for claims in ([low, high], [low], [])] == [
        (1, STAY),
        (2, TALK),
        (0, AHEAD),
    ]
