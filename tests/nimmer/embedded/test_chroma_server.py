import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from nimmer.clock import SystemClock
from nimmer.embedded.chroma_server import ChromaServer
from nimmer.errors import HostError
from nimmer.host.processes import alive

pytestmark = pytest.mark.servers


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChromaServer]:
    made = ChromaServer(tmp_path, SystemClock())
    yield made
    made.stop()


def test_it_starts_in_the_background_answers_later_and_stops(server: ChromaServer) -> None:
    url = server.start()
    identity = server.identity
    server.wait_ready()
    assert server.ready()
    assert server.url == url
    os.kill(identity.pid, signal.SIGKILL)
    assert server.restart() == url
    server.wait_ready()
    second = server.identity
    server.stop()
    assert not alive(identity)
    assert not alive(second)


def test_an_unexpected_end_is_told(server: ChromaServer) -> None:
    server.start()
    os.kill(server.identity.pid, signal.SIGKILL)
    os.waitid(os.P_PID, server.identity.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(HostError, match=r"chroma ended with status -9"):
        server.ready()


def test_a_fixed_port_that_is_taken_names_the_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(HostError, match=rf"stores.chroma_port is {port}"):
            ChromaServer(tmp_path, SystemClock(), port).start()
