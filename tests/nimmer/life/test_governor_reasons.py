"""Why one got more than another is told exactly, for whoever decides."""

from collections.abc import Sequence

import pytest

from nimmer.life.governor import Allocation, NpcSituation, VillageSituation, static_rule
from nimmer.life.governor_observation import GovernorObservation, observe_village
from nimmer.life.governor_reasons import reasons_of, reasons_of_rule

VILLAGE = VillageSituation(1, 200.0)


def situation(npc: int, coverage: float, lifeforce: float = 100.0, alive: bool = True) -> NpcSituation:
    return NpcSituation(npc, alive, 10.0, 10.0, coverage, 1.0, lifeforce)


def by_coverage(observation: GovernorObservation) -> Sequence[Allocation]:
    """A decider that looks at coverage alone, linearly."""
    return [
        Allocation(int(npc), 10.0 - 8.0 * float(row[0]), 50.0 - 40.0 * float(row[0]), cortex_priority=5)
        for npc, row in zip(observation.npcs, observation.features, strict=True)
    ]


def test_only_what_the_decider_looks_at_is_a_reason() -> None:
    seen = observe_village([situation(4, 0.0, 10.0), situation(7, 1.0, 90.0)], VILLAGE)
    found = reasons_of(by_coverage, seen)
    assert found == {4: {"coverage": (4.0, 20.0, 0.0)}, 7: {"coverage": (-4.0, -20.0, 0.0)}}


def test_where_nobody_differs_there_is_no_reason() -> None:
    seen = observe_village([situation(npc, 0.5) for npc in range(3)], VILLAGE)
    assert reasons_of(by_coverage, seen) == {0: {}, 1: {}, 2: {}}


def test_a_village_without_the_living_has_no_reasons() -> None:
    assert reasons_of(by_coverage, observe_village([situation(0, 0.5, alive=False)], VILLAGE)) == {}
    assert reasons_of_rule([situation(0, 0.5, alive=False)], 200.0) == {}


def test_the_rule_tells_that_it_looks_at_coverage_and_lifeforce() -> None:
    living = [situation(0, 0.1), situation(1, 0.9), situation(2, 0.1, lifeforce=5.0)]
    found = reasons_of_rule(living, 100.0)
    assert found[0]["coverage"][0] > 0.0 > found[1]["coverage"][0]
    assert found[2]["lifeforce"][1] < 0.0
    assert set(found[2]) <= {"coverage", "lifeforce"}


def test_what_a_reason_is_worth_is_how_far_the_share_really_moves() -> None:
    living = [situation(0, 0.2), situation(1, 0.8)]
    alike = static_rule([situation(0, 0.5), situation(1, 0.5)], 100.0)
    told = static_rule(living, 100.0)
    hz, cpu, _ = reasons_of_rule(living, 100.0)[0]["coverage"]
    assert hz == pytest.approx(told[0].tick_hz - alike[0].tick_hz)
    assert cpu == pytest.approx(told[0].cpu_percent - alike[0].cpu_percent)
