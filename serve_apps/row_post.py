"""Brings an app's rows to the run's recorder, and holds them while it is being revived.

A row is gone from here only when the recorder acknowledged it. While there is no recorder rows wait, as many as there is
room for; beyond that the oldest are lost and counted. A row that does not fit its table is refused before it stands
beside others, and a batch that is refused is brought again row by row, so a bad row costs itself only. Source: docs/design.md, "Truth, mirrors and copies".
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice

import msgspec
import ray

from nimmer.clock import Clock
from nimmer.errors import StoreError
from nimmer.stores.tables import Row, Table, check_row
from nimmer.stores.traces import RowBatch

ROOM = 10_000
"""Rows that may wait."""
ROOM_BYTES = 32 << 20
"""What the rows that wait may take, as JSON."""
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

    def __init__(
        self, table: Table, keep: Keep, clock: Clock, room: int = ROOM, room_bytes: int = ROOM_BYTES
    ) -> None:
        """Bring rows of `table` to `keep`; so many, of so many bytes as JSON, may wait."""
        self.kept = 0
        self.lost = 0
        """Rows for which there was no room while the recorder was away."""
        self.refused = 0
        """Rows that do not fit the table, or that the recorder did not take."""
        self._table = table
        self._keep = keep
        self._clock = clock
        self._room = room
        self._room_bytes = room_bytes
        self._rows: deque[tuple[Row, int]] = deque()
        self._bytes = 0
        self._singly = 0
        """Rows at the front that are brought one by one, for together they were refused."""
        self._work = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def waiting(self) -> int:
        """Return how many rows are not acknowledged yet."""
        return len(self._rows)

    @property
    def dropped(self) -> int:
        """Return how many rows did not come through, lost or refused."""
        return self.lost + self.refused

    def complaint(self) -> str:
        """Return in words what did not come through; "" when all did."""
        lost = f"{self.lost} rows were lost while the recorder was away" if self.lost else ""
        refused = f"{self.refused} rows were refused, see the log" if self.refused else ""
        return "; ".join(part for part in (lost, refused) if part)

    def put(self, row: Row) -> None:
        """Take a row; never waits."""
        try:
            check_row(self._table, row)
        except StoreError as error:
            self.refused += 1
            _LOG.warning("a row of %s is refused: %s", self._table, error)
            return
        size = len(msgspec.json.encode(row))
        self._rows.append((row, size))
        self._bytes += size
        while len(self._rows) > self._room or self._bytes > self._room_bytes:
            self._pop()
            self.lost += 1
        self._settle()

    async def run(self) -> None:
        """Bring rows until cancelled."""
        while True:
            await self._work.wait()
            if len(self._rows) < AT_ONCE and not self._singly:
                await self._clock.sleep_s(LINGER_S)
            rows = tuple(row for row, _ in islice(self._rows, 1 if self._singly else AT_ONCE))
            try:
                async with asyncio.timeout(ANSWER_S):
                    await self._keep(RowBatch(self._table, rows))
            except StoreError as error:
                self._refuse(rows, error)
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

    def _refuse(self, rows: tuple[Row, ...], error: StoreError) -> None:
        """Give up a row that was refused alone; bring several again one by one."""
        if len(rows) > 1:
            self._singly = len(rows)
            return
        self.refused += self._take_off(rows)
        _LOG.warning("a row of %s is refused: %s", self._table, error)

    def _take_off(self, rows: tuple[Row, ...]) -> int:
        """Take `rows` off the front, those that were not lost meanwhile; return how many that were."""
        taken = 0
        for row in rows:
            if self._rows and self._rows[0][0] is row:
                self._pop()
                taken += 1
        self._settle()
        return taken

    def _pop(self) -> None:
        """Take off the oldest row."""
        self._bytes -= self._rows.popleft()[1]
        self._singly = max(self._singly - 1, 0)

    def _settle(self) -> None:
        """Let `run` and `drain` know whether rows wait."""
        if self._rows:
            self._work.set()
            self._empty.clear()
        else:
            self._work.clear()
            self._empty.set()
