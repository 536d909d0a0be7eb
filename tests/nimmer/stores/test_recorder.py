import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.clock import ManualClock
from nimmer.errors import SpoolFullError, StoreError, StoreUnavailableError
from nimmer.stores.in_memory import InMemoryTraces
from nimmer.stores.recorder import Condition, SpooledTraces
from nimmer.stores.spool import Spool
from nimmer.stores.tables import Table
from nimmer.stores.traces import Batch, RowBatch, Traces
from nimmer.testing.store_contract import TracesContract, fresh_run, incident_row, run_row, trail_batch


class FickleTraces(InMemoryTraces):
    """A store that can be away, lose the reply after it stored, or refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.loses_replies = False
        self.refuses: set[Table] = set()
        self.order: list[Batch] = []

    async def write(self, batch: Batch) -> int:
        if self.away:
            raise StoreUnavailableError("the server is away")
        if batch.table in self.refuses:
            raise StoreError(f"{batch.table} refused")
        self.order.append(batch)
        stored = await super().write(batch)
        if self.loses_replies:
            raise StoreUnavailableError("the server went away before it answered")
        return stored


class Bench:
    """A recorder with everything it stands on in reach."""

    def __init__(self, directory: Path, limit_bytes: int = 1 << 24) -> None:
        self.database = FickleTraces()
        self.clock = ManualClock()
        self.spool = Spool(directory, limit_bytes)
        self.traces = SpooledTraces(self.database, self.spool, self.clock)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.spool.close()


class TestSpooledTraces(TracesContract):
    @pytest.fixture
    def traces(self, bench: Bench) -> Traces:
        # the spool of a closed recorder stays closed
        bench.spool.close = lambda: None  # type: ignore[method-assign]  # only for the contract's reopening test
        return bench.traces


async def test_with_the_database_there_nothing_is_spooled(bench: Bench) -> None:
    run = fresh_run()
    assert bench.traces.recording.condition is Condition.IDLE
    assert await bench.traces.write(trail_batch(run, range(1, 11))) == 50
    assert await bench.traces.write(trail_batch(run, range(6, 16))) == 25
    recording = bench.traces.recording
    assert recording.condition is Condition.CONNECTED
    assert (recording.rows_stored, recording.rows_duplicate, recording.rows_spooled) == (75, 25, 0)


async def test_while_the_database_is_away_rows_wait_and_then_follow_in_order(bench: Bench) -> None:
    run = fresh_run()
    await bench.traces.write(trail_batch(run, range(1, 2)))
    bench.database.away = True
    bench.clock.advance(10)
    for tick in range(2, 52):
        assert await bench.traces.write(trail_batch(run, range(tick, tick + 1))) == 5
    recording = bench.traces.recording
    assert recording.condition is Condition.SPOOLING
    assert recording.since_unix_s == 1_700_000_010
    assert (recording.rows_waiting, recording.rows_spooled, recording.rows_stored) == (250, 250, 5)
    assert "away" in recording.last_error
    bench.database.away = False
    bench.clock.advance(60)
    assert await bench.traces.replay(10) == 200
    assert bench.traces.recording.condition == "replaying"
    await bench.traces.write(trail_batch(run, range(52, 53)))
    assert await bench.traces.replay() == 0
    assert bench.traces.recording.condition == "connected"
    assert await bench.traces.count_trails(run) == 260
    ticks = [
        int(batch.records["npc_tick"][0]) for batch in bench.database.order if not isinstance(batch, RowBatch)
    ]
    assert ticks == list(range(1, 53))


async def test_a_reply_that_was_lost_does_not_double_a_row(bench: Bench) -> None:
    run = fresh_run()
    bench.database.loses_replies = True
    await bench.traces.write(trail_batch(run, range(1, 11)))
    bench.database.loses_replies = False
    bench.clock.advance(60)
    assert await bench.traces.replay() == 0
    assert await bench.traces.count_trails(run) == 50
    assert bench.traces.recording.rows_duplicate == 50


async def test_an_absent_database_is_asked_ever_less_often(bench: Bench) -> None:
    bench.database.away = True
    asked = 0
    real = bench.database.write

    async def counting(batch: Batch) -> int:
        nonlocal asked
        asked += 1
        return await real(batch)

    bench.database.write = counting  # type: ignore[method-assign]  # counts the attempts
    run = fresh_run()
    for tick in range(1, 1201):
        await bench.traces.write(trail_batch(run, range(tick, tick + 1), npcs=1))
        bench.clock.advance(0.05)
    # doubling from 0.1 s up to one attempt every 5 s in a minute
    assert 12 <= asked <= 20


async def test_what_a_dead_process_left_is_replayed_by_the_next(tmp_path: Path) -> None:
    run = fresh_run()
    first = Bench(tmp_path)
    first.database.away = True
    await first.traces.write(trail_batch(run, range(1, 11)))
    await first.traces.write(RowBatch(Table.RUNS, (run_row(run, summary={"ü": [1.5, None]}),)))
    first.spool.close()
    second = Bench(tmp_path)
    assert second.traces.recording.condition is Condition.REPLAYING
    assert second.traces.recording.rows_waiting == 51
    await second.traces.replay()
    assert await second.traces.count_trails(run) == 50
    second.spool.close()


async def test_a_full_spool_acknowledges_nothing_until_there_is_room(tmp_path: Path) -> None:
    run = fresh_run()
    bench = Bench(tmp_path, limit_bytes=8192)
    bench.database.away = True
    acknowledged = []
    refused = 0
    for tick in range(1, 41):
        try:
            await bench.traces.write(trail_batch(run, range(tick, tick + 1)))
            acknowledged.append(tick)
        except SpoolFullError:
            refused += 5
    assert 0 < len(acknowledged) < 40
    assert bench.traces.recording.rows_refused == refused > 0
    bench.database.away = False
    bench.clock.advance(60)
    # a write alone makes room again
    await bench.traces.write(trail_batch(run, range(41, 42)))
    await bench.traces.replay()
    ticks = {trail.tick for trail in await bench.traces.trails(run, limit=1000)}
    assert ticks == {*acknowledged, 41}
    bench.spool.close()


async def test_a_batch_the_database_refuses_at_once_is_not_acknowledged(bench: Bench) -> None:
    bench.database.refuses = {Table.INCIDENTS}
    with pytest.raises(StoreError, match="refused"):
        await bench.traces.write(RowBatch(Table.INCIDENTS, (incident_row(fresh_run(), "a", "m"),)))
    assert bench.traces.recording.rows_refused == 1


async def test_a_spooled_batch_the_database_refuses_is_set_aside_and_blocks_nothing(bench: Bench) -> None:
    run = fresh_run()
    bench.database.away = True
    await bench.traces.write(RowBatch(Table.INCIDENTS, (incident_row(run, "a", "m"),)))
    await bench.traces.write(trail_batch(run, range(1, 11)))
    bench.database.away = False
    bench.database.refuses = {Table.INCIDENTS}
    bench.clock.advance(60)
    assert await bench.traces.replay() == 0
    recording = bench.traces.recording
    assert (recording.rows_set_aside, recording.rows_stored) == (1, 50)
    assert "refused.frames" in recording.last_error


async def test_a_frame_damaged_on_disk_is_counted_as_lost_and_blocks_nothing(bench: Bench) -> None:
    run = fresh_run()
    bench.database.away = True
    await bench.traces.write(RowBatch(Table.INCIDENTS, (incident_row(run, "a", "precious"),)))
    await bench.traces.write(trail_batch(run, range(1, 11)))
    (segment,) = bench.spool.directory.glob("*.spool")
    segment.write_bytes(segment.read_bytes().replace(b"precious", b"prec1ous"))
    bench.database.away = False
    bench.clock.advance(60)
    await bench.traces.replay()
    recording = bench.traces.recording
    assert (recording.rows_lost, recording.rows_stored) == (1, 50)
    assert "changed on disk" in recording.last_error


async def test_an_unreadable_frame_of_another_release_is_set_aside(bench: Bench) -> None:
    bench.spool.append(b"\xc1 not msgpack", rows=3)
    await bench.traces.replay()
    assert bench.traces.recording.rows_set_aside == 3


async def test_writers_at_the_same_time_lose_nothing(bench: Bench) -> None:
    run = fresh_run()
    bench.database.away = True
    await asyncio.gather(
        *(bench.traces.write(trail_batch(run, range(tick, tick + 1))) for tick in range(1, 20))
    )
    bench.database.away = False
    bench.clock.advance(60)
    await asyncio.gather(
        *(bench.traces.write(trail_batch(run, range(tick, tick + 1))) for tick in range(20, 40)),
        bench.traces.replay(),
    )
    await bench.traces.replay()
    assert await bench.traces.count_trails(run) == 39 * 5


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.sampled_from(["write", "again", "away", "mute", "back", "die", "replay"]), max_size=40)
)
def test_whatever_fails_every_acknowledged_row_is_stored_exactly_once(
    steps: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    asyncio.run(live(steps, tmp_path_factory.mktemp("spool")))


async def live(steps: list[str], directory: Path) -> None:
    run = fresh_run()
    bench = Bench(directory)
    tick = 0
    for step in [*steps, "back", "replay"]:
        if step in ("write", "again"):
            tick += step == "write"
            await bench.traces.write(trail_batch(run, range(max(tick, 1), max(tick, 1) + 1)))
            tick = max(tick, 1)
        elif step in ("away", "mute", "back"):
            bench.database.away = step == "away"
            bench.database.loses_replies = step == "mute"
        elif step == "die":
            bench.spool.close()
            database, bench = bench.database, Bench(directory)
            bench.database = database
            bench.traces = SpooledTraces(database, bench.spool, bench.clock)
        bench.clock.advance(6)
        if step == "replay":
            await bench.traces.replay()
    assert bench.spool.rows == 0
    assert [trail.tick for trail in await bench.traces.trails(run, npc=0, limit=1000)] == list(
        range(tick, 0, -1)
    )
    bench.spool.close()
