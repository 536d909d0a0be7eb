"""The recorder: what happened on this host goes to PostgreSQL, by way of a disk spool while the database is away.

It follows the rings with the `store` cursors and frees a record only when its batch is acknowledged, which means
committed in PostgreSQL or fsynced in the spool. Whatever kills it, its successor reads on from the cursors and the
table's unique keys make repeats harmless. Source: docs/design.md, "Truth, mirrors and copies".
"""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import ray
from psycopg.conninfo import make_conninfo

from actors.charter import Charter
from actors.shell import Shell, crashing
from nimmer.arena.ring import RingReader
from nimmer.errors import SpoolFullError, StoreError
from nimmer.life.gates import BODY_GATES, SHARED_GATES
from nimmer.life.nerve_table import vocabulary_of
from nimmer.life.senses import CELLS
from nimmer.stores.diary_rows import Rows, beat_rows, ledger_rows, nerve_trail_rows
from nimmer.stores.postgres import PostgresTraces
from nimmer.stores.recorder import SpooledTraces
from nimmer.stores.spool import Spool
from nimmer.stores.tables import Table
from nimmer.stores.traces import Batch, RecordBatch, RowBatch, Traces, unix_offset_s

REPLAY_S = 8.0
"""The longest the end of a run waits for the spool to be replayed."""
FULL_S = 1.0
"""How long to wait before asking a full spool again."""


class RecorderShell(Shell):
    """The one writer of this host's rows."""

    entity = "recorder"

    def __init__(self, charter: Charter, database: Traces | None = None) -> None:
        """Open the spool of `charter`'s state directory. Raises StoreError when another process holds it.

        database: where rows go in the end; the PostgreSQL of `charter` when not given.
        """
        super().__init__(charter)
        spool = Spool(Path(charter.state_dir) / "spool", charter.spool_mb << 20)
        password = charter.secrets.get("postgres", "")
        traces = database or PostgresTraces(_with_password(charter.postgres_dsn, password))
        self._traces = SpooledTraces(traces, spool, self.clock)
        self._offset_s = unix_offset_s(self.clock)
        self._rings: dict[Literal["trail", "transition"], RingReader] = {
            "trail": RingReader(self.arena, "trail", "store"),
            "transition": RingReader(self.arena, "transition", "store"),
        }
        self._diary: tuple[tuple[RingReader, Rows], ...] = (
            (RingReader(self.arena, "nerve_trail", "store"), nerve_trail_rows),
            (RingReader(self.arena, "ledger", "store"), ledger_rows),
            (RingReader(self.arena, "beat", "store"), beat_rows),
        )
        self._said = ""
        self._flushing = asyncio.Lock()
        self._aside = 0

    @crashing
    async def live(self) -> None:
        """Keep what the rings hold until told to stop."""
        await self._catalogue()
        while not self.stopping.is_set():
            kept = await self.flush()
            if kept is not None:
                await self._traces.replay()
                self._announce()
            if not kept:
                await self.clock.sleep_s(self.charter.batch_ms / 1000)

    async def flush(self) -> int | None:
        """Keep what waits in the rings now; return how many rows that were, None when they were refused."""
        async with self._flushing:  # two at once would keep the same rows twice and set a cursor back
            kept = 0
            for ring in self._rings.values():
                harvest = ring.read()
                if not len(harvest.records):
                    continue
                batch = RecordBatch(self.charter.run, harvest.npcs, harvest.records, self._offset_s)
                if not await self._kept(batch):
                    return None
                ring.commit(harvest)
                kept += len(batch)
            diary = await self._flush_diary()
            return None if diary is None else kept + diary

    async def _flush_diary(self) -> int | None:
        """Keep what the NPCs wrote into their diaries; return how many rows, None when they were refused."""
        kept = 0
        for ring, rows in self._diary:
            harvest = ring.read()
            if not len(harvest.records):
                continue
            batch = rows(self.charter.run, harvest.npcs, harvest.records, self._offset_s)
            if not await self._kept(batch):
                return None
            ring.commit(harvest)
            kept += len(batch)
        return kept

    async def keep(self, batch: RowBatch) -> int:
        """Keep rows of a rarer table; they are acknowledged when this returns.

        Raises StoreError when neither database nor spool takes them.
        """
        return await self._traces.write(batch)

    async def status(self) -> dict[str, Any]:
        """Return the state of the store, rows acknowledged, lost, and waiting in the spool."""
        recording = self._traces.recording
        trail = self._rings["trail"]
        return {
            **asdict(recording),
            "condition": str(recording.condition),
            "trail_rows": trail.freed,
            "trail_rows_lost": trail.dropped + recording.rows_lost,
            "transition_rows": self._rings["transition"].freed,
            "transition_rows_lost": self._rings["transition"].dropped,
            "nerve_trail_rows": self._diary[0][0].freed,
            "diary_rows_lost": sum(ring.dropped for ring, _ in self._diary),
            "waiting": trail.waiting + self._rings["transition"].waiting,
        }

    async def stop(self) -> dict[str, Any]:
        """Keep what still waits, bring the spool to the database if it is there, and return the status.

        Rows that found no place anywhere end with the arena, and are counted as lost. What the spool holds after
        a while is brought to the database by the next run.
        """
        self.stopping.set()
        while await self.flush():
            pass
        deadline_s = self.clock.monotonic_s() + REPLAY_S
        waiting = -1
        while self.clock.monotonic_s() < deadline_s and (left := await self._traces.replay()) not in (
            0,
            waiting,
        ):
            waiting = left
        status = await self.status()
        status["trail_rows_lost"] += self._rings["trail"].waiting
        status["transition_rows_lost"] += self._rings["transition"].waiting
        status["diary_rows_lost"] += sum(ring.waiting for ring, _ in self._diary)
        return status

    async def close(self, last: RowBatch) -> None:
        """Keep one last batch and let go of database and spool. Raises StoreError when neither takes it."""
        await self._traces.write(last)
        await self._traces.close()

    async def _kept(self, batch: Batch) -> bool:
        try:
            await self._traces.write(batch)
        except SpoolFullError as error:
            # not acknowledged: the ring holds the rows until there is room, and counts what it cannot hold
            self._say("spool-full", str(error))
            await self.clock.sleep_s(FULL_S)
            return False
        except StoreError as error:
            self._say("store", str(error))
            await self.clock.sleep_s(FULL_S)
            return False
        return True

    def _announce(self) -> None:
        recording = self._traces.recording
        if recording.rows_set_aside > self._aside:
            self._aside = recording.rows_set_aside
            self.report("set-aside", self.entity, recording.last_error[:500], self._aside)
        if recording.condition in ("spooling", "replaying"):
            self._say(str(recording.condition), recording.last_error or "rows of an earlier outage follow")
        elif self._said:
            self._say("connected", "the database takes rows again")
            self._said = ""

    def _say(self, kind: str, reason: str) -> None:
        """Report a change of condition once."""
        if kind != self._said:
            self._said = kind
            self.report(kind, "recorder", reason[:500])

    async def _catalogue(self) -> None:
        """Write down which cells, gates and nerves the codes in this run's rows mean."""
        run = self.charter.run
        cells = tuple(
            {
                "run": run,
                "code": kind.code,
                "cell_name": kind.entity,
                "domain": kind.domain,
                "tier": kind.tier,
                "lifeforce_cost": kind.cost,
                "fields": [field.name for field in kind.fields],
                "version": kind.version,
            }
            for kind in CELLS
        )
        gates = tuple(
            {
                "run": run,
                "code": code,
                "gate_name": gate.name,
                "domain": gate.domain,
                "tier": gate.tier,
                "weight": gate.weight,
                "open_threshold": gate.in_garden(code < len(BODY_GATES)).threshold,
                "close_threshold": -0.5,
                "decay_factor": 0.95,
                "correlation_window_ms": round(gate.window_s * 1000),
            }
            for code, gate in enumerate((*BODY_GATES, *SHARED_GATES))
        )
        nerves = tuple(
            {
                "run": run,
                "code": vocabulary_of(nerve.name).number,
                "nerve_name": nerve.name,
                "trigger_gate": nerve.gate,
                "priority": nerve.priority,
                "states": list(nerve.states),
                "transitions": [list(edge[:5]) for edge in nerve.edges],
                "controlled_cells": list(nerve.required),
                "optional_cells": list(nerve.optional),
            }
            for nerve in self.charter.nerves()
        )
        for table, rows in ((Table.CELLS, cells), (Table.GATES, gates), (Table.NERVES, nerves)):
            await self._kept(RowBatch(table, rows))


def _with_password(dsn: str, password: str) -> str:
    return make_conninfo(dsn, password=password) if password else dsn


RecorderActor = ray.remote(RecorderShell)
