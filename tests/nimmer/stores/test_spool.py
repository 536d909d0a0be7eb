import contextlib
import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.errors import SpoolFullError, StoreError
from nimmer.stores.spool import Spool

LIMIT = 1 << 20


class FillingDisk(io.FileIO):
    """A segment on a disk with room for `room` more bytes."""

    room = 100

    def write(self, data: object, /) -> int:
        view = memoryview(data)  # type: ignore[arg-type]  # a buffer, as FileIO says by its own name for it
        taken = super().write(view[: max(FillingDisk.room, 0)])
        FillingDisk.room -= taken
        if not taken:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return taken


Opener = Callable[..., Spool]


@pytest.fixture
def open_spool() -> Iterator[Opener]:
    with contextlib.ExitStack() as opened:
        yield lambda *arguments: opened.enter_context(Spool(*arguments))


def drained(spool: Spool) -> list[bytes]:
    found = []
    while (payload := spool.first()) is not None:
        found.append(payload)
        spool.take()
    return found


def test_frames_leave_in_the_order_they_came(tmp_path: Path, open_spool: Opener) -> None:
    spool = open_spool(tmp_path, LIMIT)
    frames = [bytes([number]) * number for number in range(1, 200)]
    for frame in frames:
        spool.append(frame, rows=2)
    assert (spool.frames, spool.rows) == (199, 398)
    assert drained(spool) == frames
    assert (spool.frames, spool.rows, spool.used_bytes) == (0, 0, 0)
    assert list(tmp_path.glob("*.spool")) == []


def test_a_new_process_finds_what_waits(tmp_path: Path, open_spool: Opener) -> None:
    first = open_spool(tmp_path, LIMIT)
    first.append(b"one", 1)
    first.append(b"two", 2)
    first.close()
    second = open_spool(tmp_path, LIMIT)
    second.append(b"three", 3)
    assert second.damage == []
    assert second.rows == 6
    assert drained(second) == [b"one", b"two", b"three"]


@settings(max_examples=30, deadline=None)
@given(frames=st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=10), torn=st.integers(1, 60))
def test_a_torn_tail_costs_no_frame_before_it(
    frames: list[bytes], torn: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("spool")
    spool = Spool(directory, LIMIT)
    for frame in frames:
        spool.append(frame, 1)
    spool.append(b"x" * 100, 1)
    spool.close()
    (segment,) = directory.glob("*.spool")
    os.truncate(segment, segment.stat().st_size - torn)
    opened = Spool(directory, LIMIT)
    assert len(opened.damage) == 1
    assert "torn frame" in opened.damage[0]
    opened.append(b"after", 1)
    assert drained(opened) == [*frames, b"after"]
    opened.close()


def test_a_damaged_frame_costs_only_itself(tmp_path: Path, open_spool: Opener) -> None:
    spool = open_spool(tmp_path, LIMIT)
    for frame in (b"first", b"second", b"third"):
        spool.append(frame, 1)
    spool.close()
    (segment,) = tmp_path.glob("*.spool")
    segment.write_bytes(segment.read_bytes().replace(b"second", b"sec0nd"))
    opened = open_spool(tmp_path, LIMIT)
    assert "damaged frame of 1 rows" in opened.damage[0]
    assert drained(opened) == [b"first", b"third"]


def test_segments_are_given_back_while_the_spool_is_drained(tmp_path: Path, open_spool: Opener) -> None:
    spool = open_spool(tmp_path, 80_000)
    for _ in range(70):
        spool.append(bytes(1000), 1)
    full = spool.used_bytes
    for _ in range(30):
        spool.take()
    assert spool.used_bytes <= full - 20_000
    assert spool.used_bytes == sum(path.stat().st_size for path in tmp_path.glob("*.spool"))


def test_the_limit_refuses_a_frame_and_names_path_size_limit_and_fix(
    tmp_path: Path, open_spool: Opener
) -> None:
    spool = open_spool(tmp_path, 10_000)
    for _ in range(9):
        spool.append(bytes(1000), 1)
    with pytest.raises(SpoolFullError) as refusal:
        spool.append(bytes(1000), 1)
    for part in (str(tmp_path), "9108 of 10000 bytes", "its limit is reached", "stores.spool_mb"):
        assert part in str(refusal.value)
    assert spool.rows == 9
    drained(spool)
    spool.append(bytes(1000), 1)


def test_a_full_disk_refuses_a_frame_and_keeps_what_was_acknowledged(
    tmp_path: Path, open_spool: Opener
) -> None:
    FillingDisk.room = 100
    spool = open_spool(tmp_path, LIMIT, lambda path: FillingDisk(path, "ab"))
    spool.append(b"a" * 50, 1)
    for _ in range(2):
        with pytest.raises(SpoolFullError, match="the disk is full"):
            spool.append(b"b" * 50, 1)
    FillingDisk.room = 1000
    spool.append(b"c" * 50, 1)
    spool.close()
    opened = open_spool(tmp_path, LIMIT)
    assert opened.damage == []
    assert drained(opened) == [b"a" * 50, b"c" * 50]


def test_a_device_that_is_full_is_a_full_disk(tmp_path: Path, open_spool: Opener) -> None:
    spool = open_spool(tmp_path, LIMIT, lambda _: io.FileIO("/dev/full", "wb"))
    with pytest.raises(SpoolFullError, match="No space left on device"):
        spool.append(b"a", 1)


def test_a_directory_is_held_by_one_spool_at_a_time(tmp_path: Path, open_spool: Opener) -> None:
    first = open_spool(tmp_path, LIMIT)
    with pytest.raises(StoreError, match="held by another process"):
        open_spool(tmp_path, LIMIT)
    first.close()
    open_spool(tmp_path, LIMIT)


def test_a_directory_that_cannot_be_made_says_so(tmp_path: Path, open_spool: Opener) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be used"):
        open_spool(tmp_path / "file", LIMIT)


def test_a_frame_set_aside_is_kept_apart(tmp_path: Path, open_spool: Opener) -> None:
    spool = open_spool(tmp_path, LIMIT)
    spool.append(b"never", 1)
    spool.append(b"next", 1)
    path = spool.set_aside()
    assert b"never" in path.read_bytes()
    assert drained(spool) == [b"next"]


def test_only_the_owner_may_read_the_spool(tmp_path: Path, open_spool: Opener) -> None:
    open_spool(tmp_path / "spool", LIMIT).close()
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700


WRITER = """
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from nimmer.stores.spool import Spool
spool = Spool(Path(sys.argv[1]), 1 << 30)
number = 0
while True:
    spool.append(number.to_bytes(4, "big") * 500, 1)
    print(number, flush=True)
    number += 1
"""


def test_every_frame_acknowledged_before_a_kill_is_found_after_it(tmp_path: Path, open_spool: Opener) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        acknowledged = -1
        while acknowledged < 50:
            acknowledged = int(writer.stdout.readline())
        writer.kill()
        rest = writer.stdout.read().split(b"\n")[:-1]
    acknowledged = max([acknowledged, *map(int, rest)])
    numbers = [int.from_bytes(frame[:4], "big") for frame in drained(open_spool(tmp_path, 1 << 30))]
    assert numbers == list(range(len(numbers)))
    # one more may be on disk whose acknowledgement was never read
    assert len(numbers) in (acknowledged + 1, acknowledged + 2)
