"""The recorder frees a row when it is safe and not before."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.charter import Charter
from actors.recorder import RecorderShell
from nimmer.arena.memory import Arena
from nimmer.arena.ring import RingReader
from nimmer.arena.slot import Slot
from nimmer.bus.message import Incident
from nimmer.errors import StoreError, StoreUnavailableError
from nimmer.stores.in_memory import InMemoryTraces
from nimmer.stores.tables import Table
from nimmer.stores.traces import Batch, RowBatch
from tests.actors.conftest import NPCS, told


class Database(InMemoryTraces):
    """A database that can be away, or lose the reply to what it stored."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.dies_after_commit = False

    async def write(self, batch: Batch) -> int:
        if self.away:
            raise StoreUnavailableError("the server is away")
        stored = await super().write(batch)
        if self.dies_after_commit:
            raise KeyboardInterrupt
        return stored

    @property
    def ticks(self) -> dict[int, list[object]]:
        keys = list(self.rows[Table.DECISION_TRAILS])
        return {npc: [key[2] for key in keys if key[1] == npc] for npc in range(NPCS)}


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def recorder(charter: Charter, arena: Arena, database: Database) -> Iterator[RecorderShell]:
    one = RecorderShell(charter, database)
    yield one
    one._traces._spool.close()


def live(arena: Arena, first: int, last: int) -> None:
    """Let every NPC leave the trail steps `first` to `last`, and a transition with each."""
    for npc in range(NPCS):
        slot = Slot(arena, npc)
        for tick in range(first, last + 1):
            assert slot.trail(
                tick,
                tick,
                5.0 + tick,
                1,
                7,
                1,
                2,
                0,
                0,
                0b0110,
                6,
                1,
                0.5,
                99.0,
                0.1,
                1.0,
                0.25,
                10.0,
                50.0,
                0,
            )
            assert slot.transition(tick, 5.0 + tick, 0, 0, 1, 0, 2, 1.0, 0.9, 0.003, 0.1, ())


def waiting(arena: Arena) -> int:
    return RingReader(arena, "trail", "store").waiting


async def test_what_the_rings_hold_is_kept_and_freed(
    arena: Arena, recorder: RecorderShell, database: Database
) -> None:
    live(arena, 1, 20)
    assert await recorder.flush() == 2 * 20 * NPCS
    assert waiting(arena) == 0
    assert database.ticks == {npc: list(range(1, 21)) for npc in range(NPCS)}
    assert len(database.rows[Table.GATE_TRANSITIONS]) == 20 * NPCS
    status = await recorder.status()
    assert (status["trail_rows"], status["trail_rows_lost"], status["condition"]) == (60, 0, "connected")
    assert await recorder.flush() == 0


async def test_a_recorder_killed_between_commit_and_cursor_repeats_harmlessly(
    charter: Charter, arena: Arena, recorder: RecorderShell, database: Database
) -> None:
    live(arena, 1, 10)
    database.dies_after_commit = True
    with pytest.raises(KeyboardInterrupt):
        await recorder.flush()
    assert waiting(arena) == 10 * NPCS  # nothing was freed
    database.dies_after_commit = False
    recorder._traces._spool.close()
    successor = RecorderShell(charter, database)
    live(arena, 11, 15)
    await successor.flush()
    successor._traces._spool.close()
    assert database.ticks == {npc: list(range(1, 16)) for npc in range(NPCS)}


async def test_without_the_database_rows_are_acknowledged_by_the_spool(
    charter: Charter, arena: Arena, recorder: RecorderShell, database: Database
) -> None:
    database.away = True
    live(arena, 1, 10)
    assert await recorder.flush() == 2 * 10 * NPCS
    recorder._announce()
    assert waiting(arena) == 0
    assert (await recorder.status())["rows_waiting"] == 2 * 10 * NPCS
    assert [one.body.kind for one in told(arena, "recorder") if isinstance(one.body, Incident)] == [
        "spooling"
    ]
    # it is killed, and its successor finds the database back
    recorder._traces._spool.close()
    database.away = False
    successor = RecorderShell(charter, database)
    live(arena, 11, 12)
    await successor.flush()
    successor._announce()
    status = await successor.status()
    successor._traces._spool.close()
    assert (status["rows_waiting"], status["condition"]) == (0, "connected")
    assert database.ticks == {npc: list(range(1, 13)) for npc in range(NPCS)}


async def test_a_full_spool_acknowledges_nothing_and_the_ring_holds_the_rows(
    arena: Arena, recorder: RecorderShell, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.recorder.FULL_S", 0.0)
    recorder._traces._spool.limit_bytes = 100
    database.away = True
    live(arena, 1, 10)
    assert await recorder.flush() is None
    assert waiting(arena) == 10 * NPCS
    incidents = [one.body for one in told(arena, "recorder")]
    assert [one.kind for one in incidents if isinstance(one, Incident)] == ["spool-full"]
    recorder.clock.wait_s(0.15)  # the first retry is due
    database.away = False
    await recorder.flush()
    assert waiting(arena) == 0
    assert database.ticks == {npc: list(range(1, 11)) for npc in range(NPCS)}


async def test_a_change_of_condition_is_told_once(
    arena: Arena, recorder: RecorderShell, database: Database
) -> None:
    database.away = True
    for tick in range(1, 4):
        live(arena, tick, tick)
        await recorder.flush()
        recorder._announce()
    database.away = False
    recorder.clock.wait_s(0.15)
    await recorder._traces.replay()
    for _ in range(3):
        recorder._announce()
    kinds = [one.body.kind for one in told(arena, "recorder") if isinstance(one.body, Incident)]
    assert kinds == ["spooling", "connected"]


async def test_the_codes_of_the_rows_are_written_down(recorder: RecorderShell, database: Database) -> None:
    await recorder._catalogue()
    assert len(database.rows[Table.NERVES]) == 4
    assert len(database.rows[Table.GATES]) >= 7
    assert len(database.rows[Table.CELLS]) >= 10


async def test_rarer_rows_are_kept_or_refused_to_the_caller(
    recorder: RecorderShell, database: Database, charter: Charter
) -> None:
    row = {"run": charter.run, "seed": 7, "environment": "dev", "npcs": 3, "level": 1, "started_at": 1.7e9}
    assert await recorder.keep(RowBatch(Table.RUNS, (row,))) == 1
    assert len(database.rows[Table.RUNS]) == 1


async def test_stopping_keeps_what_still_waits(
    arena: Arena, recorder: RecorderShell, database: Database
) -> None:
    live(arena, 1, 300)
    status = await recorder.stop()
    assert status["trail_rows"] == 300 * NPCS
    assert status["waiting"] == 0
    assert database.ticks[0] == list(range(1, 301))


def test_two_recorders_cannot_hold_one_spool(charter: Charter, recorder: RecorderShell) -> None:
    with pytest.raises(StoreError, match=str(Path(charter.state_dir) / "spool")):
        RecorderShell(charter, Database())
