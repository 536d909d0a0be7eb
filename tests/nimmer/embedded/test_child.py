import signal
from pathlib import Path

import pytest

from nimmer.clock import SystemClock
from nimmer.embedded.child import Child, plain_env
from nimmer.errors import HostError
from nimmer.host.processes import alive


@pytest.fixture
def child(tmp_path: Path) -> Child:
    return Child("sleeper", tmp_path / "logs" / "sleeper.log", SystemClock())


def sh(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


def test_a_child_starts_gets_ready_and_stops(child: Child, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    child.start(sh(f"echo up; touch {mark}; exec sleep 1000"), plain_env())
    assert child.wait_ready(lambda: True if mark.exists() else None, 10.0)
    identity = child.identity
    assert child.running
    assert child.poll() is None
    assert child.stop() == -signal.SIGTERM
    assert child.stop() == -signal.SIGTERM
    assert not alive(identity)
    assert child.last_lines() == "up"


def test_a_child_that_ends_while_starting_shows_its_last_words(child: Child) -> None:
    child.start(sh("echo first; echo the disk is on fire >&2; exit 3"), plain_env())
    with pytest.raises(HostError, match=r"sleeper ended with status 3.*\n.*\n.*first\nthe disk is on fire"):
        child.wait_ready(lambda: None, 10.0)


def test_a_child_that_never_gets_ready_is_stopped_at_the_deadline(child: Child) -> None:
    child.start(sh("exec sleep 1000"), plain_env())
    with pytest.raises(HostError, match=r"was not ready within 0.05 s"):
        child.wait_ready(lambda: None, 0.05)
    assert child.poll() == -signal.SIGTERM


def test_a_child_that_ignores_the_stop_signal_is_killed(child: Child, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    child.start(sh(f"trap '' TERM; touch {mark}; while :; do sleep 0.1; done"), plain_env())
    child.wait_ready(lambda: True if mark.exists() else None, 10.0)
    assert child.stop(grace_s=0.05) == -signal.SIGKILL


def test_a_missing_program_is_a_clear_error(child: Child) -> None:
    with pytest.raises(HostError, match=r"sleeper cannot be started from /no/such/program"):
        child.start(["/no/such/program"], plain_env())


def test_a_running_child_is_not_started_twice(child: Child) -> None:
    child.start(sh("exec sleep 1000"), plain_env())
    with pytest.raises(HostError, match=r"runs already as pid"):
        child.start(sh("exec sleep 1000"), plain_env())
    child.stop()


def test_a_large_log_is_rotated_at_the_start(child: Child, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "sleeper.log"
    log.parent.mkdir()
    with log.open("wb") as file:
        file.truncate(9 << 20)
    child.start(sh("exit 0"), plain_env())
    child.stop()
    assert log.stat().st_size == 0
    assert log.with_name("sleeper.log.1").exists()


def test_a_server_gets_no_secret_of_the_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "secret")
    assert "secret" not in plain_env().values()
