"""A batch as bytes and back, for the spool: what was acknowledged must be readable by the next process.

msgpack with the records as they lie in memory. Source: docs/domain.md section 11; msgpack specification.
"""

from typing import Literal

import msgspec
import numpy as np

from nimmer.arena.layout import LAYOUT_VERSION, TRAIL, TRANSITION
from nimmer.errors import StoreError
from nimmer.stores.tables import Row, Table
from nimmer.stores.traces import Batch, RecordBatch, RowBatch

_DTYPES = {Table.DECISION_TRAILS: TRAIL, Table.GATE_TRANSITIONS: TRANSITION}


class _RecordFrame(msgspec.Struct, frozen=True, tag="records", array_like=True):
    layout: int
    table: Literal["decision_trails", "gate_transitions"]
    run: str
    unix_offset_s: float
    npcs: bytes
    records: bytes


class _RowFrame(msgspec.Struct, frozen=True, tag="rows", array_like=True):
    table: str
    rows: list[dict[str, object]]


_decoder = msgspec.msgpack.Decoder(_RecordFrame | _RowFrame)


def pack(batch: Batch) -> bytes:
    """Return `batch` as bytes."""
    if isinstance(batch, RowBatch):
        rows: list[Row] = list(batch.rows)
        return msgspec.msgpack.encode(_RowFrame(batch.table.value, [dict(row) for row in rows]))
    table: Literal["decision_trails", "gate_transitions"] = (
        "decision_trails" if batch.table is Table.DECISION_TRAILS else "gate_transitions"
    )
    npcs = np.ascontiguousarray(batch.npcs, dtype="<i4").tobytes()
    return msgspec.msgpack.encode(
        _RecordFrame(LAYOUT_VERSION, table, batch.run, batch.unix_offset_s, npcs, batch.records.tobytes())
    )


def unpack(payload: bytes) -> Batch:
    """Return the batch in `payload`. Raises StoreError when it is none, or was written with another layout."""
    try:
        frame = _decoder.decode(payload)
        if isinstance(frame, _RowFrame):
            return RowBatch(Table(frame.table), tuple(frame.rows))
        if frame.layout != LAYOUT_VERSION:
            raise StoreError(
                f"the batch has records of layout {frame.layout}, this release reads {LAYOUT_VERSION}"
            )
        records = np.frombuffer(frame.records, dtype=_DTYPES[Table(frame.table)])
        return RecordBatch(frame.run, np.frombuffer(frame.npcs, dtype="<i4"), records, frame.unix_offset_s)
    except (msgspec.MsgspecError, ValueError) as error:
        raise StoreError(f"{len(payload)} bytes are not a batch: {error}") from error
