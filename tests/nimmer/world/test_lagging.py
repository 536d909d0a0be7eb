"""Who holds the village back, on what, and since when."""

import numpy as np

from nimmer.world.lagging import GAPS, HARDEST, LAGGARDS, Gap, Growth, Lag, Missed, lag
from nimmer.world.level import Level
from nimmer.world.levels import Levels
from nimmer.world.quiz import ask_everyone
from tests.nimmer.world.knowing import everything, knowing


def asked(level: Level, known: list[set[int]], wrong: tuple[int, int] | None = None) -> Lag:
    village = knowing(level, known, wrong=wrong)
    return lag(level, village, ask_everyone(level, village), np.arange(len(known)) * 10)


def test_the_one_that_knows_least_is_named_with_what_it_misses(level: Level) -> None:
    found = asked(level, [everything(level), everything(level) - {7, 24}, everything(level) - {3}])
    assert (found.complete, found.lagging) == (1, 1)
    (one,) = found.laggards
    assert (one.npc, one.missing, one.since_tick) == (1, 2, 10)
    assert one.gaps == (Gap(7, ("red", "well")), Gap(24, ("red", "tree")))


def test_a_wrong_belief_comes_before_what_is_not_known(level: Level) -> None:
    found = asked(level, [everything(level) - {0}, everything(level)], wrong=(0, 13))
    assert found.laggards[0].gaps == (Gap(13, ("red",), ("red", "barrel")), Gap(0, ("blue",)))


def test_a_village_that_knows_all_has_no_laggard(level: Level) -> None:
    assert asked(level, [everything(level)] * 3) == Lag(3, 0, (), ())


def test_the_houses_most_miss_are_named(level: Level) -> None:
    found = asked(level, [everything(level) - {1, 2}, everything(level) - {2, 5}, everything(level) - {2}])
    assert found.hardest == (
        Missed(2, ("white",), 3),
        Missed(1, ("green",), 1),
        Missed(5, ("red", "bench"), 1),
    )


def test_what_is_named_is_bounded(level: Level) -> None:
    found = asked(level, [set() for _ in range(20)])
    assert (found.complete, found.lagging) == (0, 20)
    assert len(found.laggards) == LAGGARDS
    assert len(found.laggards[0].gaps) == GAPS
    assert len(found.hardest) == HARDEST


def test_growth_remembers_who_learned_last_and_when(level: Level) -> None:
    growth = Growth(knowing(level, [{1}, {1}]))
    growth.watch(knowing(level, [{1, 2}, {1}], tick=40))
    growth.watch(knowing(level, [{1, 2}, {1}], tick=60))
    assert growth.since.tolist() == [40, 0]
    growth.resume([5, 6])
    assert growth.since.tolist() == [5, 6]


def test_on_another_level_everybody_begins_anew(levels: Levels) -> None:
    growth = Growth(knowing(levels[1], [{1}, {1, 2}]))
    growth.watch(knowing(levels[2], [set(), set()], tick=80))
    assert growth.since.tolist() == [80, 80]
