"""The port to what happened: batches of trails, transitions and rarer rows go in, trails and snapshots come out.

A batch checks itself when it is made, so that what a store accepts now it can still store after an outage.
Source: docs/domain.md section 11; docs/design.md, "Truth, mirrors and copies".
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

import numpy as np

from nimmer.arena.layout import TRAIL, TRANSITION
from nimmer.clock import Clock
from nimmer.errors import StoreError
from nimmer.stores.tables import Row, Table, check_row

RUN = re.compile(r"[0-9a-f]{16}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_S = 253_402_300_799.0
"""9999-12-31, the last day a `datetime` can name."""

Records = np.ndarray[tuple[int], np.dtype[np.void]]
Integers = np.ndarray[tuple[int], np.dtype[np.integer]]


@dataclass(frozen=True, slots=True, eq=False)
class RecordBatch:
    """Records of the arena's rings of one run: trail steps or gate transitions, in the order they were read.

    run: 16 hex digits; npcs: `(n,)` the NPC of each record; records: `(n,)` of dtype TRAIL or TRANSITION;
    unix_offset_s: what makes the records' monotonic seconds unix seconds (`unix_offset_s` below). It travels
    with the batch because a batch may be stored after a reboot, when the monotonic clock has restarted.

    Raises StoreError when one of them is not so.
    """

    run: str
    npcs: Integers
    records: Records
    unix_offset_s: float

    def __post_init__(self) -> None:
        """Check the batch. Raises StoreError naming what is wrong and what is allowed."""
        if not RUN.fullmatch(self.run):
            raise StoreError(f"a run id is 16 hex digits, not {self.run!r}")
        if self.records.dtype not in (TRAIL, TRANSITION):
            raise StoreError(f"a batch holds TRAIL or TRANSITION records, not {self.records.dtype}")
        if self.npcs.shape != self.records.shape or self.records.ndim != 1:
            raise StoreError(f"{self.records.shape} records cannot belong to {self.npcs.shape} NPC ids")
        if len(self.records):
            self._check_ranges()

    def _check_ranges(self) -> None:
        times_s = self.records["time_s"] + self.unix_offset_s
        if not np.all((times_s >= 0) & (times_s < _LAST_S)):
            raise StoreError(f"a record's time lies outside 1970..9999: {self.run} at {times_s.min()} s")
        limits = {"npc_tick": 1 << 63}
        if self.table is Table.DECISION_TRAILS:
            limits |= {"world_tick": 1 << 63, "level": 1 << 31}
        for field, limit in limits.items():
            if int(self.records[field].max()) >= limit:
                raise StoreError(
                    f"a record's {field} is {self.records[field].max()}; the limit is {limit - 1}"
                )
        if int(self.npcs.min()) < 0 or int(self.npcs.max()) >= 1 << 31:
            raise StoreError(f"NPC ids are 0..2^31-1, not {self.npcs.min()}..{self.npcs.max()}")

    @property
    def table(self) -> Table:
        """Return the table the records belong to."""
        return Table.DECISION_TRAILS if self.records.dtype == TRAIL else Table.GATE_TRANSITIONS

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.records)

    def unix_us(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Return when each record happened: `(n,)` microseconds since 1970, the precision a store keeps."""
        unix_us: np.ndarray[tuple[int], np.dtype[np.int64]] = np.rint(
            (self.records["time_s"] + self.unix_offset_s) * 1e6
        ).astype(np.int64)
        return unix_us


@dataclass(frozen=True, slots=True, eq=False)
class RowBatch:
    """Rows of one of the rarer tables, each a mapping of that table's columns (`nimmer.stores.tables`).

    Times are unix seconds; a nullable column may be left out. Raises StoreError naming the column that is
    unknown, missing or out of range.
    """

    table: Table
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        """Check every row. Raises StoreError."""
        for row in self.rows:
            check_row(self.table, row)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)


Batch = RecordBatch | RowBatch


class Trail(NamedTuple):
    """One stored tick of one NPC; columns as in docs/stores.md, `at` in UTC with microseconds."""

    run: str
    npc: int
    tick: int
    world_tick: int
    at: datetime
    level: int
    node: int
    verb: int
    slot: int
    nerve: int
    nerve_state: int
    gates: int
    waves: int
    transitions: int
    energy: float
    lifeforce: float
    cost: float
    reward: float
    coverage: float
    rejection: int
    lateness_us: float
    compute_us: float
    attention: int = 0
    vigour: int = 0


class Snapshot(NamedTuple):
    """One stored state of the world."""

    run: str
    world_tick: int
    level: int
    digest: str
    state: bytes


class Traces(Protocol):
    """Keeps what happened, once: a row written again is recognised by its key and not stored twice."""

    async def write(self, batch: Batch) -> int:
        """Store a whole batch or nothing of it; it is durable when this returns.

        Returns:
            The rows that were not there before.

        Raises:
            StoreUnavailableError: no server answers; the batch may be written again.
            StoreError: the server refused the batch.
        """
        ...

    async def trails(
        self, run: str | None = None, npc: int | None = None, since_s: float = 0.0, limit: int = 100
    ) -> list[Trail]:
        """Return the newest `limit` trails, newest first.

        Args:
            run: only of this run.
            npc: only of this NPC.
            since_s: only at or after these unix seconds.
            limit: most rows returned.

        Raises:
            StoreUnavailableError: no server answers.
        """
        ...

    async def count_trails(self, run: str) -> int:
        """Return how many trails of `run` are stored. Raises StoreUnavailableError."""
        ...

    async def latest_snapshot(self, run: str) -> Snapshot | None:
        """Return the world's last stored state in `run`, if any. Raises StoreUnavailableError."""
        ...

    async def close(self) -> None:
        """Give back what the store holds; writing again afterwards may reopen it."""
        ...


def unix_offset_s(clock: Clock) -> float:
    """Return what must be added to this host's monotonic seconds to get unix seconds."""
    return clock.unix_s() - clock.monotonic_s()


def moment(unix_us: int) -> datetime:
    """Return the UTC time of so many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=unix_us)
