"""Verified signals reach the NPC they are for, once, and silence costs one comparison."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.arena.layout import VERDICTS, VERIFIED, Plan
from nimmer.arena.memory import Arena
from nimmer.arena.verdicts import Verdict, VerdictReader, Verdicts
from nimmer.errors import ArenaError


@pytest.fixture
def arena(tmp_path: Path) -> Arena:
    return Arena.create(tmp_path / "arena", Plan(npcs=3, nodes=25, outboxes=1), started_s=1.0)


def test_a_signal_reaches_its_npc_once_and_as_it_was_meant(arena: Arena) -> None:
    verdicts = Verdicts(arena)
    one, other = VerdictReader(arena, 1), VerdictReader(arena, 2)
    assert one.fresh() == []
    assert verdicts.hand(1, 3, 0.9, 0.865, 12.5) == 1
    assert one.fresh() == [Verdict(1, 3, 0.9, 0.865, 12.5)]
    assert one.fresh() == other.fresh() == []


def test_of_many_signals_the_newest_eight_are_read_in_order(arena: Arena) -> None:
    verdicts, reader = Verdicts(arena), VerdictReader(arena, 0)
    for gate in range(11):
        verdicts.hand(0, gate, 1.0, 1.0, float(gate))
    assert [one.gate for one in reader.fresh()] == list(range(11 - VERDICTS, 11))
    assert reader.fresh() == []


def test_a_reborn_writer_goes_on_and_a_reborn_reader_sees_what_is_there(arena: Arena) -> None:
    Verdicts(arena).hand(0, 1, 1.0, 1.0, 5.0)
    reader = VerdictReader(arena, 0)
    assert [one.serial for one in reader.fresh()] == [1]
    assert Verdicts(arena).hand(0, 2, 1.0, 1.0, 6.0) == 2
    assert [one.gate for one in reader.fresh()] == [2]
    assert [one.gate for one in VerdictReader(arena, 0).fresh()] == [1, 2]


def test_a_half_written_signal_is_read_when_it_is_whole(arena: Arena) -> None:
    verdicts, reader = Verdicts(arena), VerdictReader(arena, 0)
    verdicts.hand(0, 1, 1.0, 1.0, 5.0)
    records = arena.view("verified")
    records["version"][1] += 1
    assert reader.fresh() == []
    records["version"][1] += 1
    assert [one.gate for one in reader.fresh()] == [1]
    assert reader.fresh() == []


def test_nobody_outside_the_arena_is_handed_anything(arena: Arena) -> None:
    with pytest.raises(ArenaError, match=r"slots 0\.\.2, not 3"):
        Verdicts(arena).hand(3, 0, 1.0, 1.0, 1.0)
    with pytest.raises(ArenaError, match=r"slots 0\.\.2, not -1"):
        VerdictReader(arena, -1)


@given(st.lists(st.integers(0, 5), max_size=30))
def test_whatever_the_rhythm_every_signal_that_still_has_room_is_read_once(rhythm: list[int]) -> None:
    path = Path(f"/dev/shm/nimmer-verdicts-{id(rhythm):x}")
    arena = Arena.create(path, Plan(npcs=1, nodes=1, outboxes=0), started_s=1.0)
    arena.remove()
    verdicts, reader = Verdicts(arena), VerdictReader(arena, 0)
    handed = 0
    for burst in rhythm:
        for _ in range(burst):
            handed = verdicts.hand(0, 1, 0.5, 0.5, 1.0)
        assert [one.serial for one in reader.fresh()] == list(range(handed - burst + 1, handed + 1))


def test_the_record_is_as_large_as_the_layout_says() -> None:
    assert VERIFIED.itemsize == 32
