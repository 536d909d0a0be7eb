"""What the governor decided is kept once, completed later, and found again; older databases take it too."""

from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from nimmer.embedded.postgres_server import PostgresServer
from nimmer.errors import StoreError
from nimmer.stores.governor_inquiry import GovernorInquiry
from nimmer.stores.migrate import migrate, packaged_migrations
from nimmer.stores.postgres import PostgresTraces
from nimmer.stores.tables import Table
from nimmer.stores.traces import RowBatch

pytestmark = pytest.mark.servers
RUN = "00000000000006a0"


def row(epoch: int, npc: int, run: str = RUN, **more: object) -> dict[str, Any]:
    return {
        "run": run, "epoch": epoch, "npc": npc, "at": 1_700_000_000.0 + epoch, "mode": "net", "policy": "net",
        "tick_hz": 12.5, "cpu_percent": 40.0, "nice": 3, "gates": {"battery_gate": "auto"}, "llm_priority": 5,
        "cortex_permission": False, "clamped": True, "weights": "00ff00ff00ff", "inputs": {"coverage": 0.25},
        "world": {"level": 0.33}, "proposed": {"tick_hz": float("nan")}, "reasons": {"coverage": [1.5, 2.5, 0.0]},
        "corrections": [{"what": "tick_hz", "proposed": float("nan"), "given": 12.5, "why": "not a finite number"}],
        **more,
    }  # fmt: skip


async def test_a_row_is_opened_and_completed_once(
    stored: PostgresTraces, phoebe: tuple[PostgresServer, str]
) -> None:
    opened = RowBatch(Table.GOVERNOR_DECISIONS, tuple(row(1, npc) for npc in range(3)))
    completed = RowBatch(
        Table.GOVERNOR_DECISIONS,
        tuple(row(1, npc, outcome={"coverage_gained": 0.1}, reward=2.0) for npc in range(3)),
    )
    assert await stored.write(opened) == 3
    assert await stored.write(completed) == 0
    assert await stored.write(completed) == 0
    inquiry = GovernorInquiry(phoebe[1])
    found = inquiry.epoch(RUN, 1)
    assert [one["npc"] for one in found] == [0, 1, 2]
    assert found[0]["outcome"] == {"coverage_gained": 0.1}
    assert (found[0]["reward"], found[0]["inputs"]) == (2.0, {"coverage": 0.25})
    assert found[0]["proposed"] == {"tick_hz": None}
    assert found[0]["corrections"][0]["proposed"] is None
    assert inquiry.newest_epoch(RUN) == (RUN, 1)


async def test_what_a_net_recommended_is_found_beside_what_was_given(
    stored: PostgresTraces, phoebe: tuple[PostgresServer, str]
) -> None:
    run = "00000000000006a1"
    wish = {"tick_hz": 20.0, "cpu_percent": 60.0, "cortex_priority": 9}
    rows = [row(epoch, npc, run, recommended=wish) for epoch in (1, 2, 3) for npc in (0, 1)] + [
        row(4, 0, run)
    ]
    await stored.write(RowBatch(Table.GOVERNOR_DECISIONS, tuple(rows)))
    found = GovernorInquiry(phoebe[1]).recommendations(run, 2)
    assert [(one["epoch"], one["npc"]) for one in found] == [(2, 0), (2, 1), (3, 0), (3, 1)]
    assert found[0]["recommended"] == wish


def test_what_is_not_there_is_said_with_what_there_is(phoebe: tuple[PostgresServer, str]) -> None:
    inquiry = GovernorInquiry(phoebe[1])
    with pytest.raises(StoreError, match="has decided nothing in run ffffffffffffffff"):
        inquiry.newest_epoch("f" * 16)
    with pytest.raises(StoreError, match="its newest are of epoch 1"):
        inquiry.epoch(RUN, 7)
    with pytest.raises(StoreError, match="nimmer governor mode shadow"):
        inquiry.recommendations(RUN, 5)


async def test_a_database_of_the_release_before_takes_the_new_columns_and_keeps_its_rows(
    phoebe: tuple[PostgresServer, str],
) -> None:
    with psycopg.connect(phoebe[1], autocommit=True) as connection:
        connection.execute("create schema before_the_net")
    dsn = make_conninfo(phoebe[1], options="-c search_path=before_the_net")
    migrate(dsn, packaged_migrations()[:5])
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "insert into governor_decisions (run, epoch, npc, at, mode, tick_hz, cpu_percent, nice, gates, llm_priority,"
            " cortex_permission, clamped) values ('0123456789abcdef', 1, 0, now(), 'rule', 10, 50, 0, '{}', 5, true, false)"
        )
    assert migrate(dsn)[0] == "0006_governor.sql"
    with psycopg.connect(dsn) as connection:
        kept = connection.execute("select mode, tick_hz, policy, outcome from governor_decisions").fetchall()
    assert kept == [("rule", 10.0, None, None)]
