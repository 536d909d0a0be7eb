import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.host.reach import Node, admits, barrier


@given(st.integers(0, 0o777), st.integers(1, 9), st.integers(1, 9))
def test_root_passes_everything(mode: int, uid: int, gid: int) -> None:
    assert admits(Node(uid, gid, mode), 0, 0, 7)


@pytest.mark.parametrize(
    ("uid", "gid", "mode", "admitted"),
    [
        (5, 9, 0o700, True),
        (5, 9, 0o077, False),
        (9, 5, 0o070, True),
        (9, 5, 0o707, False),
        (9, 9, 0o007, True),
    ],
)
def test_the_first_class_that_fits_decides(uid: int, gid: int, mode: int, admitted: bool) -> None:
    assert admits(Node(uid, gid, mode), 5, 5, 5) is admitted


@pytest.mark.skipif(
    os.geteuid() != 0, reason="the way to a test's directory is closed to others only for root"
)
def test_the_closed_directory_on_the_way_is_named(tmp_path: Path) -> None:
    closed = next(step for step in reversed([tmp_path, *tmp_path.parents]) if not step.stat().st_mode & 1)
    assert barrier(tmp_path / "x", 65534, 65534) == closed


def test_an_open_place_has_no_barrier() -> None:
    assert barrier(Path("/usr/bin/env"), 65534, 65534, readable=True) is None
    assert barrier(Path("/usr/none/at/all"), 65534, 65534) is None
