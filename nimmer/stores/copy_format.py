"""Trails as PostgreSQL's binary COPY format, built column by column in numpy instead of row by row.

Every column has a fixed width, so a batch is one structured array: per row the field count, then length and
big-endian value of each field. Building it costs a fraction of what formatting single rows costs.
Source: PostgreSQL documentation, COPY, "Binary Format"; docs/domain.md section 11, decision_trails.
"""

import numpy as np

from nimmer.stores.traces import RecordBatch

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_EPOCH_2000_US = 946_684_800_000_000
"""PostgreSQL counts microseconds from 2000-01-01."""

TRAIL_COLUMNS: tuple[tuple[str, str], ...] = (
    ("npc", ">i4"),
    ("tick", ">i8"),
    ("world_tick", ">i8"),
    ("at", ">i8"),
    ("level", ">i4"),
    ("node", ">i4"),
    ("gates", ">i4"),
    ("energy", ">f4"),
    ("lifeforce", ">f4"),
    ("cost", ">f4"),
    ("reward", ">f4"),
    ("coverage", ">f4"),
    ("lateness_us", ">f4"),
    ("compute_us", ">f4"),
    ("verb", ">i2"),
    ("slot", ">i2"),
    ("nerve", ">i2"),
    ("nerve_state", ">i2"),
    ("waves", ">i2"),
    ("transitions", ">i2"),
    ("rejection", ">i2"),
    ("attention", ">i2"),
    ("vigour", ">i2"),
    ("run", "S16"),
)
"""The columns of decision_trails in the order they are copied, with their binary types."""


def _row_dtype() -> np.dtype[np.void]:
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in TRAIL_COLUMNS:
        fields += [(f"{name}_length", ">i4"), (name, kind)]
    return np.dtype(fields)


def _blank_row(dtype: np.dtype[np.void]) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    row = np.zeros(1, dtype)
    row["fields"] = len(TRAIL_COLUMNS)
    for name, kind in TRAIL_COLUMNS:
        row[f"{name}_length"] = np.dtype(kind).itemsize
    return row


_ROW = _row_dtype()
_BLANK = _blank_row(_ROW)
_SAME_NAME = tuple(
    name for name, _ in TRAIL_COLUMNS if name not in ("npc", "tick", "at", "run")
)  # fmt: skip


def trails_as_copy(batch: RecordBatch) -> bytes:
    """Return a batch of TRAIL records as one whole binary COPY stream of `TRAIL_COLUMNS`."""
    rows = np.repeat(_BLANK, len(batch))
    rows["run"] = batch.run.encode()
    rows["npc"] = batch.npcs
    rows["tick"] = batch.records["npc_tick"]
    rows["at"] = batch.unix_us() - _EPOCH_2000_US
    for name in _SAME_NAME:
        rows[name] = batch.records[name]
    return _HEADER + rows.tobytes() + _TRAILER
