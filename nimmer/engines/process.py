"""One engine process behind its guardian; may be started from any thread. Source: docs/decisions/0032-the-engine-is-a-child.md."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from nimmer.errors import EngineError

LOG_BYTES = 8 << 20
"""Beyond that the log is rotated at the next start."""
STOP_S = 10.0


class EngineProcess:
    """Started, watched, stopped; it never outlives this process."""

    def __init__(self, log: Path) -> None:
        """Prepare; its output will go to `log`."""
        self._log = log
        self._guardian: subprocess.Popen[bytes] | None = None

    def start(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """Start `argv` with exactly the environment `env`. Raises EngineError when it cannot be started."""
        self.stop()
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            if self._log.exists() and self._log.stat().st_size > LOG_BYTES:
                self._log.replace(self._log.with_name(self._log.name + ".1"))
            with self._log.open("ab") as output:
                self._guardian = subprocess.Popen(
                    [sys.executable, "-m", "nimmer.engines.guardian", *argv],
                    env=dict(env),
                    cwd=self._log.parent,
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise EngineError(f"the engine cannot be started: {error}") from None

    @property
    def running(self) -> bool:
        """Whether the engine is there."""
        return self._guardian is not None and self._guardian.poll() is None

    @property
    def guardian_pid(self) -> int | None:
        """The guardian's pid; the engine is its only child."""
        return None if self._guardian is None else self._guardian.pid

    def stop(self) -> None:
        """End the engine; returns when it is gone. A second call does nothing."""
        guardian, self._guardian = self._guardian, None
        if guardian is None:
            return
        assert guardian.stdin is not None
        guardian.stdin.close()
        try:
            guardian.wait(STOP_S)
        except subprocess.TimeoutExpired:  # the kernel ends the engine with its guardian
            guardian.kill()
            guardian.wait()

    def last_lines(self, lines: int = 6) -> str:
        """Return the end of the log."""
        try:
            with self._log.open("rb") as file:
                file.seek(max(self._log.stat().st_size - 4096, 0))
                text = file.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])
