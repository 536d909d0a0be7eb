import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from nimmer.bus.identities import identities
from nimmer.clock import SystemClock
from nimmer.embedded.credentials import Credentials, ensure
from nimmer.embedded.postgres_server import PostgresOptions, PostgresServer
from nimmer.errors import HostError
from nimmer.host.processes import alive, identify, working_in

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="nimmer-test-"))
    made.chmod(0o711)
    (made / "temp").mkdir(mode=0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def credentials(home: Path) -> Credentials:
    return ensure(home, identities("dev"))


def new_server(home: Path, credentials: Credentials, port: int | None = None) -> PostgresServer:
    options = PostgresOptions(port=port, shelter=home)
    return PostgresServer(home, "dev", credentials, home / "temp", SystemClock(), options)


@pytest.fixture
def server(home: Path, credentials: Credentials) -> Iterator[PostgresServer]:
    made = new_server(home, credentials)
    made.start()
    yield made
    made.stop()


def test_the_owner_writes_and_the_watcher_only_reads(
    server: PostgresServer, credentials: Credentials
) -> None:
    with psycopg.connect(server.dsn, password=credentials.postgres) as owner:
        owner.execute("CREATE TABLE seen (a int)")
        owner.execute("INSERT INTO seen VALUES (1)")
    with psycopg.connect(server.watch_dsn, password=credentials.postgres_watch) as watch:
        assert watch.execute("SELECT a FROM seen").fetchall() == [(1,)]
        watch.execute("SET default_transaction_read_only = off")
        watch.commit()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            watch.execute("INSERT INTO seen VALUES (2)")


@pytest.mark.parametrize("role", ["nimmer", "watch", "postgres"])
def test_nobody_connects_without_the_password(server: PostgresServer, role: str) -> None:
    dsn = server.dsn.replace("nimmer@", f"{role}@")
    for password in (None, "wrong"):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(dsn, password=password)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another user")
def test_root_hands_the_server_to_an_unprivileged_user(server: PostgresServer) -> None:
    assert Path(f"/proc/{server.identity.pid}").stat().st_uid == 65534
    assert server.place.data.stat().st_mode & 0o777 == 0o700


def test_a_killed_server_recovers_on_its_port(server: PostgresServer, credentials: Credentials) -> None:
    with psycopg.connect(server.dsn, password=credentials.postgres) as owner:
        owner.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS a")
    dsn = server.dsn
    os.kill(server.identity.pid, signal.SIGKILL)
    assert server.restart() == dsn
    with psycopg.connect(server.dsn, password=credentials.postgres) as owner:
        assert owner.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def test_a_stale_pid_file_with_a_recycled_pid_is_forgotten(server: PostgresServer) -> None:
    file = server.place.data / "postmaster.pid"
    content = file.read_text()
    server.stop()
    file.write_text(content.replace(content.split("\n")[0], "1", 1))
    server.restart()
    assert server.poll() is None


def test_new_passwords_hold_at_the_next_start(server: PostgresServer, home: Path) -> None:
    server.stop()
    changed = Credentials({}, "another-password", "yet-another-one", "token-token")
    later = new_server(home, changed)
    later.start()
    try:
        psycopg.connect(later.dsn, password="another-password").close()
    finally:
        later.stop()


def test_a_fixed_port_that_is_taken_names_the_setting(home: Path, credentials: Credentials) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(HostError, match=rf"stores.postgres_port is {port}, and another program"):
            new_server(home, credentials, port).start()


def test_a_socket_path_that_is_too_long_is_refused(tmp_path: Path, credentials: Credentials) -> None:
    server = PostgresServer(tmp_path, "dev", credentials, tmp_path / ("x" * 100), SystemClock())
    with pytest.raises(HostError, match=r"too long for a socket"):
        server.start()


LAUNCHER = """
import sys
from pathlib import Path
from nimmer.bus.identities import identities
from nimmer.clock import SystemClock
from nimmer.embedded.credentials import ensure
from nimmer.embedded.postgres_server import PostgresOptions, PostgresServer
home = Path(sys.argv[1])
options = PostgresOptions(shelter=home)
server = PostgresServer(home, "dev", ensure(home, identities("dev")), home / "temp", SystemClock(), options)
server.start()
print(server.identity.pid, flush=True)
sys.stdin.read()
"""


def test_a_killed_launcher_leaves_no_server_and_the_next_one_starts(
    home: Path, credentials: Credentials
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as launcher:
        assert launcher.stdout is not None
        postmaster = identify(int(launcher.stdout.readline()))
        assert postmaster is not None
        handle = os.pidfd_open(postmaster.pid)
        launcher.kill()
        assert select.select([handle], [], [], 20.0)[0]
        os.close(handle)
    assert not alive(postmaster)
    later = new_server(home, credentials)
    later.start()
    data = later.place.data
    assert working_in(data)
    later.stop()
    assert working_in(data) == ()
