"""Brings an app's rows to the run's recorder, and holds them while it is being revived.

A row is gone from here only when the recorder acknowledged it. While there is no recorder rows wait, as many as there is
room for; beyond that the oldest are dropped and counted. Source: docs/design.md, "Truth, mirrors and copies".
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice

import ray

from nimmer.clock import Clock
from nimmer.errors import StoreError
from nimmer.stores.tables import Row, Table
from nimmer.stores.traces import RowBatch

ROOM = 10_000
"""Rows that may wait."""
AT_ONCE = 200
LINGER_S = 0.05
"""How long a row waits for others to go with it: a call to the recorder costs as much as a request."""
RETRY_S = 0.5
ANSWER_S = 10.0
"""A recorder that has not acknowledged by then is asked again; the table's key makes a repeat harmless."""
_LOG = logging.getLogger("nimmer")
Keep = Callable[[RowBatch], Awaitable[object]]


def recorder_of(namespace: str) -> Keep:
    """Return what hands a batch to the recorder of the run in `namespace`."""

    async def keep(batch: RowBatch) -> object:
        # looked up each time: a revived recorder is another actor under the same name
        recorder = ray.get_actor("recorder", namespace=namespace)
        return await recorder.keep.remote(batch)

    return keep


class RowPost:
    """The rows of one table, on their way."""

    def __init__(self, table: Table, keep: Keep, clock: Clock, room: int = ROOM) -> None:
        """Bring rows of `table` to `keep`."""
        self.kept = 0
        self.dropped = 0
        """Rows lost because the recorder was away too long, or refused them."""
        self._table = table
        self._keep = keep
        self._clock = clock
        self._room = room
        self._rows: deque[Row] = deque()
        self._work = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def waiting(self) -> int:
        """Return how many rows are not acknowledged yet."""
        return len(self._rows)

    def put(self, row: Row) -> None:
        """Take a row; never waits."""
        self._rows.append(row)
        while len(self._rows) > self._room:
            self._rows.popleft()
            self.dropped += 1
        self._work.set()
        self._empty.clear()

    async def run(self) -> None:
        """Bring rows until cancelled."""
        while True:
            await self._work.wait()
            if len(self._rows) < AT_ONCE:
                await self._clock.sleep_s(LINGER_S)
            rows = tuple(islice(self._rows, AT_ONCE))
            try:
                async with asyncio.timeout(ANSWER_S):
                    await self._keep(RowBatch(self._table, rows))
            except StoreError as error:
                self.dropped += self._take_off(rows)
                _LOG.warning("rows of %s were refused: %s", self._table, error)
            except (TimeoutError, ValueError, ray.exceptions.RayError) as error:
                _LOG.debug("the recorder is away: %s", error)
                await self._clock.sleep_s(RETRY_S)
            else:
                self.kept += self._take_off(rows)

    async def drain(self, within_s: float) -> int:
        """Return how many rows still wait once all are acknowledged or `within_s` is over."""
        try:
            async with asyncio.timeout(within_s):
                await self._empty.wait()
        except TimeoutError:
            pass
        return self.waiting

    def _take_off(self, rows: tuple[Row, ...]) -> int:
        """Take `rows` off the front, those that were not dropped meanwhile; return how many that were."""
        taken = 0
        for row in rows:
            if self._rows and self._rows[0] is row:
                self._rows.popleft()
                taken += 1
        if not self._rows:
            self._work.clear()
            self._empty.set()
        return taken
