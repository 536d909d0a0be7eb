import ctypes
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nimmer.bus.identities import identities
from nimmer.clock import SystemClock

CLOCK = SystemClock()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Server:
    """A real nats-server with the identities of dev; every password is the identity's name."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        users = [
            {
                "user": name,
                "password": name,
                "permissions": {
                    "publish": list(may.publish),
                    "subscribe": {"allow": list(may.subscribe), "deny": list(may.unheard)},
                }
                | ({"allow_responses": {"max": 1, "expires": "1m"}} if name.startswith("nyx-") else {}),
            }
            for name, may in identities("dev").items()
        ]
        conf = {
            "host": "127.0.0.1",
            "port": self.port,
            "jetstream": {"store_dir": str(home / "js"), "max_file": 4 << 30},
            "authorization": {"users": users},
        }
        (home / "nats.conf").write_text(json.dumps(conf))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        log = self.home / "nats.log"
        log.unlink(missing_ok=True)
        binary = Path(sys.executable).parent / "nats-server"
        self._process = subprocess.Popen(
            [str(binary), "-c", str(self.home / "nats.conf"), "-l", str(log)], preexec_fn=_die_with_parent
        )
        deadline = CLOCK.monotonic_s() + 30
        while not (log.exists() and "Server is ready" in log.read_text()):
            assert CLOCK.monotonic_s() < deadline, "nats-server did not become ready"
            CLOCK.wait_s(0.01)

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(20)
            self._process = None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("nats"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    running.start()
    yield running
    running.stop()
