"""Growth of a nerve by the published numbers: modes, prices, patterns, a hundred successes, demotion."""

import json
from itertools import count

import pytest

from nimmer.errors import NerveError
from nimmer.life.action import LOOK, MOVES
from nimmer.life.evolution import Evolution, EvolutionRules
from nimmer.life.nerve import Nerve
from nimmer.life.nerve_run import Mode, NerveRun, Run, RunEvent, RunOutcome
from nimmer.life.patterns import PatternLibrary
from tests.nimmer.life.nerve_scenes import BOXED, CLEAR, WALL, nerve, percept, scene

LEFT_OPEN = (15.0, 115.0, 115.0, 115.0) + (15.0,) * 4
TICKS = count(1)


def avoid(one: Nerve, weight: float, ticks: int = 12) -> NerveRun:
    """Let the body stand before a wall until its nerve turned it away; return the run, monitoring left out."""
    turned = False
    for _ in range(ticks):
        tick = next(TICKS)
        ways = CLEAR if turned else WALL
        sight = scene(percept(tick), LOOK if turned else MOVES[0], ways, elapsed_s=0.0)
        claim = one.step(sight, weight)
        turned = turned or (claim is not None and claim.action == MOVES[3])
        if one.finished:
            return one.finished.pop()
    raise AssertionError("the wall was not avoided")


def fail(one: Nerve, weight: float) -> NerveRun:
    """Let the body be shut in until its nerve escalates, and then wait until it is quiet no more."""
    shut = percept(1, neighbour=(-1,) * 8)
    for _ in range(30):
        tick = next(TICKS)
        one.step(scene(shut._replace(tick=tick), MOVES[0], BOXED), weight)
        if one.finished:
            for _ in range(45):
                next(TICKS)
            return one.finished.pop()
    raise AssertionError("the body was not shut in")


def collision(**rules: float) -> Nerve:
    return nerve("collision_avoidance", EvolutionRules(**rules))  # type: ignore[arg-type]  # some are whole


def test_a_deliberate_run_costs_10_and_takes_a_tick_per_edge() -> None:
    one = collision()
    run = avoid(one, 0.1)
    assert (run.mode, run.outcome) == (Mode.DELIBERATE, RunOutcome.SUCCESS)
    assert run.cost == pytest.approx(10.0)
    assert run.ended_tick - run.started_tick == 4  # detect, evaluate, evade, resume, rest
    assert run.latency_s == pytest.approx(0.1)


def test_hybrid_costs_10_for_a_miss_3_for_a_match_and_5_when_five_in_seven_match() -> None:
    one = collision()
    miss, match = avoid(one, 0.3), avoid(one, 0.3)
    assert (miss.mode, miss.matched, match.mode, match.matched) == (Mode.HYBRID, False, Mode.HYBRID, True)
    assert miss.cost == pytest.approx(10.0)
    assert match.cost == pytest.approx(3.0)
    assert match.commands == miss.commands
    assert match.latency_s == 0.0
    assert (5 * match.cost + 2 * miss.cost) / 7 == pytest.approx(5.0)


def test_a_reflex_costs_two_and_a_half_which_is_75_percent_less_and_acts_in_one_tick() -> None:
    one = collision()
    for _ in range(100):
        run = avoid(one, 0.81)
    assert (run.event, one.mode(0.81)) == (RunEvent.COMPILED, Mode.REFLEX)
    reflex = avoid(one, 0.81)
    assert (reflex.mode, reflex.outcome) == (Mode.REFLEX, RunOutcome.SUCCESS)
    assert reflex.cost == pytest.approx(2.5)
    assert 1.0 - reflex.cost / avoid(collision(), 0.1).cost == pytest.approx(0.75)
    assert reflex.latency_s == 0.0
    assert reflex.acted_s == reflex.started_s


def test_it_compiles_at_the_hundredth_success_and_not_before() -> None:
    one = collision()
    events = [avoid(one, 0.9).event for _ in range(100)]
    assert events[:99] == [RunEvent.NONE] * 99
    assert events[99] == RunEvent.COMPILED


def test_a_hundred_successes_without_the_weight_compile_nothing_until_it_is_there() -> None:
    one = collision()
    assert {avoid(one, 0.8).event for _ in range(120)} == {RunEvent.NONE}
    assert avoid(one, 0.82).event == RunEvent.COMPILED


def test_a_success_rate_below_85_percent_compiles_nothing() -> None:
    evolution = Evolution(EvolutionRules())
    path = Run(1, Mode.HYBRID, 0, 0.0, 0)
    path.states = [0, 2, 3, 4, 5]

    def settle(outcome: RunOutcome) -> RunEvent:
        return evolution.settle(path, outcome, 0.9, None, ())

    for number in range(300):
        event = settle(RunOutcome.FAILURE if number % 6 == 0 else RunOutcome.SUCCESS)  # 83 %
        assert event == RunEvent.NONE
    assert evolution.success_rate < 0.85
    for _ in range(10):
        settle(RunOutcome.ABANDONED)  # decides nothing
    assert evolution.success_rate < 0.85
    events = [settle(RunOutcome.SUCCESS) for _ in range(12)]
    assert events.index(RunEvent.COMPILED) < 12
    assert evolution.success_rate >= 0.85


def test_85_percent_itself_is_enough() -> None:
    evolution = Evolution(EvolutionRules())
    path = Run(1, Mode.HYBRID, 0, 0.0, 0)
    for _ in range(15):
        evolution.settle(path, RunOutcome.SUCCESS, 0.9, None, ())
    for _ in range(15):
        evolution.settle(path, RunOutcome.FAILURE, 0.9, None, ())
    events = [evolution.settle(path, RunOutcome.SUCCESS, 0.9, None, ()) for _ in range(85)]
    assert events == [RunEvent.NONE] * 84 + [RunEvent.COMPILED]
    assert evolution.success_rate == pytest.approx(0.85)


def test_a_weight_of_point_7_or_less_demotes_and_the_hundred_must_be_earned_anew() -> None:
    one = collision()
    for _ in range(100):
        avoid(one, 0.81)
    assert avoid(one, 0.71).mode == Mode.REFLEX
    demoted = avoid(one, 0.7)
    assert (demoted.mode, demoted.event) == (Mode.HYBRID, RunEvent.DEMOTED)
    events = [avoid(one, 0.81).event for _ in range(99)]
    assert events == [RunEvent.NONE] * 98 + [RunEvent.COMPILED]  # the run that noticed was a success too


def test_a_reflex_that_fails_is_demoted() -> None:
    one = collision()
    for _ in range(100):
        avoid(one, 0.9)
    failed = fail(one, 0.9)
    assert (failed.mode, failed.outcome, failed.event) == (
        Mode.REFLEX,
        RunOutcome.FAILURE,
        RunEvent.DEMOTED,
    )
    assert avoid(one, 0.9).mode == Mode.HYBRID


def test_hybrid_begins_at_point_3() -> None:
    assert [collision().mode(weight) for weight in (0.1, 0.29, 0.3, 0.79, 0.95)] == [
        Mode.DELIBERATE, Mode.DELIBERATE, Mode.HYBRID, Mode.HYBRID, Mode.HYBRID,
    ]  # fmt: skip


def test_a_life_of_successes_grows_from_deliberate_over_hybrid_to_reflex() -> None:
    one, successes, runs = collision(), 0, []
    for _ in range(120):
        run = avoid(one, min(1.0, round(0.1 + 0.02 * successes, 6)))
        successes += run.outcome == RunOutcome.SUCCESS
        runs.append(run)
    assert [runs.index(next(run for run in runs if run.mode == mode)) for mode in Mode] == [0, 10, 100]
    assert [run.matched for run in runs[10:100]] == [False] + [True] * 89
    assert sum(run.cost for run in runs) == pytest.approx(10 * 10.0 + 10.0 + 89 * 3.0 + 20 * 2.5)


def test_another_situation_is_another_pattern() -> None:
    one = collision()
    avoid(one, 0.3)
    assert len(one.evolution.library) == 1
    shut = percept(next(TICKS), neighbour=(-1, 8, 12, -1) + (-1,) * 4)
    one.step(scene(shut, MOVES[0], WALL), 0.3)
    assert one.mode(0.3) == Mode.HYBRID
    assert one.state()["recall"] is None


def test_a_recalled_way_that_is_blocked_is_thought_through() -> None:
    one = collision()
    avoid(one, 0.3)
    tick = next(TICKS)
    full = percept(tick, distance_cm=(15.0, 115.0, 115.0, 15.0) + (15.0,) * 4, neighbour_occupants=(0,) * 8)
    claim = one.step(scene(full, MOVES[0], WALL), 0.3)
    assert claim is not None
    assert claim.action == MOVES[3]  # near but free: the act itself knows


def test_a_pattern_is_used_above_point_8_stored_at_point_9_and_lost_by_two_failures() -> None:
    library = PatternLibrary(64, 0.8, 0.9, 0.02, 0.05)
    library.store((1, 2), (3,))
    found = library.find((1, 2))
    assert found is not None
    assert (found.confidence, found.commands) == (0.9, (3,))
    library.judge((1, 2), True)
    assert library.find((1, 2))[0] == pytest.approx(0.92)  # type: ignore[index]  # it is there
    for _ in range(2):
        library.judge((1, 2), False)
    assert library.find((1, 2)) is not None
    library.judge((1, 2), False)
    assert library.find((1, 2)) is None
    library.store((1, 2), (3,))
    assert library.find((1, 2)) is not None
    assert library.find((2, 1)) is None
    library.judge((9, 9), True)


def test_two_failures_of_a_fresh_pattern_bring_it_to_point_8_which_is_not_above_it() -> None:
    library = PatternLibrary(64, 0.8, 0.9, 0.02, 0.05)
    library.store((1,), ())
    library.judge((1,), False)
    library.judge((1,), False)
    assert library.find((1,)) is None


def test_a_full_library_gives_up_its_least_confident_pattern() -> None:
    library = PatternLibrary(3, 0.8, 0.9, 0.02, 0.05)
    for situation in range(3):
        library.store((situation,), ())
    library.judge((0,), True)
    library.judge((1,), False)
    library.store((3,), ())
    assert [library.find((situation,)) is not None for situation in range(4)] == [True, False, True, True]
    assert len(library) == 3
    again = PatternLibrary(3, 0.8, 0.9, 0.02, 0.05)
    again.restore(json.loads(json.dumps(library.state())))
    assert again.state() == library.state()


def test_statistics_tell_the_modes_apart() -> None:
    one = collision()
    for weight in (0.1, 0.3, 0.3):
        avoid(one, weight)
    fail(one, 0.3)
    deliberate, hybrid, reflex = one.statistics.modes
    assert (deliberate.runs, hybrid.runs, reflex.runs) == (1, 3, 0)
    assert hybrid.success_rate == pytest.approx(2 / 3)
    assert deliberate.mean_cost == pytest.approx(10.0)
    assert deliberate.mean_latency_s == deliberate.last_latency_s == pytest.approx(0.1)
    assert (reflex.mean_cost, reflex.mean_latency_s, reflex.success_rate) == (0.0, 0.0, 0.0)


def test_what_was_learned_survives_a_restart_and_stays_small() -> None:
    one, other = collision(), collision()
    for _ in range(101):
        avoid(one, 0.81)
    for situation in range(64):
        one.evolution.library.store((situation, 1, 0, 1, 1, 1, 1), (3361, 3361, 3361, 3361) * 2)
    text = json.dumps(one.state())
    assert len(text) < 8000
    other.restore(json.loads(text))
    assert other.state() == one.state()
    assert avoid(other, 0.81).mode == Mode.REFLEX


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("demote_weight", 0.8, "demote_weight is 0.8; it must be below compile_weight, which is 0.8"),
        ("hybrid_weight", 0.9, "hybrid_weight is 0.9; it must be below compile_weight"),
        ("match", 0.95, "match is 0.95; it must be below store, which is 0.9"),
        ("compile_weight", 1.0, "compile_weight is 1.0; a weight must exceed it"),
        ("compile_rate", 1.5, "compile_rate is 1.5; it is a share from 0 to 1"),
        ("compile_successes", 0, "compile_successes is 0; it is a whole number from 1"),
        ("patterns", 2.5, "patterns is 2.5; it is a whole number from 1"),
        ("deliberate_price", 1.0, "match_price is 1.2; it must not be above deliberate_price, which is 1.0"),
        ("reflex_price", float("inf"), "reflex_price is inf; it is a factor from 0"),
        ("compile_sucesses", 3, "compile_sucesses is no rule; did you mean compile_successes?"),
        ("x", 3, "x is no rule; known are hybrid_weight"),
        ("match", "high", "match is 'high'; it is a number"),
    ],
)
def test_rules_that_contradict_each_other_are_refused(key: str, value: object, reason: str) -> None:
    with pytest.raises(NerveError) as caught:
        EvolutionRules.of({key: value})
    assert reason in str(caught.value)


def test_thresholds_can_be_lowered() -> None:
    one = nerve(
        "collision_avoidance",
        EvolutionRules.of({"compile_successes": 3, "compile_weight": 0.5, "demote_weight": 0.4}),
    )
    assert [avoid(one, 0.51).event for _ in range(3)][-1] == RunEvent.COMPILED
