"""One guarded child server: started, waited for, watched, stopped; it never outlives its launcher.

The kernel ends it when the launcher dies, its output goes to a bounded log file, and an error about it carries
the last lines of that log and a way out.
Source: docs/host.md.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import tenacity

from nimmer.clock import Clock
from nimmer.errors import HostError
from nimmer.host.processes import ProcessId, die_with_parent, identify

T = TypeVar("T")
_LOG_BYTES = 8 << 20
_POLL_S = 0.005


@dataclass(frozen=True, slots=True)
class RunAs:
    """The Unix user a server runs as."""

    uid: int
    gid: int


class Child:
    """A server process of this launcher. Must be started from the main thread (see `die_with_parent`)."""

    def __init__(
        self, name: str, log: Path, clock: Clock, stop_signal: signal.Signals = signal.SIGTERM
    ) -> None:
        """Prepare; nothing runs yet.

        Args:
            name: what errors call it.
            log: the file that takes its output; beyond 8 MiB it is rotated at the next start.
            clock: for deadlines.
            stop_signal: asks it to stop in order; also sent by the kernel when the launcher dies.
        """
        self.name = name
        self._log = log
        self._clock = clock
        self._stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None
        self._identity: ProcessId | None = None

    @property
    def identity(self) -> ProcessId:
        """The running process. Raises HostError when it was never started or ended at once."""
        if self._identity is None:
            raise HostError(f"{self.name} is not running{self._tail()}")
        return self._identity

    def start(
        self, argv: Sequence[str], env: Mapping[str, str], run_as: RunAs | None = None, cwd: Path = Path("/")
    ) -> None:
        """Start `argv` with exactly the environment `env`, as `run_as` when given (needs root).

        Raises:
            HostError: it still runs, cannot be executed, or this is not the main thread.
        """
        if self.poll() is None and self._process is not None:
            raise HostError(f"{self.name} runs already as pid {self._process.pid}: stop it first")
        groups: list[int] | None = [] if run_as else None
        guard = die_with_parent(self._stop_signal)
        self._rotate()
        try:
            with self._log.open("ab") as output:
                self._process = subprocess.Popen(
                    argv,
                    env=dict(env),
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    user=run_as.uid if run_as else None,
                    group=run_as.gid if run_as else None,
                    extra_groups=groups,
                    start_new_session=True,  # Ctrl-C reaches the launcher only, which then stops in order
                    preexec_fn=guard,
                )
        except (OSError, subprocess.SubprocessError) as error:
            raise HostError(f"{self.name} cannot be started from {argv[0]}: {error}") from error
        self._identity = identify(self._process.pid)

    def _rotate(self) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        if self._log.exists() and self._log.stat().st_size > _LOG_BYTES:
            self._log.replace(self._log.with_name(self._log.name + ".1"))

    def poll(self) -> int | None:
        """Return None while it runs (or was never started), else its exit status, negative for a signal."""
        return None if self._process is None else self._process.poll()

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def wait_ready(self, check: Callable[[], T | None], within_s: float) -> T:
        """Call `check` until it returns something else than None, and return that.

        Raises:
            HostError: the server ended, or was not ready within `within_s` (it is stopped then).
        """
        deadline_s = self._clock.monotonic_s() + within_s

        def once() -> T | None:
            if not self.running:
                raise HostError(f"{self.name} ended with status {self.poll()} while starting{self._tail()}")
            return check()

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda found: found is None),
            wait=tenacity.wait_fixed(_POLL_S),
            stop=lambda _: self._clock.monotonic_s() >= deadline_s,
            sleep=self._clock.wait_s,
        )
        try:
            found = retrying(once)
        except tenacity.RetryError:
            self.stop(grace_s=2.0)
            fix = "the machine may be overloaded, try again"
            raise HostError(f"{self.name} was not ready within {within_s:g} s: {fix}{self._tail()}") from None
        assert found is not None
        return found

    def stop(self, grace_s: float = 10.0) -> int | None:
        """Ask it to stop, wait up to `grace_s`, then kill its whole session; return its exit status.

        None when it never ran; may be called twice.
        """
        if self._process is None:
            return None
        if self._process.poll() is None:
            self._process.send_signal(self._stop_signal)
            try:
                self._process.wait(grace_s)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._identity = None
        return self._process.returncode

    def last_lines(self, lines: int = 12) -> str:
        """Return the end of the log."""
        try:
            with self._log.open("rb") as file:
                file.seek(max(self._log.stat().st_size - 8192, 0))
                text = file.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _tail(self) -> str:
        return f"\nlast lines of {self._log}:\n{self.last_lines()}"


def plain_env() -> dict[str, str]:
    """Return the environment a server needs and no more: no secret of the launcher leaks into it."""
    kept = ("PATH", "HOME", "TMPDIR", "TZ", "SSL_CERT_FILE")
    return {key: os.environ[key] for key in kept if key in os.environ} | {"LC_ALL": "C.UTF-8"}
