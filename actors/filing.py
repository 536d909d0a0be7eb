"""Filing: a shell's rarer rows on their way to the recorder, without the shell waiting.

What the recorder cannot take now is tried again; how much may wait is bounded, and what does not fit is said, not
queued. Source: docs/design.md, "Truth, mirrors and copies".
"""

import asyncio

import ray

from actors.shell import Shell, log
from nimmer.stores.tables import Row, Table
from nimmer.stores.traces import RowBatch

MOST_WAITING = 32
"""Batches that may wait for a recorder that is being revived."""
AGAIN_S = 1.0


class Filing:
    """The way of one shell's rows."""

    def __init__(self, shell: Shell) -> None:
        """Lead from `shell`; must be used in its event loop."""
        self._shell = shell
        self._under_way: set[asyncio.Task[None]] = set()

    def keep(self, table: Table, rows: tuple[Row, ...]) -> None:
        """Hand over rows; ones the recorder is too far behind for are reported and dropped."""
        if len(self._under_way) >= MOST_WAITING:
            reason = f"{len(rows)} rows of {table}: the recorder is too far behind"
            self._shell.report("not-kept", self._shell.entity, reason)
            return
        task = asyncio.get_running_loop().create_task(self._kept(RowBatch(table, rows)))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def finish(self, within_s: float) -> None:
        """Wait until everything is acknowledged, or so long."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=within_s)

    async def _kept(self, batch: RowBatch) -> None:
        while True:
            try:
                recorder = ray.get_actor("recorder", namespace=self._shell.charter.namespace)
                await recorder.keep.remote(batch)
            except (ray.exceptions.RayError, ValueError) as error:
                log.warning("the recorder does not take %d rows of %s: %s", len(batch), batch.table, error)
                await self._shell.clock.sleep_s(AGAIN_S)
            else:
                return
