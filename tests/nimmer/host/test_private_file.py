import os
from pathlib import Path

import pytest

from nimmer.errors import HostError
from nimmer.host.private_file import read_private, write_private


def test_what_is_written_is_read_and_only_its_owner_may(tmp_path: Path) -> None:
    file = tmp_path / "secret.json"
    write_private(file, b"one")
    write_private(file, b"two")
    assert read_private(file) == b"two"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_file_that_others_can_reach_is_refused_with_the_fix(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "secret.json"
    write_private(file, b"one")
    file.chmod(mode)
    with pytest.raises(HostError, match=rf"mode {mode:04o}.*chmod 600"):
        read_private(file)


def test_a_link_is_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "real", b"one")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(HostError, match=r"not a plain file"):
        read_private(tmp_path / "link")


def test_a_missing_file_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_private(tmp_path / "none")


def test_a_directory_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"cannot be written: No such file"):
        write_private(tmp_path / "none" / "file", b"")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_another_users_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret.json"
    write_private(file, b"one")
    os.chown(file, 65534, 65534)
    with pytest.raises(HostError, match=r"belongs to uid 65534"):
        read_private(file)
