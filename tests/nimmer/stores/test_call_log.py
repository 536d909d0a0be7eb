"""Answered calls, read back from PostgreSQL, and made memories again."""

import pytest

from nimmer.cli.iris import memories_of
from nimmer.embedded.postgres_server import PostgresServer
from nimmer.errors import StoreUnavailableError
from nimmer.host.ports import free_port
from nimmer.stores.call_log import answered_calls
from nimmer.stores.memories import Memory
from nimmer.stores.postgres import PostgresTraces
from nimmer.stores.tables import Row, Table
from nimmer.stores.traces import RowBatch
from nimmer.testing.store_contract import fresh_run
from tests.nimmer.stores.test_call_rows import ROW

FATES = [
    {"target": "npc.7", "command": "talk", "payload": {}, "fate": "accepted"},
    {"target": "npc.3", "command": "talk", "payload": {}, "fate": "there is nobody here"},
]


def row(run: str, call: str, **changes: object) -> Row:
    asked = {"structured_input": {"question": "What now?"}}
    told = {"answer": "Speak to it.", "decision": "talk"}
    return {
        **ROW,
        "run": run,
        "call": call,
        "npc": 7,
        "world_tick": 40,
        "request": asked,
        "response": told,
        **changes,
    }


@pytest.mark.servers
async def test_what_was_answered_in_time_is_remembered_again(
    phoebe: tuple[PostgresServer, str], stored: PostgresTraces
) -> None:
    run = fresh_run()
    dropped = [{"target": "npc.7", "command": "", "payload": {}, "fate": "it comes too late"}]
    rows = (
        row(run, "a"),
        row(run, "b", outcome="failed"),
        row(run, "c", npc=None),
        row(run, "d", commands=dropped),
        row(run, "e", response=None),
    )
    await stored.write(RowBatch(Table.CORTEX_CALLS, rows))
    half = {name: value for name, value in ROW.items() if name not in ("model", "engine_ms")}
    await stored.write(RowBatch(Table.CORTEX_CALLS, ({**half, "run": run, "call": "a", "commands": FATES},)))
    found = [one for one in answered_calls(phoebe[1]) if one.run == run]
    assert memories_of(found) == [Memory(run, "a", 7, 40, "What now? Speak to it. Done: npc.7 talk.")]


def test_a_database_that_is_away_is_said() -> None:
    with pytest.raises(StoreUnavailableError, match="cannot read PostgreSQL"):
        answered_calls(f"host=127.0.0.1 port={free_port()} dbname=x user=x")
