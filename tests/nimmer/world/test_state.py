import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.chance import Chance
from nimmer.errors import WorldError
from nimmer.world.curriculum import birth
from nimmer.world.levels import load_levels
from nimmer.world.rules import Rules
from nimmer.world.state import Village
from nimmer.world.step import step

LEVELS = load_levels()


def lived(seed: int, ticks: int, worlds: int = 2, npcs: int = 12, number: int = 1) -> Village:
    level, generator = LEVELS[number], Chance(seed).generator("state")
    village = birth(level, Rules(), npcs, worlds, generator)
    for _ in range(ticks):
        verbs = generator.integers(0, 4, (worlds, npcs)).astype(np.uint8)
        slots = generator.integers(0, 4, (worlds, npcs)).astype(np.int8)
        village, _ = step(level, Rules(), village, verbs, slots, generator.random((worlds, npcs)) < 0.8)
    return village


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), ticks=st.integers(0, 12), number=st.integers(1, 3))
def test_a_village_survives_the_way_through_bytes(seed: int, ticks: int, number: int) -> None:
    village = lived(seed, ticks, number=number)
    again = Village.from_bytes(village.to_bytes())
    assert [again.digest(world) for world in range(2)] == [village.digest(world) for world in range(2)]
    assert np.array_equal(again.bits, village.bits)
    assert np.array_equal(again.facts, village.facts)


def test_the_digest_notices_a_change_in_any_field() -> None:
    village = lived(1, 5, worlds=1)
    found = {village.digest()}
    for name in (
        "tick",
        "node",
        "heading",
        "energy",
        "rested",
        "last_verb",
        "last_slot",
        "rejection",
        "reward",
        "bumps",
    ):
        changed = Village.from_bytes(village.to_bytes())
        array = getattr(changed, name)
        array.reshape(-1)[0] = 0 if array.reshape(-1)[0] else 1
        found.add(changed.digest())
    changed = Village.from_bytes(village.to_bytes())
    changed.knowledge[0, 0, 0] ^= np.uint64(4)
    found.add(changed.digest())
    assert len(found) == 12


@pytest.mark.parametrize("cut", [0, 7, 40, -1])
def test_torn_bytes_are_refused(cut: int) -> None:
    data = lived(1, 2).to_bytes()
    with pytest.raises(WorldError, match=r"no village|corrupt"):
        Village.from_bytes(data[:cut])


def test_a_flipped_bit_is_noticed() -> None:
    data = bytearray(lived(1, 2).to_bytes())
    data[100] ^= 1
    with pytest.raises(WorldError, match="corrupt"):
        Village.from_bytes(bytes(data))


def test_single_worlds_can_be_replaced_by_fresh_ones() -> None:
    village = lived(3, 9, worlds=3)
    fresh = birth(LEVELS[1], Rules(), 12, 1, Chance(8).generator("x"))
    mixed = village.with_worlds(np.array([False, True, False]), fresh)
    assert mixed.digest(0) == village.digest(0)
    assert mixed.digest(1) == fresh.digest(0)
    assert mixed.tick.tolist() == [9, 0, 9]
