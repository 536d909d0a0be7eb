"""Nothing of an engine is left behind, whoever dies first."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nimmer.clock import SystemClock
from nimmer.engines.process import EngineProcess
from nimmer.errors import EngineError
from nimmer.host.processes import ProcessId, alive, descendants

pytestmark = pytest.mark.servers
CLOCK = SystemClock()
ENV = dict(os.environ)
WITH_CHILD = "import subprocess, sys; subprocess.Popen(['sleep', '600']); print('up', flush=True); sys.stdin.read(); import signal; signal.pause()"
LAUNCHER = """
import os, sys, threading, signal
from pathlib import Path
from nimmer.engines.process import EngineProcess
engine = EngineProcess(Path(sys.argv[1]))
start = lambda: engine.start([sys.executable, "-c", sys.argv[2]], os.environ)
thread = threading.Thread(target=start)  # not the main one, and soon ended
thread.start(); thread.join()
print(engine.guardian_pid, flush=True)
signal.pause()
"""


def until(true: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline_s = CLOCK.monotonic_s() + within_s
    while not true():
        assert CLOCK.monotonic_s() < deadline_s
        CLOCK.wait_s(0.01)


def family(guardian: int) -> tuple[ProcessId, ...]:
    """The engine and the child it started."""
    until(lambda: len(descendants(guardian)) == 2)
    return descendants(guardian)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineProcess]:
    process = EngineProcess(tmp_path / "logs" / "engine.log")
    yield process
    process.stop()


def test_stopping_ends_the_engine_and_what_it_started(engine: EngineProcess) -> None:
    engine.start([sys.executable, "-c", WITH_CHILD], ENV)
    assert engine.guardian_pid is not None
    both = family(engine.guardian_pid)
    engine.stop()
    until(lambda: not any(map(alive, both)))
    assert not engine.running
    engine.stop()


def test_an_engine_that_ends_ends_its_guardian_and_leaves_its_last_words(engine: EngineProcess) -> None:
    engine.start([sys.executable, "-c", "print('no such model'); raise SystemExit(3)"], ENV)
    until(lambda: not engine.running)
    assert "no such model" in engine.last_lines()


def test_a_frozen_engine_can_be_stopped(engine: EngineProcess) -> None:
    engine.start([sys.executable, "-c", WITH_CHILD], ENV)
    assert engine.guardian_pid is not None
    both = family(engine.guardian_pid)
    os.kill(both[0].pid, signal.SIGSTOP)
    engine.stop()
    until(lambda: not any(map(alive, both)))


def test_a_killed_guardian_takes_the_engine_along(engine: EngineProcess) -> None:
    engine.start([sys.executable, "-c", WITH_CHILD], ENV)
    assert engine.guardian_pid is not None
    first, second = family(engine.guardian_pid)
    os.kill(engine.guardian_pid, signal.SIGKILL)
    until(lambda: not alive(first))
    until(lambda: not engine.running)
    os.kill(second.pid, signal.SIGKILL)  # what an engine starts must see to itself then


def test_a_killed_launcher_that_started_it_from_a_thread_takes_all_along(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(tmp_path / "engine.log"), WITH_CHILD],
        stdout=subprocess.PIPE,
        text=True,
        env=ENV,
    ) as launcher:
        assert launcher.stdout is not None
        guardian = int(launcher.stdout.readline())
        both = family(guardian)
        assert all(map(alive, both))  # the thread has ended, the engine has not
        launcher.kill()
        until(lambda: not any(map(alive, both)))
        until(lambda: not Path(f"/proc/{guardian}").exists())


def test_a_program_that_is_not_there_ends_at_once_and_says_so(engine: EngineProcess) -> None:
    engine.start(["/nonexistent/engine"], ENV)
    until(lambda: not engine.running)
    assert "nonexistent" in engine.last_lines()


def test_a_log_that_cannot_be_written_is_an_engine_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match="cannot be started"):
        EngineProcess(tmp_path / "file" / "engine.log").start([sys.executable], ENV)
