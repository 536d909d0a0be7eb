"""Acknowledged trail rows per second through recorder and spool into PostgreSQL, against a bare COPY.

Ours: `SpooledTraces(PostgresTraces)` into decision_trails with its key and index, every batch acknowledged, so
committed, before the next is sent. Two rivals, same columns, same batches of 500 rows, same server, a commit
per batch, into a table with neither key nor index:

- bare COPY: psycopg's `copy.write_row`, the way a plain script loads rows;
- bare COPY of ready bytes: the binary stream built beforehand, which leaves only the server's work.

Each side sends rows it has never sent before, 25 NPCs at a time; decision_trails and its index grow over the
pairs, the rivals' table is made anew for each. The ratio is ours / rival, in rows per second
of wall time; the goal is 0.5. Against ready bytes the difference is the key that keeps a row from being stored
twice and the index that finds it by time, which the rival has not.
The server is nimmer's own, fsync on, in a temporary directory.

    scripts/bench/run trails
"""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psycopg
from measurement import Measurement, cpu_seconds, median_of_pairs
from psycopg.conninfo import make_conninfo

from nimmer.arena.layout import TRAIL
from nimmer.chance import Chance
from nimmer.clock import SystemClock
from nimmer.embedded.credentials import ensure
from nimmer.embedded.postgres_server import PostgresServer
from nimmer.stores.copy_format import TRAIL_COLUMNS, trails_as_copy
from nimmer.stores.migrate import migrate
from nimmer.stores.postgres import PostgresTraces
from nimmer.stores.recorder import SpooledTraces
from nimmer.stores.spool import Spool
from nimmer.stores.traces import RecordBatch, moment, unix_offset_s

GOAL = ">= 0.5"
BATCH_ROWS = 500
NPCS = 25
RUN = "00000000000be9c4"
CLOCK = SystemClock()


class Ticks:
    """Batches of trails whose ticks never repeat."""

    def __init__(self) -> None:
        """Start at tick 1."""
        self._next = 1
        self._rng = Chance(1).generator("trails")
        self._offset_s = unix_offset_s(CLOCK)

    def batches(self, count: int) -> list[RecordBatch]:
        """Return the next `count` batches of `BATCH_ROWS` rows."""
        return [self._batch() for _ in range(count)]

    def _batch(self) -> RecordBatch:
        ticks = BATCH_ROWS // NPCS
        records = np.zeros(BATCH_ROWS, TRAIL)
        records["npc_tick"] = np.repeat(np.arange(self._next, self._next + ticks), NPCS)
        records["world_tick"] = records["npc_tick"]
        records["time_s"] = CLOCK.monotonic_s() + records["npc_tick"] * 0.05
        records["node"] = self._rng.integers(0, 25, BATCH_ROWS)
        records["verb"] = self._rng.integers(0, 5, BATCH_ROWS)
        records["gates"] = self._rng.integers(0, 1 << 16, BATCH_ROWS)
        for name in ("energy", "lifeforce", "cost", "reward", "coverage", "lateness_us", "compute_us"):
            records[name] = self._rng.random(BATCH_ROWS)
        self._next += ticks
        return RecordBatch(RUN, np.tile(np.arange(NPCS), ticks), records, self._offset_s)


def measure(quick: bool) -> list[Measurement]:
    """Return the ratio to both rivals."""
    count = 20 if quick else 200
    pairs = 3 if quick else 7
    ticks = Ticks()
    with server() as (home, dsn), asyncio.Runner() as runner:
        cpu_us: list[float] = []

        def ours() -> float:
            batches = ticks.batches(count)
            before_s = cpu_seconds()
            rate = runner.run(recorded(dsn, home / "spool", batches))
            cpu_us.append((cpu_seconds() - before_s) / (count * BATCH_ROWS) * 1e6)
            return rate

        def by_row() -> float:
            rows = [rows_of(batch) for batch in ticks.batches(count)]
            return runner.run(copied(dsn, [sender(batch) for batch in rows], binary=False))

        def ready() -> float:
            streams = [trails_as_copy(batch) for batch in ticks.batches(count)]
            return runner.run(copied(dsn, [whole(stream) for stream in streams], binary=True))

        for first in (ours, by_row, ready):
            first()
        against_rows = median_of_pairs(ours, by_row, pairs)
        against_bytes = median_of_pairs(ours, ready, pairs)
        note = f"{BATCH_ROWS} rows a batch, {sorted(cpu_us)[len(cpu_us) // 2]:.2f} us client CPU a row"
        return [
            against_rows.measurement("acked trail rows", "rows/s", "bare COPY", GOAL, note),
            against_bytes.measurement("acked trail rows", "rows/s", "bare COPY of ready bytes", GOAL, note),
        ]


@contextmanager
def server() -> Iterator[tuple[Path, str]]:
    """Start a throw-away PostgreSQL; give its directory and its owner's connection string."""
    home = Path(tempfile.mkdtemp(prefix="nimmer-"))
    # the user that PostgreSQL runs as must be able to pass
    home.chmod(0o711)
    credentials = ensure(home, ())
    postgres = PostgresServer(home, "dev", credentials, home, CLOCK)
    try:
        dsn = make_conninfo(postgres.start(), password=credentials.postgres)
        migrate(dsn)
        yield home, dsn
    finally:
        postgres.stop()
        shutil.rmtree(home)


def empty_bare(dsn: str) -> None:
    """Make the rivals' table anew."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("drop table if exists bare")
        columns = ", ".join(name for name, _ in TRAIL_COLUMNS)
        connection.execute(f"create table bare as select {columns} from decision_trails with no data")


async def recorded(dsn: str, directory: Path, batches: list[RecordBatch]) -> float:
    """Return the rows per second acknowledged by a recorder, none of which may have gone to its spool."""
    with Spool(directory, 1 << 26) as spool:
        traces = SpooledTraces(PostgresTraces(dsn), spool, CLOCK)
        await traces.count_trails(RUN)
        start_s = CLOCK.monotonic_s()
        for batch in batches:
            await traces.write(batch)
        taken_s = CLOCK.monotonic_s() - start_s
        if traces.recording.rows_stored != len(batches) * BATCH_ROWS:
            raise RuntimeError(f"the server did not take every row: {traces.recording}")
        await traces.close()
    return len(batches) * BATCH_ROWS / taken_s


Send = Callable[[psycopg.AsyncCopy], Awaitable[None]]


def rows_of(batch: RecordBatch) -> list[tuple[object, ...]]:
    """Return the batch as Python rows in the order of `TRAIL_COLUMNS`."""
    special: dict[str, list[object]] = {
        "npc": list(batch.npcs.tolist()),
        "tick": list(batch.records["npc_tick"].tolist()),
        "at": [moment(unix_us) for unix_us in batch.unix_us().tolist()],
        "run": [batch.run] * len(batch),
    }
    columns = [special.get(name) or batch.records[name].tolist() for name, _ in TRAIL_COLUMNS]
    return list(zip(*columns, strict=True))


def sender(rows: list[tuple[object, ...]]) -> Send:
    """Return what sends rows one by one."""

    async def send(copy: psycopg.AsyncCopy) -> None:
        for row in rows:
            await copy.write_row(row)

    return send


def whole(stream: bytes) -> Send:
    """Return what sends a ready stream."""

    async def send(copy: psycopg.AsyncCopy) -> None:
        await copy.write(stream)

    return send


async def copied(dsn: str, sends: list[Send], *, binary: bool) -> float:
    """Return the rows per second of one COPY per batch into the bare table, each its own transaction."""
    empty_bare(dsn)
    columns = ", ".join(name for name, _ in TRAIL_COLUMNS)
    how = " (format binary)" if binary else ""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        start_s = CLOCK.monotonic_s()
        for send in sends:
            async with connection.cursor().copy(f"copy bare ({columns}) from stdin{how}") as copy:
                await send(copy)
        taken_s = CLOCK.monotonic_s() - start_s
    return len(sends) * BATCH_ROWS / taken_s
