"""Rows of the cortex's calls, which two write: each completes what the other left out."""

from nimmer.stores.in_memory import InMemoryTraces
from nimmer.stores.tables import Table
from nimmer.stores.traces import RowBatch

ROW: dict[str, object] = {
    "run": "0123456789abcdef",
    "call": "a",
    "at": 1.0,
    "identity": "nyx-training",
    "priority": 5,
    "event_type": "npc_asks",
    "domain": "social",
    "outcome": "answered",
    "model": "nyx",
    "engine_ms": 90.0,
}


async def test_a_call_written_again_keeps_what_the_second_writer_does_not_know() -> None:
    traces = InMemoryTraces()
    kept = traces.rows[Table.CORTEX_CALLS]
    await traces.write(RowBatch(Table.CORTEX_CALLS, (ROW,)))
    fate = {name: value for name, value in ROW.items() if name not in ("model", "engine_ms", "outcome")}
    await traces.write(RowBatch(Table.CORTEX_CALLS, ({**fate, "outcome": "stale", "commands": []},)))
    assert kept[ROW["run"], "a"] == {**ROW, "outcome": "stale", "commands": []}
    await traces.write(RowBatch(Table.CORTEX_CALLS, (ROW,)))
    # the cortex's own row came last, and an answer that came too late stays one
    assert kept[ROW["run"], "a"] == {**ROW, "outcome": "stale", "commands": []}
