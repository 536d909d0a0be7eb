"""An NPC's diary as rows: nerve trails, ledger sums and beats, from the arena's records.

A ledger row is a sum over one beat, and a body that was killed may close a beat a second time from what it
remembered: such rows replace their older selves (`nimmer.stores.tables`). Source: docs/domain.md section 11.
"""

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np

from nimmer.life.lifeforce import REASONS
from nimmer.stores.tables import Table
from nimmer.stores.traces import RowBatch

Records = np.ndarray[tuple[int], np.dtype[Any]]
Ids = np.ndarray[tuple[int], np.dtype[np.int64]]
Row = dict[str, object]
KINDS = ("charge", "reward")


def entity(npc: int) -> str:
    """Return the name under which NPC `npc` keeps its ledger."""
    return f"npc.{npc}"


def nerve_trail_rows(run: str, npcs: Ids, records: Records, offset_s: float) -> RowBatch:
    """Return records of `NERVE_TRAIL` as rows of nerve_trails.

    Args:
        run: 16 hex digits.
        npcs: `(n,)`, the NPC of each record.
        records: `(n,)`.
        offset_s: what makes monotonic seconds unix seconds.
    """
    return RowBatch(
        Table.NERVE_TRAILS,
        tuple(_nerve_trail(run, npc, record, offset_s) for npc, record in _each(npcs, records)),
    )


def ledger_rows(run: str, npcs: Ids, records: Records, offset_s: float) -> RowBatch:
    """Return records of `LEDGER` as rows of lifeforce_ledger; arguments as for `nerve_trail_rows`."""
    return RowBatch(
        Table.LIFEFORCE_LEDGER,
        tuple(
            {
                "run": run,
                "beat": record["beat"],
                "entity": entity(npc),
                "kind": KINDS[record["kind"]],
                "reason": REASONS[record["reason"]],
                "at": record["time_s"] + offset_s,
                "amount_micro": record["amount_micro"],
                "unpaid_micro": record["unpaid_micro"],
                "entries": record["entries"],
            }
            for npc, record in _each(npcs, records)
        ),
    )


def beat_rows(run: str, npcs: Ids, records: Records, offset_s: float) -> RowBatch:
    """Return records of `BEAT` as rows of heartbeats; arguments as for `nerve_trail_rows`."""
    return RowBatch(
        Table.HEARTBEATS,
        tuple(
            {
                "run": run,
                "entity": entity(npc),
                "beat": record["beat"],
                "at": record["time_s"] + offset_s,
                "level_micro": record["level_micro"],
                "lambda": record["balance"] if isfinite(record["balance"]) else None,
                "budget_ms": record["budget_ms"],
                "rubric": record["rubric"],
                "attention": record["attention"],
                "vigour": record["vigour"],
                "ticks": record["ticks"],
                "openings": record["openings"],
            }
            for npc, record in _each(npcs, records)
        ),
    )


Rows = Callable[[str, Ids, Records, float], RowBatch]


def _nerve_trail(run: str, npc: int, record: Row, offset_s: float) -> Row:
    def at(name: str) -> float:
        return float(str(record[name])) + offset_s

    def used(count: str, *names: str) -> list[Any]:
        columns: list[list[int]] = [list(record[name])[: int(str(record[count]))] for name in names]  # type: ignore[call-overload]  # arrays
        return columns[0] if len(columns) == 1 else [list(one) for one in zip(*columns, strict=True)]

    same = (
        "serial",
        "nerve",
        "mode",
        "outcome",
        "event",
        "gate",
        "cause",
        "tier",
        "opened_tick",
        "started_tick",
    )
    return {
        "run": run,
        "npc": npc,
        **{name: record[name] for name in (*same, "ended_tick", "cost", "reward", "rubric", "weight")},
        "weight_delta": record["weight_delta"],
        "latency_ms": record["latency_ms"] if record["acted_s"] else None,
        "tick": record["npc_tick"],
        "matched": bool(record["matched"]),
        "started_at": at("started_s"),
        "acted_at": at("acted_s") if record["acted_s"] else None,
        "ended_at": at("time_s"),
        "states": used("states", "state"),
        "reads": used("reads", "read"),
        "commands": used("commands", "verb", "slot"),
    }


def _each(npcs: Ids, records: Records) -> list[tuple[int, dict[str, Any]]]:
    """Return each record's NPC and its fields as plain Python values."""
    names = records.dtype.names or ()
    columns = [records[name].tolist() for name in names]
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    return list(zip(npcs.tolist(), rows, strict=True))
