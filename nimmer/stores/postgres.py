"""Traces in PostgreSQL: trails by binary COPY, everything once, durable when `write` returns.

A batch of trails is one COPY, which commits on its own. Only when the server finds a row it already has is the
batch staged and merged, so the usual road costs no more than a COPY and the rare one is still exact.
Source: docs/domain.md section 11; docs/design.md, "Truth, mirrors and copies".
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import cast

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.types.json import Jsonb

from nimmer.errors import StoreError, StoreUnavailableError
from nimmer.stores.copy_format import TRAIL_COLUMNS, trails_as_copy
from nimmer.stores.named_sql import named_sql
from nimmer.stores.tables import SHAPES, Column, Kind, Row, Shape, Table, json_text
from nimmer.stores.traces import Batch, RecordBatch, RowBatch, Snapshot, Trail, moment

_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction)
"""A connection that is closed, refused, shut down, timed out, out of disk or on a standby: it may work again."""

_WINDOWS = (timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=36_500))
"""Spans back from now in which the newest trails are sought, one after the other."""

_NAMES = ", ".join(name for name, _ in TRAIL_COLUMNS)
_COPY = f"copy decision_trails ({_NAMES}) from stdin (format binary)"
_STAGE = f"copy staged_trails ({_NAMES}) from stdin (format binary)"


class PostgresTraces:
    """The `Traces` of a PostgreSQL server, over one connection that is opened when needed and reopened when lost."""

    def __init__(self, dsn: str, *, statement_timeout_s: float = 10.0, connect_timeout_s: int = 3) -> None:
        """Keep where the server is; nothing is opened yet.

        Args:
            dsn: a libpq connection string; its database must be migrated (`nimmer.stores.migrate`).
            statement_timeout_s: the longest one statement may take before the server counts as away; a server
                that does not even say so is given up after half as much again.
            connect_timeout_s: the longest a connection may take to open; libpq allows no less than 2.
        """
        self._dsn = dsn
        self._connect_timeout_s = connect_timeout_s
        self._options = f"-c statement_timeout={round(statement_timeout_s * 1000)} -c timezone=UTC"
        self._patience_s = 1.5 * statement_timeout_s
        self._connection: psycopg.AsyncConnection | None = None
        self._lock = asyncio.Lock()
        self._sql = named_sql()

    async def write(self, batch: Batch) -> int:
        """Store a batch; see `Traces.write`."""
        if not len(batch):
            return 0
        async with self._connected("write to") as connection:
            if isinstance(batch, RowBatch):
                return await self._write_rows(connection, batch)
            if batch.table is Table.GATE_TRANSITIONS:
                return await self._write_transitions(connection, batch)
            return await self._write_trails(connection, batch)

    async def _write_trails(self, connection: psycopg.AsyncConnection, batch: RecordBatch) -> int:
        data = trails_as_copy(batch)
        try:
            async with connection.cursor() as cursor:
                async with cursor.copy(_COPY) as copy:
                    await copy.write(data)
                return cursor.rowcount
        except psycopg.errors.UniqueViolation:
            return await self._merge_trails(connection, data)

    async def _merge_trails(self, connection: psycopg.AsyncConnection, data: bytes) -> int:
        async with connection.transaction(), connection.cursor() as cursor:
            await cursor.execute(self._sql["stage_trails"])
            async with cursor.copy(_STAGE) as copy:
                await copy.write(data)
            await cursor.execute(self._sql["keep_new_trails"])
            return cursor.rowcount

    async def _write_transitions(self, connection: psycopg.AsyncConnection, batch: RecordBatch) -> int:
        async with connection.transaction(), connection.cursor() as cursor:
            await cursor.executemany(self._sql["keep_transition"], transition_rows(batch))
            return cursor.rowcount

    async def _write_rows(self, connection: psycopg.AsyncConnection, batch: RowBatch) -> int:
        shape = SHAPES[batch.table]
        new = 0
        async with connection.transaction(), connection.cursor() as cursor:
            await cursor.executemany(
                _insertion(batch.table, shape), [_values(shape, row) for row in batch.rows], returning=True
            )
            async for result in cursor.results():
                new += sum([inserted for (inserted,) in await result.fetchall()])
        return new

    async def trails(
        self, run: str | None = None, npc: int | None = None, since_s: float = 0.0, limit: int = 100
    ) -> list[Trail]:
        """Return the newest trails; see `Traces.trails`.

        The index on `at` finds a time span, not an end, so the newest are sought in growing spans back from now.
        """
        since = moment(round(since_s * 1e6))
        wanted = {"run": run, "npc": npc, "since": since, "limit": limit}
        async with self._connected("read") as connection:
            for window in _WINDOWS:
                cursor = await connection.execute(self._sql["trails"], {**wanted, "window": window})
                rows = await cursor.fetchall()
                if len(rows) >= limit or datetime.now(UTC) - window <= since:
                    break
            return [Trail(*row) for row in rows]

    async def count_trails(self, run: str) -> int:
        """Return how many trails of `run` are stored."""
        async with self._connected("read") as connection:
            cursor = await connection.execute(self._sql["count_trails"], {"run": run})
            row = await cursor.fetchone()
            return int(row[0]) if row else 0

    async def latest_snapshot(self, run: str) -> Snapshot | None:
        """Return the newest snapshot of `run`; see `Traces.latest_snapshot`."""
        async with self._connected("read") as connection:
            cursor = await connection.execute(self._sql["latest_snapshot"], {"run": run}, binary=True)
            row = await cursor.fetchone()
            return Snapshot(*row) if row else None

    async def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    @contextlib.asynccontextmanager
    async def _connected(self, purpose: str) -> AsyncIterator[psycopg.AsyncConnection]:
        # one statement at a time: a reader must not join a writer's transaction
        async with self._lock:
            try:
                connection = await self._usable_connection()
                with _given_up_after(connection, self._patience_s):
                    yield connection
            except _AWAY as error:
                await self.close()
                raise StoreUnavailableError(f"cannot {purpose} PostgreSQL: {_one_line(error)}") from error
            except psycopg.Error as error:
                raise StoreError(f"PostgreSQL refused: {_one_line(error)}{_advice(error)}") from error

    async def _usable_connection(self) -> psycopg.AsyncConnection:
        kept = self._connection
        if kept is not None and kept.info.transaction_status is TransactionStatus.IDLE:
            return kept
        # lost, or left in the middle of something by a cancelled task
        await self.close()
        self._connection = await psycopg.AsyncConnection.connect(
            self._dsn,
            autocommit=True,
            connect_timeout=self._connect_timeout_s,
            application_name="nimmer",
            options=self._options,
        )
        return self._connection


@contextlib.contextmanager
def _given_up_after(connection: psycopg.AsyncConnection, patience_s: float) -> Iterator[None]:
    """Hang up on a server that is there but silent (stopped, or behind a dead network).

    Cancelling the task would not do: psycopg then waits for the server to confirm.
    """
    handle = asyncio.get_running_loop().call_later(patience_s, _hang_up, connection)
    try:
        yield
    finally:
        handle.cancel()


def _hang_up(connection: psycopg.AsyncConnection) -> None:
    if not connection.closed:
        with socket.socket(fileno=os.dup(connection.fileno())) as line, contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def transition_rows(batch: RecordBatch) -> list[tuple[object, ...]]:
    """Return one row of gate_transitions per TRANSITION record, in the order of the named statement."""
    records = batch.records
    columns = [
        records[name].tolist()
        for name in (
            "npc_tick", "gate", "from_state", "to_state", "value", "cause", "tier", "correlation", "cost", "weight", "node",
        )
    ]  # fmt: skip
    moments = [moment(unix_us) for unix_us in batch.unix_us().tolist()]
    rows = zip(batch.npcs.tolist(), *columns, _trigger_signals(batch), moments, strict=True)
    return [(batch.run, *row) for row in rows]


def _trigger_signals(batch: RecordBatch) -> list[Jsonb]:
    records = batch.records
    found = []
    for count, cells, confidences, times_s, said in zip(
        records["triggers"].tolist(),
        records["trigger_cell"].tolist(),
        records["trigger_confidence"].tolist(),
        (records["trigger_time_s"] + batch.unix_offset_s).tolist(),
        records["trigger_values"].tolist(),
        strict=True,
    ):
        named = zip(cells[:count], confidences[:count], times_s[:count], said, strict=False)
        signals = [
            {"cell": cell, "confidence": sure, "timestamp": time_s, "values": values}
            for cell, sure, time_s, values in named
        ]
        found.append(Jsonb(signals, dumps=json_text))
    return found


def _insertion(table: Table, shape: Shape) -> sql.Composed:
    names = [column.name for column in shape.columns]
    replacement = sql.SQL(", ").join(
        sql.SQL("{0} = {1}").format(sql.Identifier(column.name), _replaced(table, shape, column))
        for column in shape.columns
        if column.name not in shape.key
    )
    return sql.SQL("insert into {table} ({names}) values ({values}) {conflict} returning {new}").format(
        table=sql.Identifier(table.value),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        values=sql.SQL(", ").join([sql.Placeholder()] * len(names)),
        conflict=sql.SQL("on conflict ({key}) do update set {changes}").format(
            key=sql.SQL(", ").join(map(sql.Identifier, shape.key)), changes=replacement
        )
        if shape.replace
        else sql.SQL("on conflict do nothing"),
        # only a row that was updated has a deleting transaction
        new=sql.SQL("xmax = 0"),
    )


def _replaced(table: Table, shape: Shape, column: Column) -> sql.Composed:
    """Return what a column becomes when its row is written again: the new value, or what it was where there is none."""
    new = sql.SQL("excluded.{0}").format(sql.Identifier(column.name))
    old = sql.SQL("{0}.{1}").format(sql.Identifier(table.value), sql.Identifier(column.name))
    if (yielding := dict(shape.yields).get(column.name)) is not None:
        return sql.SQL("case when {0} = {1} then {2} else {0} end").format(new, sql.Literal(yielding), old)
    if not (shape.completes and column.nullable):
        return new
    return sql.SQL("coalesce({0}, {1})").format(new, old)


def _values(shape: Shape, row: Row) -> list[object]:
    return [_value(column.kind, row.get(column.name)) for column in shape.columns]


def _value(kind: Kind, value: object) -> object:
    if value is None:
        return None
    if kind is Kind.JSON:
        return Jsonb(value, dumps=json_text)
    if kind is Kind.TIME:
        return datetime.fromtimestamp(cast("float", value), UTC)
    return value


def _one_line(error: psycopg.Error) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _advice(error: psycopg.Error) -> str:
    missing = isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn)
    return "; migrate the database first" if missing else ""
