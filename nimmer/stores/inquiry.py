"""Asks the database why: from a nerve's run back to the opening of its gate and the waves behind that.

Read only, one connection per question, as the role `watch` may. Source: docs/domain.md section 11.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row

from nimmer.errors import StoreError, StoreUnavailableError
from nimmer.stores.named_sql import named_sql

Row = dict[str, Any]
MOST_STEPS = 64
_PATIENCE = "-c statement_timeout=60000 -c timezone=UTC"


class Explanation(NamedTuple):
    """A nerve's run and what led to it.

    trail: its row with codes in words; openings: the transitions of its gate in the tick it opened; waves: what
    those transitions name as their triggers, oldest first; steps: the ticks in which this nerve moved the body.
    """

    trail: Row
    openings: list[Row]
    waves: list[Row]
    steps: list[Row]


class Inquiry:
    """Questions to one database. Every method raises StoreUnavailableError when no server answers."""

    def __init__(self, dsn: str) -> None:
        """Ask the database at `dsn`."""
        self._dsn = dsn
        self._sql = named_sql()

    def newest(self, run: str | None, npc: int | None, since_s: float, limit: int) -> list[Row]:
        """Return the newest `limit` nerve trails, newest first, of `run` and `npc` where given."""
        since = datetime.fromtimestamp(since_s, UTC)
        return self._ask("newest_nerve_trails", {"run": run, "npc": npc, "since": since, "limit": limit})

    def last_run_of(self, npc: int) -> str:
        """Return the run in which a nerve of NPC `npc` ended last. Raises StoreError when none ever did."""
        found = self._ask("last_run_of", {"npc": npc})
        if not found:
            raise StoreError(
                f"no nerve of npc {npc} has run yet: `nimmer trails nerves` lists those that have"
            )
        return str(found[0]["run"])

    def serial_at(self, run: str, npc: int, tick: int) -> int:
        """Return the nerve trail that covers an NPC's own tick. Raises StoreError when there is none."""
        found = self._ask("nerve_trail_at", {"run": run, "npc": npc, "tick": tick})
        if not found:
            raise StoreError(
                f"no nerve of npc {npc} was at work in tick {tick} of run {run}: its brain moved it; "
                f"`nimmer trails --npc {npc}` shows the tick"
            )
        return int(found[0]["serial"])

    def explain(self, run: str, npc: int, serial: int) -> Explanation:
        """Return one nerve trail with what led to it. Raises StoreError when there is no such trail."""
        key = {"run": run, "npc": npc}
        found = self._ask("nerve_trail", {**key, "serial": serial})
        if not found:
            raise StoreError(
                f"npc {npc} of run {run} has no nerve trail {serial}: `nimmer trails nerves --npc {npc}` lists them"
            )
        trail = found[0]
        opening = {**key, "gate": trail["gate"], "tick": trail["opened_tick"]}
        moved = {
            **key,
            "opened": trail["opened_tick"],
            "ended": trail["tick"],
            "first": trail["started_tick"],
            "last": trail["ended_tick"],
            "nerve": trail["nerve"],
            "limit": MOST_STEPS,
        }
        return Explanation(
            trail,
            self._ask("openings", opening),
            self._ask("trigger_waves", opening),
            self._ask("steps", moved),
        )

    def _ask(self, name: str, values: Mapping[str, object]) -> list[Row]:
        try:
            with psycopg.connect(
                self._dsn, connect_timeout=5, row_factory=dict_row, options=_PATIENCE
            ) as connection:
                return connection.execute(self._sql[name], values).fetchall()
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise StoreUnavailableError(f"cannot read PostgreSQL: {' '.join(str(error).split())}") from error
        except psycopg.Error as error:
            raise StoreError(f"PostgreSQL refused: {' '.join(str(error).split())}") from error
