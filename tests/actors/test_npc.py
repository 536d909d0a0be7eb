"""An NPC's life by the arena alone, and what of it survives its death."""

import gc
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from actors.npc import ENDED, Birth, NpcShell
from nimmer.arena.board import Board
from nimmer.arena.layout import MEMORY_BYTES
from nimmer.arena.memory import Arena
from nimmer.arena.ring import RingReader
from nimmer.arena.slot import Slot
from nimmer.clock import ManualClock
from nimmer.errors import WeightsError
from nimmer.life.action import Action
from nimmer.life.body import Body
from nimmer.life.percept import Percept
from nimmer.minds.brain import Flags, Floats
from nimmer.minds.mlp import Mlp
from nimmer.minds.nursery import prepare_brains, weights_path
from nimmer.world.garden import RealGarden, Wants
from nimmer.world.levels import Levels
from nimmer.world.rules import Rules
from tests.actors.conftest import NPCS

NPC = 1


def birth(arena: Arena, weights: str | None = None, learning_rate: float | None = None) -> Birth:
    return Birth(NPC, str(arena.path), 7, None, weights, 0.01, learning_rate=learning_rate)


class World:
    """The world as an NPC meets it: it shows itself, and takes what is done."""

    def __init__(self, levels: Levels, board: Board) -> None:
        self.garden = RealGarden(levels, Rules(), 7, NPCS)
        self.board = board
        self.garden.begin(1)
        self.turn()

    def show(self) -> None:
        view = self.garden.view()
        self.board.show(self.garden.tick, view.records, view.known)

    def turn(self) -> None:
        wants = self.board.actions()
        alive = wants["generation"] > 0
        self.garden.turn(Wants(wants["npc_tick"], wants["seen_tick"], wants["verb"], wants["slot"], alive))
        self.show()


@pytest.fixture
def world(levels: Levels, board: Board) -> World:
    return World(levels, board)


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def live(shell: NpcShell, world: World, clock: ManualClock, ticks: int) -> None:
    for _ in range(ticks):
        assert shell.tick(shell._slot.control(), clock.monotonic_s(), 0.0)
        clock.advance(0.1)
        world.turn()


def test_a_net_decides_on_the_newest_observation(
    arena: Arena, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_brains(tmp_path, NPC + 1, "small", 7)
    shell = NpcShell(birth(arena, str(weights_path(tmp_path, NPC))), ManualClock(100.0))
    looked_at: list[np.ndarray] = []
    decide = Mlp.decide

    def look(self: Mlp, percept: Percept, features: Floats, known: Flags) -> Action:
        looked_at.append(features.copy())
        return decide(self, percept, features, known)

    monkeypatch.setattr(Mlp, "decide", look)
    clock = ManualClock(100.0)
    for _ in range(5):
        seen = world.garden.view().records["features"][NPC].copy()
        assert seen.any()
        live(shell, world, clock, 1)
        assert np.array_equal(looked_at[-1], seen)


def test_an_npc_does_nothing_before_the_world_shows_itself(arena: Arena) -> None:
    shell = NpcShell(birth(arena), ManualClock(100.0))
    assert not shell.tick(Slot(arena, NPC).control(), 100.0, 0.0)
    assert Slot(arena, NPC).last_act() == (0, 0.0, 0)


def test_an_npc_waits_for_the_world_to_begin(arena: Arena, levels: Levels, board: Board) -> None:
    garden = RealGarden(levels, Rules(), 7, NPCS)
    garden.begin(1)
    view = garden.view()
    board.show(0, view.records, view.known)
    shell = NpcShell(birth(arena), ManualClock(100.0))
    assert not shell.tick(Slot(arena, NPC).control(), 100.0, 0.0)
    assert Slot(arena, NPC).last_act() == (0, 0.0, 0)


def test_each_tick_leaves_one_action_and_one_trail_step(arena: Arena, world: World) -> None:
    clock = ManualClock(100.0)
    live(NpcShell(birth(arena), clock), world, clock, 30)
    slot = Slot(arena, NPC)
    npc_tick, time_s, generation = slot.last_act()
    assert (npc_tick, generation) == (30, 1)
    assert time_s == pytest.approx(102.9)
    steps = RingReader(arena, "trail", "store").read().records
    assert steps["npc_tick"].tolist() == list(range(1, 31))
    assert steps["world_tick"].tolist() == list(range(1, 31))
    assert (steps["rejection"] == 0).mean() > 0.8
    vitals = slot.vitals()
    assert (vitals.ticks_done, vitals.ticks_due, vitals.generation) == (30, 30, 1)
    assert vitals.waves == len(RingReader(arena, "wave", "bus").read().records)
    assert world.garden.village.facts[0, NPC] > 0


def test_a_reborn_npc_goes_on_where_it_died(arena: Arena, world: World) -> None:
    clock = ManualClock(100.0)
    first = NpcShell(birth(arena), clock)
    live(first, world, clock, 45)
    first._remember(clock.monotonic_s())
    remembered = json.loads(Slot(arena, NPC).memory())["body"]
    clock.advance(3.0)
    second = NpcShell(birth(arena), clock)
    assert second.born() == 2
    assert Slot(arena, NPC).vitals().generation == 2
    second._enter(1)
    reborn = second._body.state()
    for part in ("gates", "cells", "behaviour", "metabolism", "attention", "reactions", "growth", "ticks"):
        assert reborn[part] == remembered[part], part
    assert reborn["metabolism"] != NpcShell(birth(arena), clock)._body.state()["metabolism"]


def test_tick_numbers_go_on_and_missed_ticks_count_as_due(arena: Arena, world: World) -> None:
    clock = ManualClock(100.0)
    live(NpcShell(birth(arena), clock), world, clock, 20)
    clock.advance(2.95)
    second = NpcShell(birth(arena), clock)
    live(second, world, clock, 5)
    slot = Slot(arena, NPC)
    assert slot.last_act()[0] == 25
    assert slot.last_act()[2] == 2
    vitals = slot.vitals()
    assert vitals.ticks_done == 25
    assert vitals.ticks_skipped == 30  # 3.05 s at 10 Hz passed since the last act
    assert vitals.ticks_due == 25 + 30
    assert RingReader(arena, "trail", "store").read().records["npc_tick"].tolist() == list(range(1, 26))


def test_a_tick_cut_off_before_its_act_is_lived_again(arena: Arena, world: World) -> None:
    clock = ManualClock(100.0)
    live(NpcShell(birth(arena), clock), world, clock, 3)
    Slot(arena, NPC).trail(4, 0, 0.0, 1, 0, 0, -1, 0, 0, 0, 0, 0, 0.5, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0, 0)
    live(NpcShell(birth(arena), clock), world, clock, 1)
    # the same number twice: one of them the database will know already
    assert RingReader(arena, "trail", "store").read().records["npc_tick"].tolist() == [1, 2, 3, 4, 4]


def test_one_reborn_on_another_level_keeps_all_but_the_map(arena: Arena, world: World) -> None:
    clock = ManualClock(100.0)
    first = NpcShell(birth(arena), clock)
    live(first, world, clock, 10)
    first._remember(clock.monotonic_s())
    memory = json.loads(Slot(arena, NPC).memory())
    Slot(arena, NPC).remember(json.dumps({**memory, "level": 3}).encode())
    second = NpcShell(birth(arena), clock)
    second._enter(1)
    assert second._body.ledger.state() == memory["body"]["metabolism"]["ledger"]
    assert second._body.brain.state() == NpcShell(birth(arena), clock)._body.brain.state()
    live(second, world, clock, 3)
    assert Slot(arena, NPC).last_act()[0] == 13


def test_an_observation_the_supervisor_died_writing_is_waited_out(arena: Arena, world: World) -> None:
    clock = ManualClock(100.0)
    shell = NpcShell(birth(arena), clock)
    live(shell, world, clock, 2)
    arena.view("percept_version")[:] |= np.uint64(1)
    assert not shell.tick(Slot(arena, NPC).control(), clock.monotonic_s(), 0.0)
    world.show()  # its successor writes anew
    live(shell, world, clock, 1)
    assert Slot(arena, NPC).last_act()[0] == 3


class EndingClock(ManualClock):
    """Tells the NPC to end its life at a given time; some waits take too long."""

    def __init__(self, arena: Arena, end_s: float, stall: tuple[int, float] = (0, 0.0)) -> None:
        super().__init__(100.0)
        self._control = arena.view("control")
        self._end_s = end_s
        self._stall_at, self._stall_s = stall
        self._waits = 0

    def wait_s(self, duration_s: float) -> None:
        super().wait_s(duration_s)
        self._waits += 1
        if self._waits == self._stall_at:
            self.advance(self._stall_s)
        if self.monotonic_s() >= self._end_s:
            self._control["stop"] = 1


def test_it_lives_at_its_rate_until_told_to_stop(arena: Arena, world: World) -> None:
    done = NpcShell(birth(arena), EndingClock(arena, 103.0)).live()
    vitals = Slot(arena, NPC).vitals()
    assert done == vitals.ticks_done
    assert done == pytest.approx(30, abs=2)
    assert vitals.ticks_skipped == 0
    assert json.loads(Slot(arena, NPC).memory())["body"]["ticks"] == done


def test_ticks_missed_while_it_was_stopped_are_counted_as_due(arena: Arena, world: World) -> None:
    NpcShell(birth(arena), EndingClock(arena, 103.0, stall=(10, 1.0))).live()
    vitals = Slot(arena, NPC).vitals()
    assert vitals.ticks_skipped == pytest.approx(10, abs=1)
    assert vitals.ticks_due == vitals.ticks_done + vitals.ticks_skipped


def test_its_rate_changes_while_it_lives(arena: Arena, world: World) -> None:
    arena.view("control")["tick_hz"][NPC] = 2.0
    done = NpcShell(birth(arena), EndingClock(arena, 105.0)).live()
    assert done == pytest.approx(10, abs=2)


def test_a_net_decides_with_weights_of_its_own(arena: Arena, world: World, tmp_path: Path) -> None:
    prepare_brains(tmp_path / "brains", NPCS, "small", 7)
    clock = ManualClock(100.0)
    live(NpcShell(birth(arena, str(tmp_path / "brains" / "npc-1.safetensors")), clock), world, clock, 10)
    assert Slot(arena, NPC).last_act()[0] == 10


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, b"\x80\x04K\x01."])
def test_a_corrupt_weights_file_is_refused_by_name(arena: Arena, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "npc-1.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"npc-1\.safetensors"):
        NpcShell(birth(arena, str(path)))
    assert Slot(arena, NPC).vitals().generation == 0  # it was not born


def test_npcs_of_one_rate_are_spread_evenly_over_their_period(arena: Arena, world: World) -> None:
    shells = [NpcShell(Birth(npc, str(arena.path), 7, None, None, 0.01)) for npc in range(NPCS)]
    due = sorted(shell._due_after(1000.0, 0.05) - 1000.0 for shell in shells)
    assert due[0] > 0.0
    assert due[-1] <= 0.05 + 1e-9
    gaps = np.diff([*due, due[0] + 0.05])
    assert gaps.min() > 0.2 * 0.05 / NPCS
    late = shells[1]._due_after(1000.0, 0.05)
    assert shells[1]._due_after(late + 1e-6, 0.05) == pytest.approx(late + 0.05)


def test_a_tick_that_finds_a_half_written_observation_is_late_not_left_out(
    arena: Arena, world: World
) -> None:
    versions = arena.view("percept_version")

    class Writing(EndingClock):
        def wait_s(self, duration_s: float) -> None:
            super().wait_s(duration_s)
            versions[NPC] = versions[NPC] + 1 if self._waits in (10, 13) else versions[NPC]

    done = NpcShell(birth(arena), Writing(arena, 102.0)).live()
    assert done == pytest.approx(20, abs=2)
    assert Slot(arena, NPC).vitals().ticks_skipped == 0


def opened_ticks(arena: Arena) -> set[tuple[int, int]]:
    """Return (tick, gate) of every opening in the ring."""
    records = RingReader(arena, "transition", "store").read().records
    opened = records[records["to_state"] == 1]
    return set(zip(opened["npc_tick"].tolist(), opened["gate"].tolist(), strict=True))


def test_after_a_death_every_nerve_trail_still_names_an_opening_there_was(arena: Arena, world: World) -> None:
    clock = ManualClock(100.0)
    for ticks in (37, 41, 53):  # killed each time some ticks after it last remembered
        live(NpcShell(birth(arena), clock), world, clock, ticks)
        clock.advance(1.0)
    trails = RingReader(arena, "nerve_trail", "store").read().records
    named = set(zip(trails["opened_tick"].tolist(), trails["gate"].tolist(), strict=True))
    assert len(trails) > 3
    assert named <= opened_ticks(arena)


def test_a_run_that_was_written_down_is_not_lived_again(arena: Arena, world: World) -> None:
    clock = ManualClock(100.0)
    for ticks in range(20, 60, 7):
        live(NpcShell(birth(arena), clock), world, clock, ticks)
    trails = RingReader(arena, "nerve_trail", "store").read().records
    runs = list(zip(trails["nerve"].tolist(), trails["started_tick"].tolist(), strict=True))
    assert len(runs) == len(set(runs)) > 3


def beats(arena: Arena) -> list[tuple[int, int]]:
    """Return (beat, level) of every close of a beat in the ring."""
    records = RingReader(arena, "beat", "store").read().records
    return list(zip(records["beat"].tolist(), records["level_micro"].tolist(), strict=True))


def test_one_told_to_stop_before_its_first_tick_closes_its_last_lifes_beat(
    arena: Arena, world: World
) -> None:
    clock = ManualClock(100.0)
    first = NpcShell(birth(arena), clock)
    live(first, world, clock, 320)  # into the second beat
    first._remember(clock.monotonic_s())
    level = first._body.ledger.micro
    NpcShell(birth(arena), clock)._end(clock.monotonic_s())
    assert [beat for beat, _ in beats(arena)] == [0, 1]
    assert beats(arena)[-1] == (1, level)
    assert Slot(arena, NPC).vitals().mode == ENDED


def test_a_newborn_told_to_stop_before_its_first_tick_closes_nothing(arena: Arena, world: World) -> None:
    NpcShell(birth(arena), ManualClock(100.0))._end(100.0)
    assert beats(arena) == []
    assert Slot(arena, NPC).vitals().mode == ENDED


def test_a_state_that_finds_no_room_leaves_the_older_memory(
    arena: Arena, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(100.0)
    shell = NpcShell(birth(arena), clock)
    live(shell, world, clock, 12)
    shell._remember(clock.monotonic_s())
    kept = Slot(arena, NPC).memory()
    monkeypatch.setattr(Body, "state", lambda _: {"much": "x" * MEMORY_BYTES})
    live(shell, world, clock, 25)
    assert Slot(arena, NPC).memory() == kept
