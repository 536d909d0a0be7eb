"""The tables of phoebe as data: their columns, their keys, and what happens when a row comes twice.

The SQL in migrations/ makes the tables; this says how a row reaches them, and refuses a row no database would
take before it is acknowledged. Source: docs/domain.md section 11.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

import msgspec

from nimmer.errors import StoreError

Row = Mapping[str, object]


class Table(StrEnum):
    """Every table a batch can name."""

    DECISION_TRAILS = "decision_trails"
    GATE_TRANSITIONS = "gate_transitions"
    RUNS = "runs"
    NPCS = "npcs"
    CELLS = "cells"
    GATES = "gates"
    NERVES = "nerves"
    WORLD_SNAPSHOTS = "world_snapshots"
    GOVERNOR_DECISIONS = "governor_decisions"
    QUIZ_RESULTS = "quiz_results"
    PROMOTIONS = "promotions"
    LIFEFORCE_LEDGER = "lifeforce_ledger"
    HEARTBEATS = "heartbeats"
    NERVE_TRAILS = "nerve_trails"
    CORRELATION_EVENTS = "correlation_events"
    INCIDENTS = "incidents"
    CORTEX_CALLS = "cortex_calls"
    ORGAN_OPERATIONS = "organ_operations"


class Kind(Enum):
    """What a column holds, as a row gives it."""

    TEXT = "text without NUL"
    RUN = "16 hex digits"
    SMALL = "an integer of 16 bits"
    WHOLE = "an integer of 32 bits"
    BIG = "an integer of 64 bits"
    REAL = "a number"
    FLAG = "true or false"
    TIME = "unix seconds in 1970..9999"
    JSON = "JSON without NUL"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what it holds, and whether a row may leave it out."""

    name: str
    kind: Kind
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A table's columns and key. With `replace` a row written again replaces the old one, else it is dropped.

    completes: a column that the new row leaves out keeps what it held, for rows that several write, each its part;
    yields: values by column that give way, whoever writes last, to any other value of the same row.
    """

    columns: tuple[Column, ...]
    key: tuple[str, ...]
    replace: bool = False
    completes: bool = False
    yields: tuple[tuple[str, str], ...] = ()


def _columns(**kinds: Kind) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name, kind in kinds.items())


def _optional(**kinds: Kind) -> tuple[Column, ...]:
    return tuple(Column(name, kind, nullable=True) for name, kind in kinds.items())


_TEXT, _RUN, _SMALL, _WHOLE, _BIG = Kind.TEXT, Kind.RUN, Kind.SMALL, Kind.WHOLE, Kind.BIG
_REAL, _FLAG, _TIME, _JSON, _BYTES = Kind.REAL, Kind.FLAG, Kind.TIME, Kind.JSON, Kind.BYTES

SHAPES: dict[Table, Shape] = {
    Table.RUNS: Shape(
        _columns(run=_RUN, seed=_BIG, environment=_TEXT, npcs=_WHOLE, level=_WHOLE, started_at=_TIME)
        + _optional(ended_at=_TIME, summary=_JSON),
        ("run",),
        replace=True,
    ),
    Table.NPCS: Shape(
        _columns(run=_RUN, npc=_WHOLE, host=_TEXT, brain=_TEXT, level=_WHOLE, generation=_BIG, born_at=_TIME)
        + _optional(role=_TEXT, weights_uri=_TEXT),
        ("run", "npc"),
        replace=True,
    ),
    Table.CELLS: Shape(
        _columns(run=_RUN, code=_SMALL, cell_name=_TEXT, domain=_TEXT, tier=_SMALL, lifeforce_cost=_REAL)
        + _columns(version=_SMALL)
        + _optional(cell_type=_TEXT, states=_JSON, transitions=_JSON, fields=_JSON),
        ("run", "code"),
        replace=True,
    ),
    Table.GATES: Shape(
        _columns(run=_RUN, code=_SMALL, gate_name=_TEXT, domain=_TEXT, tier=_SMALL, weight=_REAL)
        + _columns(
            open_threshold=_REAL, close_threshold=_REAL, decay_factor=_REAL, correlation_window_ms=_WHOLE
        ),
        ("run", "code"),
        replace=True,
    ),
    Table.NERVES: Shape(
        _columns(run=_RUN, code=_SMALL, nerve_name=_TEXT)
        + _optional(trigger_gate=_TEXT, priority=_REAL, mode=_TEXT, states=_JSON, transitions=_JSON)
        + _optional(controlled_cells=_JSON, optional_cells=_JSON),
        ("run", "code"),
        replace=True,
    ),
    Table.WORLD_SNAPSHOTS: Shape(
        _columns(run=_RUN, world_tick=_BIG, at=_TIME, level=_WHOLE, digest=_TEXT, state=_BYTES),
        ("run", "world_tick", "level"),
    ),
    Table.GOVERNOR_DECISIONS: Shape(
        _columns(run=_RUN, epoch=_BIG, npc=_WHOLE, at=_TIME, mode=_TEXT, tick_hz=_REAL, cpu_percent=_REAL)
        + _columns(nice=_SMALL, gates=_JSON, llm_priority=_SMALL, cortex_permission=_FLAG, clamped=_FLAG)
        + _optional(lifeforce_grant=_REAL, reward=_REAL, policy=_TEXT, weights=_TEXT, inputs=_JSON)
        + _optional(world=_JSON, proposed=_JSON, corrections=_JSON, reasons=_JSON, recommended=_JSON)
        + _optional(outcome=_JSON),
        ("run", "epoch", "npc"),
        replace=True,
    ),
    Table.QUIZ_RESULTS: Shape(
        _columns(run=_RUN, world_tick=_BIG, npc=_WHOLE, at=_TIME, level=_WHOLE, passed=_FLAG, asked=_WHOLE)
        + _columns(correct=_WHOLE)
        + _optional(missing=_JSON),
        ("run", "world_tick", "npc", "level"),
    ),
    Table.CORTEX_CALLS: Shape(
        _columns(run=_RUN, call=_TEXT, at=_TIME, identity=_TEXT, priority=_SMALL, event_type=_TEXT)
        + _columns(domain=_TEXT, outcome=_TEXT)
        + _optional(ended_at=_TIME, npc=_WHOLE, world_tick=_BIG, reason=_TEXT, model=_TEXT, wait_ms=_REAL)
        + _optional(engine_ms=_REAL, prompt_tokens=_WHOLE, completion_tokens=_WHOLE, lifeforce=_REAL)
        + _optional(request=_JSON, response=_JSON, commands=_JSON),
        ("run", "call"),
        replace=True,
        completes=True,
        yields=(("outcome", "answered"),),  # the boundary knows better: an answer may come too late to matter
    ),
    Table.ORGAN_OPERATIONS: Shape(
        _columns(run=_RUN, operation=_TEXT, at=_TIME, identity=_TEXT, organ=_TEXT, priority=_SMALL)
        + _columns(outcome=_TEXT)
        + _optional(ended_at=_TIME, model=_TEXT, card=_SMALL, reason=_TEXT, wait_ms=_REAL, load_ms=_REAL)
        + _optional(run_ms=_REAL, lifeforce=_REAL, request=_JSON, result=_JSON),
        ("run", "operation"),
        replace=True,
    ),
    Table.PROMOTIONS: Shape(
        _columns(run=_RUN, world_tick=_BIG, level_to=_WHOLE, at=_TIME, kind=_TEXT, level_from=_WHOLE)
        + _columns(npcs=_WHOLE, reason=_TEXT),
        ("run", "world_tick", "level_to"),
    ),
    Table.LIFEFORCE_LEDGER: Shape(
        _columns(run=_RUN, beat=_BIG, entity=_TEXT, kind=_TEXT, reason=_TEXT, at=_TIME, amount_micro=_BIG)
        + _columns(unpaid_micro=_BIG, entries=_BIG),
        ("run", "entity", "beat", "kind", "reason"),
        replace=True,
    ),
    Table.HEARTBEATS: Shape(
        _columns(run=_RUN, entity=_TEXT, beat=_BIG, at=_TIME, level_micro=_BIG)
        + _optional(**{"lambda": _REAL})
        + _columns(budget_ms=_REAL, rubric=_REAL, attention=_SMALL, vigour=_SMALL, ticks=_BIG, openings=_BIG),
        ("run", "entity", "beat"),
        replace=True,
    ),
    Table.NERVE_TRAILS: Shape(
        _columns(run=_RUN, npc=_WHOLE, serial=_BIG, nerve=_SMALL, mode=_SMALL, outcome=_SMALL, event=_SMALL)
        + _columns(
            gate=_SMALL,
            cause=_SMALL,
            matched=_FLAG,
            tier=_SMALL,
            tick=_BIG,
            opened_tick=_BIG,
            started_tick=_BIG,
        )
        + _columns(ended_tick=_BIG, started_at=_TIME)
        + _optional(acted_at=_TIME)
        + _columns(ended_at=_TIME, states=_JSON, reads=_JSON, commands=_JSON, cost=_REAL, reward=_REAL)
        + _columns(rubric=_REAL, weight=_REAL, weight_delta=_REAL)
        + _optional(latency_ms=_REAL),
        ("run", "npc", "serial"),
    ),
    Table.CORRELATION_EVENTS: Shape(
        _columns(run=_RUN, event=_TEXT, at=_TIME, gate_id=_TEXT, window_ms=_REAL, signals_in_window=_JSON)
        + _columns(correlation_matrix=_JSON, aggregate_correlation=_REAL, result=_TEXT)
        + _optional(training_label=_JSON),
        ("run", "event"),
    ),
    Table.INCIDENTS: Shape(
        _columns(run=_RUN, incident=_TEXT, at=_TIME, kind=_TEXT, entity=_TEXT, message=_TEXT)
        + _optional(detail=_JSON),
        ("run", "incident"),
    ),
}
"""The tables that take a `RowBatch`; trails and transitions come as records."""

_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_LAST_S = 253_402_300_799.0
_HEX = re.compile(r"[0-9a-f]{16}")


def json_text(value: object) -> str:
    """Return `value` as JSON text PostgreSQL takes; NaN and infinities become null.

    Raises StoreError when it is not JSON or holds a NUL character.
    """
    try:
        encoded = msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(f"{value!r:.200} is not JSON: {error}") from error
    if _ESCAPED_NUL.search(encoded):
        raise StoreError(f"{value!r:.200} holds a NUL character, which PostgreSQL cannot keep in JSON")
    return encoded.decode()


def check_row(table: Table, row: Row) -> None:
    """Raise StoreError when `row` does not fit `table`, naming the column, the value and what is allowed."""
    shape = SHAPES.get(table)
    if shape is None:
        raise StoreError(f"{table} takes records of the arena, not rows: use RecordBatch")
    unknown = row.keys() - {column.name for column in shape.columns}
    if unknown:
        names = ", ".join(column.name for column in shape.columns)
        raise StoreError(f"{table} has no column {', '.join(sorted(unknown))}; it has {names}")
    for column in shape.columns:
        value = row.get(column.name)
        if value is None:
            if not column.nullable:
                raise StoreError(f"{table}.{column.name} is missing; it must be {column.kind.value}")
        elif not _FITS[column.kind](value):
            raise StoreError(f"{table}.{column.name} must be {column.kind.value}, not {value!r:.200}")


def _is_text(value: object) -> bool:
    if not isinstance(value, str) or "\0" in value:
        return False
    # a lone surrogate is a str that no UTF-8 database can take
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_integer(bits: int) -> Callable[[object], bool]:
    limit = 1 << (bits - 1)
    return lambda value: (
        isinstance(value, int) and not isinstance(value, bool) and -limit <= value < limit
    )  # fmt: skip


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _LAST_S


def _is_json(value: object) -> bool:
    json_text(value)
    return True


_FITS: dict[Kind, Callable[[object], bool]] = {
    Kind.TEXT: _is_text,
    Kind.RUN: lambda value: isinstance(value, str) and _HEX.fullmatch(value) is not None,
    Kind.SMALL: _is_integer(16),
    Kind.WHOLE: _is_integer(32),
    Kind.BIG: _is_integer(64),
    Kind.REAL: _is_number,
    Kind.FLAG: lambda value: isinstance(value, bool),
    Kind.TIME: _is_time,
    Kind.JSON: _is_json,
    Kind.BYTES: lambda value: isinstance(value, bytes),
}


def row_key(table: Table, row: Row) -> tuple[object, ...]:
    """Return the values that make `row` one of its kind in `table`."""
    return tuple(row[name] for name in SHAPES[table].key)
