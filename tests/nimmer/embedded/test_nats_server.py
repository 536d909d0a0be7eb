import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from nats.aio.client import Client

from nimmer.bus.identities import identities, inbox_prefix
from nimmer.clock import SystemClock
from nimmer.embedded.credentials import Credentials, ensure
from nimmer.embedded.nats_server import NatsServer
from nimmer.errors import HostError
from nimmer.host.processes import alive, identify

pytestmark = pytest.mark.servers


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return ensure(tmp_path, identities("dev"))


@pytest.fixture
def server(tmp_path: Path, credentials: Credentials) -> Iterator[NatsServer]:
    made = NatsServer(tmp_path, "dev", credentials, SystemClock())
    made.start()
    yield made
    made.stop()


@asynccontextmanager
async def connected(
    server: NatsServer, identity: str, password: str
) -> AsyncIterator[tuple[Client, asyncio.Queue[Exception]]]:
    """A client, closed whatever happens, and what the server refused it."""
    refusals: asyncio.Queue[Exception] = asyncio.Queue()
    client = Client()
    await client.connect(
        server.url,
        user=identity,
        password=password,
        allow_reconnect=False,
        inbox_prefix=inbox_prefix(identity).encode(),
        error_cb=refusals.put,
    )
    try:
        yield client, refusals
    finally:
        await client.close()


async def test_an_identity_may_do_what_it_may_and_no_more(
    server: NatsServer, credentials: Credentials
) -> None:
    async with (
        connected(server, "guest", credentials.nats["guest"]) as (guest, refusals),
        connected(server, "bridge", credentials.nats["bridge"]) as (bridge, _),
    ):
        heard = await bridge.subscribe("dev.>")
        await bridge.flush()
        await guest.publish("dev.thalamus.gate.open", b"forged")
        await guest.publish("dev.thalamus.status.request", b"asked")
        await guest.flush()
        assert (await heard.next_msg(timeout=5)).data == b"asked"
        refusal = await asyncio.wait_for(refusals.get(), 5)  # a flush's PING may overtake what is pending
        assert "permissions violation for publish" in str(refusal).lower()
        stream = await bridge.jetstream().add_stream(name="T", subjects=["dev.thalamus.traces.>"])
        assert stream.config.name == "T"


@pytest.mark.parametrize("login", [{}, {"user": "guest"}, {"user": "guest", "pass": "wrong"}])
def test_nobody_enters_without_a_right_password(server: NatsServer, login: dict[str, str]) -> None:
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw, raw.makefile("rwb") as stream:
        assert stream.readline().startswith(b"INFO")
        stream.write(f"CONNECT {json.dumps({'verbose': False, **login})}\r\nPING\r\n".encode())
        stream.flush()
        assert stream.readline().strip() == b"-ERR 'Authorization Violation'"


def test_a_killed_server_comes_back_on_its_port_and_a_later_one_too(
    server: NatsServer, tmp_path: Path, credentials: Credentials
) -> None:
    url = server.url
    os.kill(server.identity.pid, signal.SIGKILL)
    assert server.restart() == url
    assert server.healthy()
    server.stop()
    assert not server.healthy()
    later = NatsServer(tmp_path, "dev", credentials, SystemClock())
    assert later.start() == url
    later.stop()


def test_a_remembered_port_that_is_taken_is_given_up(tmp_path: Path, credentials: Credentials) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (tmp_path / "nats").mkdir()
        (tmp_path / "nats" / "port").write_text(str(port))
        server = NatsServer(tmp_path, "dev", credentials, SystemClock())
        assert not server.start().endswith(f":{port}")
        server.stop()


def test_a_fixed_port_that_is_taken_names_the_setting(tmp_path: Path, credentials: Credentials) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = NatsServer(tmp_path, "dev", credentials, SystemClock(), port=port)
        with pytest.raises(HostError, match=rf"bus.port is {port}, and another program listens there"):
            server.start()


def test_passwords_stand_only_in_a_private_file(server: NatsServer, tmp_path: Path) -> None:
    assert server.poll() is None
    assert (tmp_path / "nats" / "nats.conf").stat().st_mode & 0o777 == 0o600


LAUNCHER = """
import sys
from pathlib import Path
from nimmer.bus.identities import identities
from nimmer.clock import SystemClock
from nimmer.embedded.credentials import ensure
from nimmer.embedded.nats_server import NatsServer
home = Path(sys.argv[1])
server = NatsServer(home, "dev", ensure(home, identities("dev")), SystemClock())
server.start()
print(server.identity.pid, flush=True)
sys.stdin.read()
"""


def test_a_killed_launcher_leaves_no_server(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as launcher:
        assert launcher.stdout is not None
        server = identify(int(launcher.stdout.readline()))
        assert server is not None
        handle = os.pidfd_open(server.pid)
        launcher.kill()
        assert select.select([handle], [], [], 20.0)[0]  # readable when the server has ended
        os.close(handle)
    assert not alive(server)
