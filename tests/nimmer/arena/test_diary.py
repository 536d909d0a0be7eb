"""The diary: rarer records of one NPC, in rings of their own, and how it fares."""

from pathlib import Path

import pytest

from nimmer.arena.diary import Diary
from nimmer.arena.layout import (
    BEAT_RING,
    COMMANDS,
    NERVE_TRAIL,
    NERVES,
    READS,
    STATES,
    TIERS,
    Plan,
)
from nimmer.arena.memory import Arena
from nimmer.arena.ring import RingReader

PLAN = Plan(npcs=3, nodes=25, outboxes=6)


@pytest.fixture
def arena(tmp_path: Path) -> Arena:
    return Arena.create(tmp_path / "arena", PLAN, started_s=1.0)


def beat(number: int) -> tuple[float, ...]:
    return (1.5, number, 100_000_000, 1.2, 29_000.0, 3.5, 2, 0, 0, 40, 7)


def nerve_trail(serial: int) -> tuple[object, ...]:
    states, reads = [2, 3, 4] + [0] * (STATES - 3), [0, 11] + [0] * (READS - 2)
    verbs, slots = [1] + [0] * (COMMANDS - 1), [3] + [0] * (COMMANDS - 1)
    return (
        serial, 40, 38, 100, 104, 1.0, 1.1, 1.2, 1, 0, 1, 0, 0, 0, 0, 3, 2, 1, 4, 0, reads, states, verbs, slots, 0.1,
        5.0, 1.3, 0.1, 0.02, 50.4,
    )  # fmt: skip


def test_a_nerve_trail_is_read_as_it_was_written(arena: Arena) -> None:
    page = Diary(arena, 2).nerve_trails
    assert page.write(nerve_trail(page.written + 1))
    harvest = RingReader(arena, "nerve_trail", "store").read()
    record = harvest.records[0]
    assert harvest.npcs.tolist() == [2]
    assert record.dtype == NERVE_TRAIL
    assert (record["serial"], record["npc_tick"], record["states"]) == (1, 40, 3)
    assert record["state"][:3].tolist() == [2, 3, 4]
    assert record["read"][:2].tolist() == [0, 11]
    assert (record["verb"][0], record["slot"][0]) == (1, 3)
    assert record["latency_ms"] == pytest.approx(50.4)


def test_what_was_written_is_counted_over_all_births(arena: Arena) -> None:
    assert Diary(arena, 1).beats.write(beat(0))
    assert Diary(arena, 1).beats.written == 1


def test_a_full_page_counts_what_it_refuses(arena: Arena) -> None:
    page = Diary(arena, 0).beats
    assert all(page.write(beat(number)) for number in range(BEAT_RING))
    assert not page.write(beat(BEAT_RING))
    reader = RingReader(arena, "beat", "store")
    assert reader.dropped == 1
    reader.commit(reader.read())
    assert page.write(beat(BEAT_RING))
    assert reader.read().records["beat"].tolist() == [BEAT_RING]


def test_the_bus_may_lag_behind_the_store(arena: Arena) -> None:
    page = Diary(arena, 0).beats
    store, bus = RingReader(arena, "beat", "store"), RingReader(arena, "beat", "bus")
    for number in range(BEAT_RING + 4):
        assert page.write(beat(number))
        store.commit(store.read())
    harvest = bus.read()
    assert bus.overrun > 0
    assert harvest.records["beat"][-1] == BEAT_RING + 3


def test_how_an_npc_fares_is_rewritten_in_place(arena: Arena) -> None:
    diary = Diary(arena, 1)
    for budget in (30_000.0, 29_000.0):
        diary.fare(
            (2, 0, 0, budget, 1.1, 60.0, 0.5, 1),
            [(0, 2, 1, 0, 0.1, 3, 2, 1, 0, 2, 0.1, 40.0)],
            [(0, 0, 0.0, 0.0, 0.0), (4, 1, 10.0, 20.0, 30.0)],
        )
    assert arena.view("condition")["budget_ms"].tolist() == [0.0, 29_000.0, 0.0]
    nerves = arena.view("nerves").reshape(-1, NERVES)
    assert nerves["runs"][1].tolist() == [3] + [0] * (NERVES - 1)
    tiers = arena.view("tiers").reshape(-1, TIERS)
    assert tiers["late"][1].tolist() == [0, 1, 0, 0, 0, 0]
