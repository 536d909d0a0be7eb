from dataclasses import replace

import numpy as np
import pytest

from nimmer.arena.layout import TRAIL, WAVE
from nimmer.clock import ManualClock
from nimmer.errors import StoreError
from nimmer.stores.tables import Table
from nimmer.stores.traces import RecordBatch, RowBatch, moment, unix_offset_s
from nimmer.testing.store_contract import fresh_run, trail_batch


def test_the_offset_makes_monotonic_seconds_unix_seconds() -> None:
    clock = ManualClock(start_s=100.0, unix_offset_s=1_600_000_000.0)
    assert unix_offset_s(clock) == 1_600_000_000.0


def test_a_moment_keeps_microseconds() -> None:
    assert moment(1_700_000_000_123_457).isoformat() == "2023-11-14T22:13:20.123457+00:00"


@pytest.mark.parametrize("run", ["", "xyz", "0123456789ABCDEF", "0123456789abcdef0"])
def test_a_run_id_is_sixteen_hex_digits(run: str) -> None:
    with pytest.raises(StoreError, match="16 hex digits"):
        trail_batch(run, range(1, 2))


def test_records_of_another_kind_are_refused() -> None:
    with pytest.raises(StoreError, match="TRAIL or TRANSITION"):
        RecordBatch(fresh_run(), np.zeros(1, "i4"), np.zeros(1, WAVE), 0.0)


def test_every_record_has_its_npc() -> None:
    with pytest.raises(StoreError, match="cannot belong"):
        RecordBatch(fresh_run(), np.zeros(2, "i4"), np.zeros(1, TRAIL), 0.0)


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("time_s", float("nan"), "time lies outside"),
        ("time_s", 1e12, "time lies outside"),
        ("npc_tick", 1 << 63, "npc_tick is 9223372036854775808"),
        ("world_tick", 1 << 63, "world_tick"),
        ("level", 1 << 31, "level is 2147483648; the limit is 2147483647"),
    ],
)
def test_a_value_no_column_could_hold_is_refused_when_the_batch_is_made(
    field: str, value: float, named: str
) -> None:
    batch = trail_batch(fresh_run(), range(1, 3))
    batch.records[field][1] = value
    with pytest.raises(StoreError, match=named):
        replace(batch)


def test_an_npc_id_below_zero_is_refused() -> None:
    with pytest.raises(StoreError, match=r"not -1\.\.-1"):
        RecordBatch(fresh_run(), np.full(1, -1), np.zeros(1, TRAIL), 0.0)


def test_trails_do_not_come_as_rows() -> None:
    with pytest.raises(StoreError, match="use RecordBatch"):
        RowBatch(Table.DECISION_TRAILS, ({},))
