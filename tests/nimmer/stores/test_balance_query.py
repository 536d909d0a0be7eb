"""The query of docs/lifeforce.md that proves the balance, run as it stands there."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from nimmer.chance import Chance
from nimmer.embedded.postgres_server import PostgresServer
from nimmer.life.lifeforce import KINDS, REASONS, Entry, Lifeforce

DOCUMENT = Path(__file__).parents[3] / "docs" / "lifeforce.md"
QUERY = DOCUMENT.read_text(encoding="utf-8").partition("```sql\n")[2].partition("```")[0].rstrip().rstrip(";")
TABLES = (
    """create table lifeforce_ledger (run text, beat bigint, entity text, kind text, reason text,
    amount_micro bigint, unpaid_micro bigint, entries bigint, primary key (run, entity, beat, kind, reason))""",
    """create table heartbeats (run text, entity text, beat bigint, level_micro bigint,
    primary key (run, entity, beat))""",
)
SUM = """insert into lifeforce_ledger values ('r', {}, '{}', '{}', '{}', {}, {}, {})
    on conflict (run, entity, beat, kind, reason) do update set amount_micro = excluded.amount_micro,
    unpaid_micro = excluded.unpaid_micro, entries = excluded.entries"""
CLOSE = """insert into heartbeats values ('r', '{}', {}, {})
    on conflict (run, entity, beat) do update set level_micro = excluded.level_micro"""


class Database:
    """Two tables and the query."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401  # sqlite's or psycopg's, which share no type
        self.connection = connection
        for table in TABLES:
            connection.execute(table)

    def write(self, beat: int, entity: str, entries: tuple[Entry, ...], level_micro: int) -> None:
        for one in entries:
            kind, reason = KINDS[one.kind], REASONS[one.reason]
            row = (beat, entity, kind, reason, one.amount_micro, one.unpaid_micro, one.count)
            self.connection.execute(SUM.format(*row))
        self.connection.execute(CLOSE.format(entity, beat, level_micro))

    def unbalanced(self) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.connection.execute(QUERY).fetchall()]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    if request.param == "sqlite":
        connection = sqlite3.connect(":memory:")
        yield Database(connection)
        connection.close()
        return
    server: tuple[PostgresServer, str] = request.getfixturevalue("phoebe")
    with psycopg.connect(server[1]) as postgres:
        name = f"balance{abs(hash(request.node.name))}"
        postgres.execute(f'create schema "{name}"; set local search_path to "{name}"'.encode())
        yield Database(postgres)
        postgres.rollback()


def live(database: Database, entity: str, generator: np.random.Generator, ticks: int = 800) -> None:
    """Live, be killed now and then, and come back with what was remembered up to a second before."""
    ledger = Lifeforce()
    memory = json.dumps(ledger.state())
    for tick in range(ticks):
        ledger.advance(0.25)
        ledger.charge(
            str(generator.choice(["sense", "gate", "nerve", "collision"])), float(generator.exponential())
        )
        if generator.random() < 0.1:
            ledger.reward(str(generator.choice(["fact", "area"])), float(generator.integers(1, 30)))
        if ledger.beat_over:
            beat, micro = ledger.beat, ledger.micro
            database.write(beat, entity, ledger.close_beat(), micro)
        if tick % 4 == 0:
            memory = json.dumps(ledger.state())
        if generator.random() < 0.01:
            ledger = Lifeforce()
            ledger.restore(json.loads(memory))
    beat, micro = ledger.beat, ledger.micro
    database.write(beat, entity, ledger.close_beat(), micro)


def test_lives_with_kills_in_them_balance_to_the_last_unit(database: Database) -> None:
    chance = Chance(11)
    for npc in range(5):
        live(database, f"npc.{npc}", chance.generator("life", npc))
    assert database.unbalanced() == []
    (closed,) = database.connection.execute("select count(*) from heartbeats").fetchone()
    assert closed >= 5 * 6


@pytest.mark.parametrize(
    ("harm", "first"),
    [
        (
            "update lifeforce_ledger set amount_micro = amount_micro - 1 where beat = 2 and reason = 'gate' and kind = 'charge'",
            2,
        ),
        ("delete from lifeforce_ledger where beat = 3 and reason = 'income'", 3),
        ("update heartbeats set level_micro = level_micro - 1 where beat = 1", 1),
        ("delete from heartbeats where beat = 1", 1),
    ],
)
def test_what_is_off_by_a_millionth_or_missing_is_named(database: Database, harm: str, first: int) -> None:
    live(database, "npc.0", Chance(12).generator("life"))
    live(database, "npc.1", Chance(13).generator("life"))
    database.connection.execute(f"{harm} and entity = 'npc.1'")
    found = database.unbalanced()
    assert {row[1] for row in found} == {"npc.1"}
    assert found[0][2] == first


def test_sums_of_a_beat_that_is_still_open_are_not_called_wrong(database: Database) -> None:
    live(database, "npc.0", Chance(14).generator("life"))
    database.connection.execute(
        "insert into lifeforce_ledger values ('r', 99, 'npc.0', 'charge', 'gate', 5, 0, 1)"
    )
    assert database.unbalanced() == []
