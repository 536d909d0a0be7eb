from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.errors import ReplayError
from nimmer.stores.action_log import ActionLog, ActionLogWriter, decode, encode, truncate_torn_tail
from nimmer.world.journal import Arrival, LevelFrame, RunHeader, TickFrame

HEADER = RunHeader("00ff00ff00ff00ff", 7, 3, 1, {"node_capacity": 4, "reward_fact": 1.5}, "ab" * 16)
BIRTH = LevelFrame(0, 1, Arrival.BIRTH, b"b" * 16)


def frame(tick: int) -> TickFrame:
    verbs, slots = np.array([tick % 5, 1, 2], np.uint8), np.array([-1, 3, 0], np.int8)
    return TickFrame(
        tick, verbs, slots, np.array([True, False, True]), np.array([False, True, True]), b"d" * 16
    )


def logged(folder: Path, ticks: int = 5) -> Path:
    path = folder / "runs" / "actions.log"
    with ActionLogWriter.create(path, HEADER, flush_every=2) as log:
        log.append(BIRTH)
        for tick in range(1, ticks + 1):
            log.append(frame(tick))
    return path


def ticks_of(log: ActionLog) -> list[int]:
    return [found.tick for found in log.frames()]


def test_a_log_gives_back_what_was_written(tmp_path: Path) -> None:
    log = ActionLog(logged(tmp_path))
    assert log.header == HEADER
    birth, *ticks = log.frames()
    assert birth == BIRTH
    for number, found in enumerate(ticks, start=1):
        assert encode(found) == encode(frame(number))
    assert not log.torn


@given(
    st.integers(0, 2**63),
    st.lists(st.tuples(st.integers(0, 255), st.integers(-128, 127), st.booleans()), max_size=9),
)
def test_any_frame_survives_the_way_through_bytes(tick: int, acts: list[tuple[int, int, bool]]) -> None:
    verbs, slots = np.array([act[0] for act in acts], np.uint8), np.array([act[1] for act in acts], np.int8)
    flags = np.array([act[2] for act in acts], np.bool_)
    found = decode(encode(TickFrame(tick, verbs, slots, flags, ~flags, b"0" * 16)))
    assert isinstance(found, TickFrame)
    assert found.tick == tick
    for one, other in (
        (found.verbs, verbs),
        (found.slots, slots),
        (found.present, flags),
        (found.permitted, ~flags),
    ):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("cut", [1, 8, 30])
def test_a_torn_last_frame_is_left_out_and_reported(tmp_path: Path, cut: int) -> None:
    path = logged(tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    log = ActionLog(path)
    assert ticks_of(log) == [0, 1, 2, 3, 4]
    assert log.torn
    assert truncate_torn_tail(path) > 0
    assert not ActionLog(path).torn
    assert truncate_torn_tail(path) == 0


def test_a_tail_of_zeros_after_a_power_cut_counts_as_torn(tmp_path: Path) -> None:
    path = logged(tmp_path)
    path.write_bytes(path.read_bytes() + bytes(50))
    log = ActionLog(path)
    assert ticks_of(log) == [0, 1, 2, 3, 4, 5]
    assert log.torn


@pytest.mark.parametrize("within", [0, 3, 9, 25])
def test_a_damaged_middle_frame_names_its_tick(tmp_path: Path, within: int) -> None:
    path = logged(tmp_path)
    data = bytearray(path.read_bytes())
    size = 8 + len(encode(frame(1)))
    data[len(data) - 3 * size + within] ^= 0x40
    path.write_bytes(data)
    with pytest.raises(ReplayError, match="the frame of tick 3 "):
        ticks_of(ActionLog(path))


def test_a_log_goes_on_after_a_crash_behind_its_last_whole_frame(tmp_path: Path) -> None:
    path = logged(tmp_path)
    path.write_bytes(path.read_bytes()[:-4])
    with ActionLogWriter.reopen(path) as log:
        log.append(frame(5))
    again = ActionLog(path)
    assert ticks_of(again) == [0, 1, 2, 3, 4, 5]
    assert not again.torn


def test_a_log_is_read_on_from_where_it_stood(tmp_path: Path) -> None:
    path = logged(tmp_path)
    with ActionLogWriter.reopen(path) as log:
        place = log.offset
        for tick in (6, 7):
            log.append(frame(tick))
    with path.open("ab") as file:
        file.write(b"torn")
    assert [found.tick for found in ActionLog(path).frames(place)] == [6, 7]
    with ActionLogWriter.reopen(path, start=place) as log:
        log.append(frame(8))
    assert ticks_of(ActionLog(path)) == [0, 1, 2, 3, 4, 5, 6, 7, 8]


def test_what_was_appended_is_readable_while_the_writer_lives(tmp_path: Path) -> None:
    writer = ActionLogWriter.create(tmp_path / "a.log", HEADER)
    writer.append(BIRTH)
    assert ticks_of(ActionLog(tmp_path / "a.log")) == [0]
    writer.close()
    writer.close()


def test_a_run_is_logged_only_once(tmp_path: Path) -> None:
    path = logged(tmp_path)
    with pytest.raises(ReplayError, match="already there"):
        ActionLogWriter.create(path, HEADER)


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with pytest.raises(ReplayError, match="cannot be read"):
        ActionLog(path)
    path.write_bytes(b"something else")
    with pytest.raises(ReplayError, match="not an action log"):
        ActionLog(path)
    data = logged(tmp_path).read_bytes()
    path.write_bytes(data[:20])
    with pytest.raises(ReplayError, match="no whole header"):
        ActionLog(path)
    path.write_bytes(data[:30] + b"?" + data[31:])
    with pytest.raises(ReplayError, match="damaged"):
        ActionLog(path)


@pytest.mark.parametrize(
    "payload", [b"", b"\x09", b"\x01abc", encode(frame(1))[:-1], encode(BIRTH)[:12] + b"\x07" * 18]
)
def test_a_payload_of_another_format_is_refused(payload: bytes) -> None:
    with pytest.raises(ReplayError, match="is not of format 1"):
        decode(payload)


def test_a_writer_on_a_full_disk_says_so() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this machine has no /dev/full")
    with full.open("wb", buffering=0) as file, pytest.raises(ReplayError, match="cannot be written"):
        ActionLogWriter(file, 0).append(BIRTH)
