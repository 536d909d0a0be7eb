"""The governor's observation: finite and within 0..1 whatever comes in, and the same by either road."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.governor import NpcSituation, VillageSituation
from nimmer.life.governor_observation import (
    NPC_COLUMNS,
    NPC_FEATURE_NAMES,
    NPC_FEATURES,
    WORLD_FEATURE_NAMES,
    WORLD_FEATURES,
    observe_village,
)

VILLAGE = VillageSituation(level=1, capacity_percent=50.0, cortex_slots=1)
USUAL = NpcSituation(3, True, 10.0, 25.0, 0.5, 1.0, 100.0)
ANY = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(10**9), 10**9)


def test_every_feature_has_a_name_and_an_attribute_behind_it() -> None:
    assert len(NPC_COLUMNS) == len(NPC_FEATURE_NAMES) == NPC_FEATURES
    assert len(WORLD_FEATURE_NAMES) == WORLD_FEATURES
    assert all(hasattr(USUAL, name) for name in NPC_COLUMNS)


def test_the_usual_village_reads_as_documented() -> None:
    seen = observe_village([USUAL, replace(USUAL, npc=5, earned=-10.0, missed=5)], VILLAGE)
    first = dict(zip(NPC_FEATURE_NAMES, seen.features[0].tolist(), strict=True))
    assert seen.npcs.tolist() == [3, 5]
    assert (first["coverage"], first["tick_rate"], first["quota"]) == (0.5, 0.5, 0.25)
    assert (first["lifeforce"], first["earned"], first["ticks_kept"]) == (0.5, 0.5, 1.0)
    second = dict(zip(NPC_FEATURE_NAMES, seen.features[1].tolist(), strict=True))
    assert (second["earned"], second["missed"]) == (0.25, 0.5)
    world = dict(zip(WORLD_FEATURE_NAMES, seen.world.tolist(), strict=True))
    assert (world["mean_coverage"], world["cpu_per_npc"], world["slots_per_npc"]) == (0.5, 0.25, 0.5)


def test_the_dead_are_not_seen_and_nobody_is_a_village_too() -> None:
    seen = observe_village([replace(USUAL, alive=False)], VILLAGE)
    assert seen.npcs.size == 0
    assert seen.features.shape == (0, NPC_FEATURES)
    assert np.isfinite(seen.world).all()


@given(st.lists(st.lists(ANY, min_size=NPC_FEATURES, max_size=NPC_FEATURES), max_size=4), st.data())
def test_whatever_comes_in_every_feature_is_within_its_range(
    rows: list[list[float]], data: st.DataObject
) -> None:
    people = []
    for row in rows:
        odd_numbers: dict[str, Any] = dict(zip(NPC_COLUMNS, row, strict=True))
        people.append(replace(USUAL, **odd_numbers))
    odd = VillageSituation(*(data.draw(ANY) for _ in range(7)))  # type: ignore[arg-type]  # that is the test
    seen = observe_village(people, odd)
    for block, width in ((seen.features, NPC_FEATURES), (seen.world[None], WORLD_FEATURES)):
        assert block.shape[1] == width
        assert block.dtype == np.float32
        assert ((block >= 0.0) & (block <= 1.0)).all()
