"""The answers of the cortex that PostgreSQL holds, for whoever makes memories of them again.

Source: docs/domain.md section 11; docs/boundary.md, "Memories".
"""

from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row

from nimmer.errors import StoreError, StoreUnavailableError
from nimmer.stores.named_sql import named_sql


class AnsweredCall(NamedTuple):
    """One call of an NPC that was answered; question: in words; commands: with their fates."""

    run: str
    call: str
    npc: int
    world_tick: int
    question: str
    answer: str
    commands: list[dict[str, Any]]


def answered_calls(dsn: str) -> list[AnsweredCall]:
    """Return every call of an NPC that was answered in time, of all runs, oldest first.

    Raises StoreUnavailableError when no server answers, StoreError when it refuses.
    """
    try:
        with psycopg.connect(dsn, connect_timeout=5, row_factory=dict_row) as connection:
            rows = connection.execute(named_sql()["answered_calls"]).fetchall()
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreUnavailableError(f"cannot read PostgreSQL: {' '.join(str(error).split())}") from error
    except psycopg.Error as error:
        raise StoreError(f"PostgreSQL refused: {' '.join(str(error).split())}") from error
    return [AnsweredCall(**row) for row in rows]
