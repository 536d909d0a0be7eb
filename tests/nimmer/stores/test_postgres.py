import asyncio

import psycopg
import pytest

from nimmer.embedded.postgres_server import PostgresServer
from nimmer.errors import StoreError, StoreUnavailableError
from nimmer.stores.postgres import PostgresTraces
from nimmer.stores.tables import SHAPES, Kind, Table
from nimmer.stores.traces import RowBatch, Traces
from nimmer.testing.store_contract import (
    TracesContract,
    fresh_run,
    incident_row,
    run_row,
    trail_batch,
    transition_batch,
)

pytestmark = pytest.mark.servers


class TestPostgresTraces(TracesContract):
    @pytest.fixture
    def traces(self, stored: PostgresTraces) -> Traces:
        return stored


def test_every_table_has_the_columns_and_the_key_its_shape_names(phoebe: tuple[PostgresServer, str]) -> None:
    with psycopg.connect(phoebe[1]) as connection:
        for table, shape in SHAPES.items():
            rows = connection.execute(
                "select column_name, is_nullable = 'YES' from information_schema.columns where table_name = %s",
                (table.value,),
            ).fetchall()
            assert dict(rows) == {column.name: column.nullable for column in shape.columns}
            key = connection.execute(
                "select array_agg(a.attname::text) from pg_index i join pg_attribute a on a.attrelid = i.indrelid"
                " and a.attnum = any(i.indkey) where i.indrelid = %s::regclass and i.indisprimary",
                (table.value,),
            ).fetchone()
            assert key is not None
            assert set(key[0]) == set(shape.key)


def example_row(table: Table, run: str) -> dict[str, object]:
    examples: dict[Kind, object] = {
        Kind.TEXT: "charge",
        Kind.RUN: run,
        Kind.SMALL: -32768,
        Kind.WHOLE: 2**31 - 1,
        Kind.BIG: -(2**63),
        Kind.REAL: 0.5,
        Kind.FLAG: True,
        Kind.TIME: 1_700_000_000.25,
        Kind.JSON: {"a": [1, None, "ü"]},
        Kind.BYTES: b"\0\xff",
    }
    return {column.name: examples[column.kind] for column in SHAPES[table].columns}


@pytest.mark.parametrize("table", list(SHAPES))
async def test_a_full_row_of_every_table_is_stored(table: Table, stored: PostgresTraces) -> None:
    assert await stored.write(RowBatch(table, (example_row(table, fresh_run()),))) == 1


async def test_the_last_row_of_a_run_is_the_one_that_stays(
    stored: PostgresTraces, phoebe: tuple[PostgresServer, str]
) -> None:
    run = fresh_run()
    await stored.write(RowBatch(Table.RUNS, (run_row(run),)))
    await stored.write(RowBatch(Table.RUNS, (run_row(run, summary={"coverage": float("nan"), "level": 3}),)))
    with psycopg.connect(phoebe[1]) as connection:
        rows = connection.execute("select seed, summary from runs where run = %s", (run,)).fetchall()
    assert rows == [(42, {"coverage": None, "level": 3})]


async def test_a_transition_is_readable_with_its_triggers(
    stored: PostgresTraces, phoebe: tuple[PostgresServer, str]
) -> None:
    run = fresh_run()
    await stored.write(transition_batch(run, range(7, 8)))
    with psycopg.connect(phoebe[1]) as connection:
        rows = connection.execute(
            "select gate_name, from_state, to_state, trigger_signals from gate_history where run = %s"
            " order by to_state desc",
            (run,),
        ).fetchall()
    assert [row[:3] for row in rows] == [("gate 0", "open", "stable"), ("gate 0", "stable", "closed")]
    assert [(signal["cell"], signal["confidence"]) for signal in rows[0][3]] == [
        (4, 0.5),
        (5, pytest.approx(0.9)),
    ]


async def test_trails_can_be_read_in_words(
    stored: PostgresTraces, phoebe: tuple[PostgresServer, str]
) -> None:
    run = fresh_run()
    batch = trail_batch(run, range(1, 2), npcs=1)
    batch.records["verb"] = 1
    batch.records["slot"] = 2
    batch.records["gates"] = 0b01_10_01_10
    await stored.write(batch)
    with psycopg.connect(phoebe[1]) as connection:
        rows = connection.execute(
            "select verb, slot, decided_by, open_gates from trails_in_words where run = %s", (run,)
        ).fetchall()
    assert rows == [("move", 2, "brain", ["gate 0", "gate 2"])]


async def test_a_row_the_database_refuses_leaves_nothing_of_its_batch(stored: PostgresTraces) -> None:
    run = fresh_run()
    good = example_row(Table.LIFEFORCE_LEDGER, run)
    with pytest.raises(StoreError, match="PostgreSQL refused"):
        await stored.write(RowBatch(Table.LIFEFORCE_LEDGER, (good, good | {"kind": "gift"})))
    assert await stored.write(RowBatch(Table.LIFEFORCE_LEDGER, (good,))) == 1


async def test_no_server_is_unavailable() -> None:
    traces = PostgresTraces("host=127.0.0.1 port=1 user=nimmer dbname=nimmer_dev")
    with pytest.raises(StoreUnavailableError, match="cannot write to PostgreSQL"):
        await traces.write(trail_batch(fresh_run(), range(1, 2)))
    with pytest.raises(StoreUnavailableError, match="cannot read PostgreSQL"):
        await traces.trails()


async def test_a_database_that_was_not_migrated_says_so(phoebe: tuple[PostgresServer, str]) -> None:
    traces = PostgresTraces(phoebe[1])
    with psycopg.connect(phoebe[1], autocommit=True) as connection:
        connection.execute("create schema empty")
    traces._options = "-c search_path=empty"
    with pytest.raises(StoreError, match="migrate the database first"):
        await traces.count_trails(fresh_run())
    await traces.close()


async def test_a_writer_that_was_cancelled_does_not_spoil_the_connection(stored: PostgresTraces) -> None:
    run = fresh_run()
    await stored.write(RowBatch(Table.INCIDENTS, (incident_row(run, "a", "one"),)))
    writing = asyncio.create_task(stored.write(trail_batch(run, range(1, 4001))))
    await asyncio.wait({writing}, timeout=0.005)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    # nothing or all of it, and the rest on top
    before = await stored.count_trails(run)
    assert before in (0, 20_000)
    assert await stored.write(trail_batch(run, range(1, 4001))) == 20_000 - before


async def test_two_writers_of_the_same_rows_store_them_once(phoebe: tuple[PostgresServer, str]) -> None:
    run = fresh_run()
    writers = [PostgresTraces(phoebe[1]) for _ in range(3)]
    batches = [trail_batch(run, range(start, start + 20)) for start in range(1, 200, 10)]
    stored = await asyncio.gather(*(writer.write(batch) for batch in batches for writer in writers))
    assert sum(stored) == await writers[0].count_trails(run) == 210 * 5
    for writer in writers:
        await writer.close()
