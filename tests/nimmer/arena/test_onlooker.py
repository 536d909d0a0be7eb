"""An onlooker sees what passes and holds nobody up."""

from pathlib import Path

from nimmer.arena.layout import TRANSITION_RING, Plan
from nimmer.arena.memory import Arena
from nimmer.arena.onlooker import Onlooker
from nimmer.arena.ring import RingReader
from nimmer.arena.slot import Slot


def change(slot: Slot, tick: int) -> None:
    slot.transition(tick, tick / 10, 1, 0, 1, 0, 2, 1.0, 0.9, 0.3, 0.1, ())


def test_what_passes_is_seen_once_and_stays_for_the_others(tmp_path: Path) -> None:
    arena = Arena.create(tmp_path / "arena", Plan(npcs=2, nodes=1, outboxes=0), started_s=1.0)
    slots = [Slot(arena, 0), Slot(arena, 1)]
    change(slots[0], 1)
    onlooker = Onlooker(arena)
    change(slots[1], 2)
    change(slots[0], 3)
    change(slots[1], 4)
    records, npcs = onlooker.read()
    assert records["npc_tick"].tolist() == [3, 2, 4]
    assert npcs.tolist() == [0, 1, 1]
    assert len(onlooker.read()[0]) == 0
    assert RingReader(arena, "transition", "store").waiting == 4


def test_what_was_overwritten_is_counted(tmp_path: Path) -> None:
    arena = Arena.create(tmp_path / "arena", Plan(npcs=1, nodes=1, outboxes=0), started_s=1.0)
    slot, onlooker = Slot(arena, 0), Onlooker(arena)
    reader = RingReader(arena, "transition", "store")
    for tick in range(TRANSITION_RING + 88):
        change(slot, tick)
        if tick % 256 == 255:
            reader.commit(reader.read())
    records, _ = onlooker.read()
    assert len(records) == TRANSITION_RING
    assert onlooker.missed == 88
