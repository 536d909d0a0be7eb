"""An NPC's diary as rows: what PostgreSQL would refuse is refused before it is acknowledged."""

from typing import Any

import numpy as np

from nimmer.arena.layout import BEAT, LEDGER, NERVE_TRAIL
from nimmer.life.lifeforce import REASONS
from nimmer.stores.diary_rows import beat_rows, ledger_rows, nerve_trail_rows
from nimmer.stores.in_memory import InMemoryTraces
from nimmer.stores.tables import Table

RUN = "0123456789abcdef"
OFFSET_S = 1_700_000_000.0
NPCS = np.array([7])


def trail(**changes: float) -> np.ndarray[Any, Any]:
    record = np.zeros(1, NERVE_TRAIL)
    record["serial"], record["time_s"], record["states"], record["commands"] = 4, 2.0, 2, 1
    record["state"][0, :2], record["verb"][0, 0], record["slot"][0, 0] = (2, 5), 1, 3
    for name, value in changes.items():
        record[name] = value
    return record


def test_a_trail_row_holds_what_is_used_of_its_arrays() -> None:
    (row,) = nerve_trail_rows(RUN, NPCS, trail(acted_s=1.5, latency_ms=20.0), OFFSET_S).rows
    assert row["states"] == [2, 5]
    assert row["reads"] == []
    assert row["commands"] == [[1, 3]]
    assert (row["acted_at"], row["ended_at"]) == (OFFSET_S + 1.5, OFFSET_S + 2.0)


def test_a_trail_without_an_act_has_neither_time_nor_latency_of_one() -> None:
    (row,) = nerve_trail_rows(RUN, NPCS, trail(latency_ms=20.0), OFFSET_S).rows
    assert (row["acted_at"], row["latency_ms"]) == (None, None)


async def test_a_beat_closed_again_replaces_its_rows() -> None:
    traces = InMemoryTraces()
    for amount in (5, 9):
        record = np.zeros(1, LEDGER)
        record["kind"], record["reason"], record["amount_micro"] = 1, REASONS.index("fact"), amount
        await traces.write(ledger_rows(RUN, NPCS, record, OFFSET_S))
        closed = np.zeros(1, BEAT)
        closed["level_micro"] = amount
        await traces.write(beat_rows(RUN, NPCS, closed, OFFSET_S))
    (row,) = traces.rows[Table.LIFEFORCE_LEDGER].values()
    assert isinstance(row, dict)
    assert (row["entity"], row["kind"], row["reason"], row["amount_micro"]) == ("npc.7", "reward", "fact", 9)
    (beat,) = traces.rows[Table.HEARTBEATS].values()
    assert isinstance(beat, dict)
    assert (beat["level_micro"], beat["lambda"]) == (9, 0.0)


def test_an_endless_lambda_is_null() -> None:
    record = np.zeros(1, BEAT)
    record["balance"] = np.inf
    (row,) = beat_rows(RUN, NPCS, record, OFFSET_S).rows
    assert row["lambda"] is None
