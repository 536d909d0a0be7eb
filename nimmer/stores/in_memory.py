"""Traces kept in this process: the twin of the PostgreSQL driver, for tests and for what needs no database.

It keeps to the same contract (`nimmer.testing.store_contract`). Source: docs/domain.md section 11.
"""

from datetime import datetime

import numpy as np

from nimmer.arena.layout import TRAIL
from nimmer.stores.tables import SHAPES, Row, Table, row_key
from nimmer.stores.traces import Batch, RecordBatch, Snapshot, Trail, moment

_FROM_RECORD = tuple(
    name for name in Trail._fields if name in (TRAIL.names or ())
)  # fmt: skip


class InMemoryTraces:
    """Traces in dictionaries; `rows` holds every table by key, for tests to look at."""

    def __init__(self) -> None:
        """Start empty."""
        self.rows: dict[Table, dict[tuple[object, ...], object]] = {table: {} for table in Table}

    async def write(self, batch: Batch) -> int:
        """Keep a batch; see `Traces.write`."""
        table = self.rows[batch.table]
        before = len(table)
        if isinstance(batch, RecordBatch):
            make = _trails if batch.table is Table.DECISION_TRAILS else _transitions
            for key, value in make(batch):
                table.setdefault(key, value)
        else:
            for row in batch.rows:
                self._keep_row(batch.table, row)
        return len(table) - before

    def _keep_row(self, table: Table, row: Row) -> None:
        key, shape = row_key(table, row), SHAPES[table]
        old = self.rows[table].get(key)
        if shape.completes and isinstance(old, dict):
            kept = {name for name, value in shape.yields if row.get(name) == value}
            new = {name: value for name, value in row.items() if value is not None and name not in kept}
            self.rows[table][key] = old | new
        elif shape.replace or old is None:
            self.rows[table][key] = dict(row)

    async def trails(
        self, run: str | None = None, npc: int | None = None, since_s: float = 0.0, limit: int = 100
    ) -> list[Trail]:
        """Return the newest trails; see `Traces.trails`."""
        since = moment(round(since_s * 1e6))
        found = [
            trail
            for trail in self.rows[Table.DECISION_TRAILS].values()
            if isinstance(trail, Trail) and _matches(trail, run, npc, since)
        ]
        found.sort(key=lambda trail: (-trail.at.timestamp(), trail.run, trail.npc, -trail.tick))
        return found[:limit]

    async def count_trails(self, run: str) -> int:
        """Return how many trails of `run` are kept."""
        return sum(key[0] == run for key in self.rows[Table.DECISION_TRAILS])

    async def latest_snapshot(self, run: str) -> Snapshot | None:
        """Return the newest snapshot of `run`; see `Traces.latest_snapshot`."""
        keys = [key for key in self.rows[Table.WORLD_SNAPSHOTS] if key[0] == run]
        if not keys:
            return None
        row = self.rows[Table.WORLD_SNAPSHOTS][max(keys, key=lambda key: (key[1], key[2]))]
        assert isinstance(row, dict)
        return Snapshot(*(row[name] for name in Snapshot._fields))

    async def close(self) -> None:
        """Keep everything: closing a memory forgets nothing."""


def _matches(trail: Trail, run: str | None, npc: int | None, since: datetime) -> bool:
    return run in (None, trail.run) and npc in (None, trail.npc) and trail.at >= since


def _trails(batch: RecordBatch) -> list[tuple[tuple[object, ...], object]]:
    columns = {name: batch.records[name].tolist() for name in _FROM_RECORD}
    columns["npc"] = batch.npcs.tolist()
    columns["tick"] = batch.records["npc_tick"].tolist()
    columns["at"] = [moment(unix_us) for unix_us in batch.unix_us().tolist()]
    columns["run"] = [batch.run] * len(batch)
    trails = [Trail(*values) for values in zip(*(columns[name] for name in Trail._fields), strict=True)]
    return [((trail.run, trail.npc, trail.tick), trail) for trail in trails]


_TRANSITION_KEY = ("npc_tick", "gate", "from_state", "to_state", "value")


def _transitions(batch: RecordBatch) -> list[tuple[tuple[object, ...], object]]:
    keys: list[list[object]] = [list(batch.npcs.tolist())]
    for name in _TRANSITION_KEY:
        column = batch.records[name]
        # NaN is not itself in Python, but is one value in a PostgreSQL key
        keys.append([str(value) for value in column + 0.0] if column.dtype.kind == "f" else column.tolist())
    return [
        ((batch.run, *key), record)
        for *key, record in zip(*keys, np.array(batch.records), strict=True)
    ]  # fmt: skip
