import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.arena.layout import LAYOUT_VERSION
from nimmer.errors import StoreError
from nimmer.stores.frame import pack, unpack
from nimmer.stores.tables import Table
from nimmer.stores.traces import RecordBatch, RowBatch
from nimmer.testing.store_contract import fresh_run, incident_row, snapshot_row, trail_batch, transition_batch


@pytest.mark.parametrize("make", [trail_batch, transition_batch])
def test_records_come_back_bit_by_bit(make: object) -> None:
    assert callable(make)
    batch = make(fresh_run(), range(1, 20))
    batch.records[0]["cost"] = math.nan
    again = unpack(pack(batch))
    assert isinstance(again, RecordBatch)
    assert again.records.tobytes() == batch.records.tobytes()
    assert again.npcs.tolist() == batch.npcs.tolist()
    assert (again.run, again.unix_offset_s, again.table) == (batch.run, batch.unix_offset_s, batch.table)


def test_records_taken_out_of_a_larger_array_come_back_too() -> None:
    batch = trail_batch(fresh_run(), range(1, 20))
    every_second = RecordBatch(batch.run, batch.npcs[::2], batch.records[::2], 0.0)
    again = unpack(pack(every_second))
    assert isinstance(again, RecordBatch)
    assert np.array_equal(again.records, batch.records[::2])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text("aü☃\n"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
)


@given(detail=json_values)
def test_rows_come_back_as_they_were(detail: object) -> None:
    run = "0123456789abcdef"
    batch = RowBatch(
        Table.INCIDENTS, (incident_row(run, "a", "m", detail), incident_row(run, "b", "ü", None))
    )
    again = unpack(pack(batch))
    assert isinstance(again, RowBatch)
    assert (again.table, again.rows) == (batch.table, batch.rows)


def test_bytes_stay_bytes() -> None:
    again = unpack(pack(RowBatch(Table.WORLD_SNAPSHOTS, (snapshot_row(fresh_run(), 3),))))
    assert isinstance(again, RowBatch)
    assert again.rows[0]["state"] == b"\x00world\xff"


@given(payload=st.binary(max_size=60))
def test_what_is_no_batch_is_refused(payload: bytes) -> None:
    with pytest.raises(StoreError):
        unpack(payload)


def test_a_batch_of_another_layout_is_refused() -> None:
    payload = pack(trail_batch(fresh_run(), range(1, 2)))
    # the layout follows the tag "records"
    ours, theirs = bytes([LAYOUT_VERSION]), bytes([LAYOUT_VERSION + 1])
    other = payload.replace(b"\xa7records" + ours, b"\xa7records" + theirs)
    with pytest.raises(StoreError, match=f"layout {LAYOUT_VERSION + 1}, this release reads {LAYOUT_VERSION}"):
        unpack(other)
