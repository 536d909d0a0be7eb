"""The arena: what one side writes, the other reads whole; what does not fit is counted."""

import multiprocessing
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.arena.board import Board, empty_percepts
from nimmer.arena.layout import MEMORY_BYTES, OUTBOX_BYTES, TRAIL_RING, WAVE_RING, Plan
from nimmer.arena.memory import Arena
from nimmer.arena.outbox import Letter, Outbox
from nimmer.arena.ring import RingReader
from nimmer.arena.slot import Slot
from nimmer.errors import ArenaError
from nimmer.life.percept import FEATURES, features, unpack
from nimmer.life.wave import Wave

PLAN = Plan(npcs=3, nodes=25, outboxes=6)


@pytest.fixture
def arena(tmp_path: Path) -> Arena:
    return Arena.create(tmp_path / "arena", PLAN, started_s=1.0)


def trail(slot: Slot, tick: int) -> bool:
    return slot.trail(
        tick, tick + 100, 0.5, 1, 7, 1, 2, 0, 0, 0b0110, 6, 1, 0.5, 99.0, 0.1, 1.0, 0.25, 10.0, 50.0, 0, 2, 0
    )


def test_an_attached_arena_has_the_layout_it_was_made_with(arena: Arena) -> None:
    again = Arena.attach(arena.path)
    assert again.plan == PLAN
    arena.view("control")["tick_hz"][2] = 5.0
    assert again.view("control")["tick_hz"].tolist() == [0.0, 0.0, 5.0]


def test_a_second_arena_on_the_same_path_is_refused(arena: Arena) -> None:
    with pytest.raises(ArenaError, match="exists already"):
        Arena.create(arena.path, PLAN, started_s=0.0)


def test_a_foreign_file_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "foreign").write_bytes(b"x" * 4096)
    (tmp_path / "short").write_bytes(b"x")
    for name, reason in (("foreign", "not an arena of layout"), ("short", "1 bytes"), ("gone", "no arena")):
        with pytest.raises(ArenaError, match=reason):
            Arena.attach(tmp_path / name)


def test_a_slot_outside_the_arena_is_refused(arena: Arena) -> None:
    with pytest.raises(ArenaError, match=r"slots 0\.\.2, not 3"):
        Slot(arena, 3)


def test_an_observation_arrives_whole(arena: Arena) -> None:
    slot = Slot(arena, 1)
    assert slot.percept() is None
    records = empty_percepts(3)
    records["tick"], records["node"], records["energy"] = 42, [5, 6, 7], 0.5
    records["neighbour"], records["distance_cm"] = [1, 2, 3, 4, -1, -1, -1, -1], 15.0
    records["features"] = np.arange(FEATURES, dtype=np.float32)
    Board(arena).show(42, records, np.eye(3, 25, dtype=np.uint8))
    record = slot.percept()
    assert record is not None
    percept = unpack(record)
    assert (percept.tick, percept.node, percept.energy) == (42, 6, 0.5)
    assert percept.neighbour == (1, 2, 3, 4, -1, -1, -1, -1)
    assert features(record).tolist() == list(range(FEATURES))
    assert slot.known.tolist() == [0, 1] + [0] * 23


def test_a_half_written_observation_is_told_not_used(arena: Arena) -> None:
    arena.view("percept_version")[0] = 7
    with pytest.raises(ArenaError, match="half written"):
        Slot(arena, 0).percept()


def test_an_action_is_read_with_its_tick_and_generation(arena: Arena) -> None:
    slot, board = Slot(arena, 2), Board(arena)
    slot.act(9, 41, 1.5, 1, 3, 2)
    found = board.actions()[2]
    assert (found["npc_tick"], found["seen_tick"], found["verb"], found["slot"]) == (9, 41, 1, 3)
    assert slot.last_act() == (9, 1.5, 2)
    arena.view("action")["version"][2] |= 1
    assert board.actions()["npc_tick"][2] == 0


def test_a_full_wave_ring_drops_the_new_wave_and_counts_it(arena: Arena) -> None:
    slot, reader = Slot(arena, 0), RingReader(arena, "wave", "bus")
    wrote = [slot.wave(1, 2, 0.5, 0.9, 0.1, (25.0, 1.0)) for _ in range(WAVE_RING + 3)]
    assert wrote.count(False) == 3
    assert reader.dropped == 3
    harvest = reader.read(WAVE_RING)
    assert len(harvest.records) == WAVE_RING
    assert harvest.records["values"][0].tolist() == [25.0, 1.0, 0.0, 0.0]
    assert harvest.records["count"][0] == 2
    reader.commit(harvest)
    assert reader.waiting == 0
    assert slot.wave(2, 2, 0.5, 0.9, 0.1, ())


def test_the_waves_of_a_tick_are_written_as_far_as_there_is_room(arena: Arena) -> None:
    slot, reader = Slot(arena, 0), RingReader(arena, "wave", "bus")
    for tick in range(WAVE_RING // 4 - 1):
        assert slot.waves(tick, [Wave(cell, 0.5, 0.9, 0.1, (1.0,)) for cell in range(4)]) == 4
    wide = [Wave(cell, 1.5, 0.9, 0.1, (1.0, 2.0, 3.0, 4.0)[:cell]) for cell in range(5)]
    assert slot.waves(7, wide) == 4
    assert reader.dropped == 1
    last = reader.read(WAVE_RING).records[-4:]
    assert last["cell"].tolist() == [0, 1, 2, 3]
    assert last["values"].tolist() == [[0] * 4, [1, 0, 0, 0], [1, 2, 0, 0], [1, 2, 3, 0]]
    assert slot.waves(8, []) == 0


def test_records_not_committed_are_read_again(arena: Arena) -> None:
    slots, reader = [Slot(arena, npc) for npc in range(3)], RingReader(arena, "trail", "store")
    for tick in range(1, 6):
        for slot in slots[:2]:
            assert trail(slot, tick)
    first = reader.read()
    assert first.npcs.tolist() == [0] * 5 + [1] * 5
    assert first.records["npc_tick"].tolist() == [1, 2, 3, 4, 5] * 2
    assert reader.read().records["npc_tick"].tolist() == [1, 2, 3, 4, 5] * 2
    reader.commit(first)
    assert len(reader.read().records) == 0


def test_a_trail_ring_waits_for_the_recorder_not_for_the_bridge(arena: Arena) -> None:
    slot = Slot(arena, 0)
    store, bus = RingReader(arena, "trail", "store"), RingReader(arena, "trail", "bus")
    for tick in range(TRAIL_RING):
        trail(slot, tick)
    assert not trail(slot, TRAIL_RING)
    store.commit(store.read(TRAIL_RING))
    for tick in range(TRAIL_RING, TRAIL_RING + 10):
        assert trail(slot, tick)
    harvest = bus.read(TRAIL_RING * 2)
    assert bus.overrun == 10 + TRAIL_RING // 4
    assert harvest.records["npc_tick"][-1] == TRAIL_RING + 9


def test_memory_survives_and_a_torn_copy_is_not_used(arena: Arena) -> None:
    slot = Slot(arena, 1)
    assert slot.memory() == b""
    slot.remember(b"first")
    slot.remember(b"second")
    assert Slot(Arena.attach(arena.path), 1).memory() == b"second"
    versions = arena.view("memory_version")
    versions[2 + int(versions[3] > versions[2])] = 0  # killed while writing the newest copy
    assert slot.memory() == b"first"
    with pytest.raises(ArenaError, match="fit"):
        slot.remember(bytes(MEMORY_BYTES))


def test_a_transition_names_its_last_four_triggers(arena: Arena) -> None:
    slot, reader = Slot(arena, 0), RingReader(arena, "transition", "store")
    triggers = tuple((cell, 0.5, float(cell), (1.5, float(cell))) for cell in range(6))
    assert slot.transition(3, 1.0, 1, 0, 1, 0, 2, 1.01, 0.9, 0.3, 0.1, triggers)
    record = reader.read().records[0]
    assert record["trigger_cell"].tolist() == [2, 3, 4, 5]
    assert record["trigger_time_s"].tolist() == [2.0, 3.0, 4.0, 5.0]
    assert record["triggers"] == 4
    assert record["trigger_values"][:, 1].tolist() == [2.0, 3.0, 4.0, 5.0]
    assert record["trigger_values"][0].tolist() == [1.5, 2.0, 0.0, 0.0]


@given(st.lists(st.integers(0, OUTBOX_BYTES // 5), max_size=30))
def test_an_outbox_keeps_order_across_its_edge_and_counts_drops(sizes: list[int]) -> None:
    path = Path("/dev/shm") / f"nimmer-test-{id(sizes)}"
    arena = Arena.create(path, Plan(1, 1, 6), started_s=0.0)
    arena.remove()
    outbox, reader = Outbox(arena, "garden"), Outbox(arena, "garden")
    sent: list[bytes] = []
    for number, size in enumerate(sizes):
        payload = bytes([number % 256]) * size
        if outbox.put(Letter(f"dev.world.{number}", payload, f"id-{number}")):
            sent.append(payload)
        elif number % 3 == 0:
            letters, cursor = reader.take()
            assert [letter.payload for letter in letters] == sent
            reader.commit(cursor)
            sent.clear()
    letters, _ = reader.take()
    assert [letter.payload for letter in letters] == sent
    assert all(letter.message_id.startswith("id-") for letter in letters)


def test_what_was_planned_is_read_again_and_nothing_more(arena: Arena) -> None:
    slot, reader = Slot(arena, 0), RingReader(arena, "trail", "bus")
    for tick in range(1, 6):
        trail(slot, tick)
    harvest = reader.read()
    reader.plan(harvest)
    trail(slot, 6)  # more has come meanwhile, and the bridge is killed before it commits
    again = RingReader(arena, "trail", "bus").planned()
    assert again.records["npc_tick"].tolist() == [1, 2, 3, 4, 5]
    reader.commit(again)
    assert len(reader.planned().records) == 0
    assert reader.read().records["npc_tick"].tolist() == [6]


def test_a_head_is_never_seen_behind_its_cursor(arena: Arena) -> None:
    slot, reader = Slot(arena, 0), RingReader(arena, "trail", "store")
    trail(slot, 1)
    reader.commit(reader.read())
    arena.view("trail_cursor")["head"][0] = 0
    assert len(reader.read().records) == 0
    assert reader.overrun == 0


def test_cursors_are_stored_as_one_word(arena: Arena) -> None:
    """`struct.pack_into` clears before it packs; a reader in another process would see a head of 0."""
    reader, stop = Arena.attach(arena.path), multiprocessing.Event()
    writer = multiprocessing.get_context("fork").Process(target=_write_waves, args=(arena, stop))
    writer.start()
    heads = reader.view("wave_cursor")["head"]
    seen = [int(heads[0]) for _ in range(200_000)]
    stop.set()
    writer.join()
    assert seen == sorted(seen)


def _write_waves(arena: Arena, stop: Event) -> None:
    slot, cursors = Slot(arena, 0), arena.view("wave_cursor")
    while not stop.is_set():
        slot.wave(1, 2, 0.5, 0.9, 0.1, (25.0, 1.0))
        cursors["bus"][0] = cursors["head"][0]
