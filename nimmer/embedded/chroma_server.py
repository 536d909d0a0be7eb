"""The embedded Chroma server (iris): one child owns the files, for several openers silently miss each other.

It takes seconds to come up, so it is started without waiting and asked later whether it is ready.
Source: docs/domain.md section 11 (iris collections); docs/host.md.
"""

import urllib.error
import urllib.request
from pathlib import Path

from nimmer.clock import Clock
from nimmer.embedded.child import Child, plain_env
from nimmer.errors import HostError
from nimmer.host import ports
from nimmer.host.binaries import required
from nimmer.host.processes import ProcessId

READY_S = 120.0


class ChromaServer:
    """A `chroma run` whose data is in `<state_dir>/chroma` and whose log is in `<state_dir>/logs`."""

    def __init__(self, state_dir: Path, clock: Clock, port: int | None = None) -> None:
        """Prepare; nothing runs yet. `port` None: the port of the last time when free, else a free one."""
        self._data = state_dir / "chroma"
        self._fixed = port
        self._port = port
        self._reserved = False
        self._child = Child("chroma", state_dir / "logs" / "chroma.log", clock)

    @property
    def url(self) -> str:
        """Where it listens or will listen; raises HostError before the first start."""
        if self._port is None:
            raise HostError("chroma has no port before it is started")
        return f"http://{ports.LOOPBACK}:{self._port}"

    @property
    def identity(self) -> ProcessId:
        """The running server process."""
        return self._child.identity

    def reserve(self) -> str:
        """Choose the port and return the url it will answer at. Raises HostError when the fixed port is taken."""
        if self._fixed is not None and not ports.is_free(self._fixed):
            raise ports.taken("stores.chroma_port", self._fixed)
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._port = self._fixed or ports.remembered(self._data / "port") or ports.free_port()
        (self._data / "port").write_text(f"{self._port}\n")
        self._reserved = True
        return self.url

    def start(self) -> str:
        """Start it and return its url at once, before it answers there.

        Raises:
            HostError: the binary is missing or the fixed port is taken.
        """
        if not self._reserved:
            self.reserve()
        self._start()
        return self.url

    def _start(self) -> None:
        binary = required("chroma", "chromadb")
        argv = [
            str(binary),
            "run",
            "--path",
            str(self._data),
            "--host",
            ports.LOOPBACK,
            "--port",
            str(self._port),
        ]
        quiet = {"ANONYMIZED_TELEMETRY": "False", "CHROMA_OTEL_GRANULARITY": "none", "DO_NOT_TRACK": "1"}
        self._child.start(argv, plain_env() | quiet)

    def restart(self) -> str:
        """Stop it if it runs and start it again on the same port, without waiting."""
        if self._port is None:
            return self.start()
        self.stop()
        if not ports.is_free(self._port):
            raise ports.taken("the port of the running chroma", self._port)
        self._start()
        return self.url

    def ready(self) -> bool:
        """Tell whether it answers now; does not wait longer than 2 s.

        Raises:
            HostError: it ended, with the last lines of its log.
        """
        if self.poll() is not None:
            raise HostError(f"chroma ended with status {self.poll()}:\n{self._child.last_lines()}")
        return self._child.running and self._answers() is not None

    def wait_ready(self, within_s: float = READY_S) -> None:
        """Wait until it answers. Raises HostError when it ends or does not answer within `within_s`."""
        self._child.wait_ready(self._answers, within_s)

    def _answers(self) -> bool | None:
        try:
            with urllib.request.urlopen(f"{self.url}/api/v2/heartbeat", timeout=2) as answer:
                return True if answer.status == 200 else None
        except (OSError, urllib.error.URLError):
            return None

    def poll(self) -> int | None:
        """Return None while it runs, else its exit status."""
        return self._child.poll()

    def stop(self) -> None:
        """Stop it in order; may be called twice."""
        self._child.stop()
