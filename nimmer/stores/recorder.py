"""Traces that survive an outage of the database: what it cannot take now waits on disk, in order, and follows.

Decision tree of `write`:
1. Something waits: what is due is replayed first, which also makes room.
2. Nothing waits now: the database takes the batch, or, when it is away, the spool does.
3. Something still waits: the batch goes behind it into the spool.
So rows reach the database in the order they were written, and with the tables' unique keys each exactly once.
The caller drives the replay: every `write` does some, and `replay` does more.
Source: docs/design.md, "Truth, mirrors and copies"; docs/domain.md section 11.
"""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from nimmer.clock import Clock
from nimmer.errors import StoreError, StoreUnavailableError
from nimmer.stores.frame import pack, unpack
from nimmer.stores.spool import Spool
from nimmer.stores.traces import Batch, Snapshot, Traces, Trail

_FIRST_RETRY_S = 0.1
_LONGEST_RETRY_S = 5.0
_FRAMES_PER_WRITE = 16
"""Frames replayed along with one write: more than arrive meanwhile, few enough to keep a write short."""


class Condition(StrEnum):
    """How the recorder stands with the database."""

    IDLE = "idle"
    CONNECTED = "connected"
    SPOOLING = "spooling"
    REPLAYING = "replaying"


@dataclass(frozen=True, slots=True)
class Recording:
    """What a `SpooledTraces` did since it was made, and how it stands.

    since_unix_s: when the present condition began; rows_stored: rows newly in the database; rows_duplicate: rows
    it had already; rows_spooled: rows acknowledged by the spool; rows_waiting: those still in it;
    rows_refused: rows not acknowledged, counted per attempt; rows_set_aside: spooled rows the database would
    never take, kept in the spool's refused.frames; rows_lost: spooled rows the disk gave back damaged;
    last_error: the last failure, empty when there was none.
    """

    condition: Condition
    since_unix_s: float
    rows_stored: int
    rows_duplicate: int
    rows_spooled: int
    rows_waiting: int
    rows_refused: int
    rows_set_aside: int
    rows_lost: int
    last_error: str


class SpooledTraces:
    """`Traces` over a database that may go away and a spool that may not."""

    def __init__(self, traces: Traces, spool: Spool, clock: Clock) -> None:
        """Join `traces` and `spool`; what an earlier process left in the spool is replayed first."""
        self._traces = traces
        self._spool = spool
        self._clock = clock
        self._lock = asyncio.Lock()
        self._condition = Condition.REPLAYING if spool.frames else Condition.IDLE
        self._since_unix_s = clock.unix_s()
        self._retry_s = _FIRST_RETRY_S
        self._retry_at_s = clock.monotonic_s()
        self._stored = self._duplicate = self._spooled = 0
        self._refused = self._set_aside = self._lost = 0
        self._last_error = "; ".join(spool.damage)

    @property
    def recording(self) -> Recording:
        """Return the counts and the condition now."""
        return Recording(
            self._condition,
            self._since_unix_s,
            self._stored,
            self._duplicate,
            self._spooled,
            self._spool.rows,
            self._refused,
            self._set_aside,
            self._lost,
            self._last_error,
        )

    async def write(self, batch: Batch) -> int:
        """Keep a batch: when this returns it is in PostgreSQL or fsynced in the spool.

        Returns:
            The rows newly in the database; for a batch that went to the spool, all its rows.

        Raises:
            SpoolFullError: the database is away and the spool cannot take the batch; nothing was kept.
            StoreError: the database refused the batch; nothing was kept.
        """
        async with self._lock:
            await self._replay(_FRAMES_PER_WRITE)
            if not self._spool.frames:
                stored = await self._write_through(batch)
                if stored is not None:
                    return stored
            self._append(batch)
            return len(batch)

    async def replay(self, frames: int = 256) -> int:
        """Bring up to `frames` spooled batches to the database, if it is there and a retry is due.

        Returns the rows that still wait. Raises StoreError when a frame can neither be stored nor set aside.
        """
        async with self._lock:
            await self._replay(frames)
            return self._spool.rows

    async def trails(
        self, run: str | None = None, npc: int | None = None, since_s: float = 0.0, limit: int = 100
    ) -> list[Trail]:
        """Return the newest trails in the database, without those that wait; see `Traces.trails`."""
        return await self._traces.trails(run, npc, since_s, limit)

    async def count_trails(self, run: str) -> int:
        """Return how many trails of `run` are in the database, without those that wait."""
        return await self._traces.count_trails(run)

    async def latest_snapshot(self, run: str) -> Snapshot | None:
        """Return the newest snapshot in the database, without one that waits."""
        return await self._traces.latest_snapshot(run)

    async def close(self) -> None:
        """Close the database's connection and let go of the spool; what waits stays on disk."""
        await self._traces.close()
        self._spool.close()

    async def _write_through(self, batch: Batch) -> int | None:
        try:
            stored = await self._traces.write(batch)
        except StoreUnavailableError as error:
            self._went_away(error)
            return None
        except StoreError as error:
            self._refused += len(batch)
            self._last_error = str(error)
            raise
        self._count_stored(stored, len(batch))
        self._enter(Condition.CONNECTED)
        return stored

    def _append(self, batch: Batch) -> None:
        try:
            self._spool.append(pack(batch), len(batch))
        except StoreError as error:
            self._refused += len(batch)
            self._last_error = str(error)
            raise
        self._spooled += len(batch)

    async def _replay(self, frames: int) -> None:
        if not self._spool.frames or self._clock.monotonic_s() < self._retry_at_s:
            return
        for _ in range(min(frames, self._spool.frames)):
            if not await self._replay_first():
                return
        self._retry_s = _FIRST_RETRY_S
        self._enter(Condition.REPLAYING if self._spool.frames else Condition.CONNECTED)

    async def _replay_first(self) -> bool:
        """Return whether the database is there."""
        batch = self._first_batch()
        if batch is None:
            return True
        try:
            stored = await self._traces.write(batch)
        except StoreUnavailableError as error:
            self._went_away(error)
            return False
        except StoreError as error:
            self._put_aside(error)
            return True
        self._count_stored(stored, self._spool.take())
        return True

    def _first_batch(self) -> Batch | None:
        """Return the oldest batch; an unreadable one is removed, or set aside when only its meaning is unclear."""
        try:
            payload = self._spool.first()
        except StoreError as error:
            self._last_error = str(error)
            self._lost += self._spool.take()
            return None
        try:
            return unpack(payload) if payload is not None else None
        except StoreError as error:
            self._put_aside(error)
            return None

    def _put_aside(self, error: StoreError) -> None:
        before = self._spool.rows
        path = self._spool.set_aside()
        self._set_aside += before - self._spool.rows
        self._last_error = f"{error}; the rows are kept in {path}"

    def _count_stored(self, stored: int, rows: int) -> None:
        self._stored += stored
        self._duplicate += rows - stored

    def _went_away(self, error: StoreUnavailableError) -> None:
        self._last_error = str(error)
        self._retry_s = _FIRST_RETRY_S if self._condition is not Condition.SPOOLING else self._retry_s * 2
        self._retry_s = min(self._retry_s, _LONGEST_RETRY_S)
        self._retry_at_s = self._clock.monotonic_s() + self._retry_s
        self._enter(Condition.SPOOLING)

    def _enter(self, condition: Condition) -> None:
        if condition is not self._condition:
            self._condition = condition
            self._since_unix_s = self._clock.unix_s()
