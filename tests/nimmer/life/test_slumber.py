"""Slumber jobs over trails and places: docs/domain.md section 6."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.slumber import LAYERS, Fate, Trail, consolidate, fade, fate

WON, LOST = Trail(1, True, 0.9), Trail(1, False, 0.9)


@pytest.mark.parametrize(
    ("trail", "similar", "becomes"),
    [
        (WON, 100, Fate.COMPILE),
        (WON, 99, Fate.DELETE),
        (LOST, 0, Fate.KEEP),
        (LOST._replace(cycles=1), 0, Fate.DELETE),
        (WON._replace(confidence=0.8), 1000, Fate.DELETE),
        (LOST._replace(confidence=0.8), 0, Fate.DELETE),
    ],
)
def test_what_becomes_of_a_trail(trail: Trail, similar: int, becomes: Fate) -> None:
    assert fate(trail, similar) is becomes


def test_a_hundred_alike_become_one_pattern_that_pays_50_once() -> None:
    found = consolidate([WON] * 100 + [WON._replace(pattern=2)] * 99 + [LOST])
    assert (found.compiled, found.kept) == ((1,), (LOST._replace(cycles=1),))
    assert (found.deleted, found.reward) == (199, 50.0)
    assert consolidate(found.kept) == ((), (), 1, 0.0)


def test_successes_of_earlier_cycles_count() -> None:
    assert consolidate([WON], {1: 99}).compiled == (1,)
    assert consolidate([WON], {1: 98}).compiled == ()


def test_what_is_compiled_already_pays_nothing() -> None:
    assert consolidate([WON] * 200, compiled=[1]) == ((), (), 200, 0.0)


trail = st.builds(Trail, st.integers(0, 3), st.booleans(), st.floats(0.0, 1.0), st.integers(0, 2))


@given(st.lists(trail, max_size=300))
def test_every_trail_is_kept_or_gone_and_none_is_kept_twice(trails: list[Trail]) -> None:
    found = consolidate(trails)
    assert len(found.kept) + found.deleted == len(trails)
    assert all(not one.success and one.cycles == 1 for one in found.kept)
    assert found.reward == 50.0 * len(set(found.compiled)) == 50.0 * len(found.compiled)
    assert consolidate(found.kept).kept == ()


def test_the_layers_are_those_printed() -> None:
    assert [layer.cell_m for layer in LAYERS] == [0.001, 0.01, 0.5, 10.0, 1000.0, 100_000.0]
    assert [layer.s2_level for layer in LAYERS] == [30, 28, 24, 20, 14, 8]


def test_unread_detail_fades_after_1_2_5_10_and_20_cycles_and_the_coarsest_stays() -> None:
    level, unread, lasted = 0, 0, [0] * 6
    for _ in range(100):
        lasted[level] += 1
        level, unread = fade(level, unread, read=False)
    assert lasted[:5] == [1, 2, 5, 10, 20]
    assert level == 5


def test_reading_begins_the_count_anew_and_brings_nothing_back() -> None:
    assert fade(2, 4, read=True) == (2, 0)
    assert fade(2, 4, read=False) == (3, 0)
