import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nimmer.clock import SystemClock
from nimmer.errors import HostError
from nimmer.host.household import Household, Run, last_known, running
from nimmer.host.processes import alive, identify, myself

RUN = Run("0123456789abcdef", "dev", 7)

LAUNCHER = """
import signal, subprocess, sys
from pathlib import Path
from nimmer.clock import SystemClock
from nimmer.host.household import Household, Run
from nimmer.host.processes import identify
household = Household.claim(Path(sys.argv[1]), Run("fedcba9876543210", "dev", 7), SystemClock())
stray = subprocess.Popen(["/bin/sh", "-c", "read line; sleep 1000"], stdin=subprocess.PIPE, start_new_session=True,
                         stdout=subprocess.DEVNULL)
household.own_process("stray", identify(stray.pid))
arena = Path(sys.argv[1]) / "nimmer-arena"
household.update(arena=str(arena))
arena.write_text("shared")
(household.temp_dir() / "socket").write_text("")
print(stray.pid, household.temp_dir(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    claimed = Household.claim(tmp_path / "dev", RUN, SystemClock())
    yield claimed
    claimed.release()


def test_a_claimed_directory_shows_a_running_village(household: Household, tmp_path: Path) -> None:
    household.update(nats_url="nats://127.0.0.1:4222")
    found = running(tmp_path / "dev")
    assert found == household.estate
    assert found is not None
    assert found.launcher == myself()
    assert (tmp_path / "dev" / "run.json").stat().st_mode & 0o777 == 0o600


def test_a_second_claim_is_refused_naming_pid_directory_and_fix(household: Household, tmp_path: Path) -> None:
    with pytest.raises(HostError) as caught:
        Household.claim(tmp_path / "dev", RUN, SystemClock())
    message = str(caught.value)
    for part in (f"pid {os.getpid()}", str(tmp_path / "dev"), "nimmer down", "NIMMERVERSE_ENV"):
        assert part in message


def test_a_release_leaves_nothing_and_frees_the_directory(tmp_path: Path) -> None:
    household = Household.claim(tmp_path, RUN, SystemClock())
    temp = household.temp_dir()
    assert temp == household.temp_dir()
    household.release()
    assert household.release() == ()
    assert not temp.exists()
    assert list(tmp_path.iterdir()) == []
    assert running(tmp_path) is None
    Household.claim(tmp_path, RUN, SystemClock()).release()


def test_what_a_killed_launcher_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as launcher:
        assert launcher.stdout is not None
        pid, temp = launcher.stdout.readline().decode().split()
        stray = identify(int(pid))
        assert stray is not None
        with pytest.raises(HostError, match=rf"pid {launcher.pid}, run fedcba9876543210"):
            Household.claim(tmp_path, RUN, SystemClock())
        launcher.send_signal(signal.SIGKILL)
        launcher.wait()
    assert running(tmp_path) is None
    assert last_known(tmp_path) is not None
    household = Household.claim(tmp_path, RUN, SystemClock())
    assert not alive(stray)
    assert not Path(temp).exists()
    assert not (tmp_path / "nimmer-arena").exists()
    assert any(str(tmp_path / "nimmer-arena") in line for line in household.cleaned)
    household.release()


def test_a_directory_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HostError, match=r"state_dir .* cannot be made.*set state_dir elsewhere"):
        Household.claim(tmp_path / "file" / "dev", RUN, SystemClock())
