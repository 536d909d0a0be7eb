"""A village raised by the command line in a directory of its own, and what tests ask of it."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import psycopg

from nimmer.bus.identities import GUEST
from nimmer.bus.message import Status, StatusRequest
from nimmer.cli.village import RunningVillage, find_village
from nimmer.clock import SystemClock
from nimmer.config import load
from nimmer.errors import NimmerError
from nimmer.host.household import running
from nimmer.host.ports import free_port
from nimmer.host.processes import ProcessId, alive, descendants, identify

CLOCK = SystemClock()
NIMMER = Path(sys.executable).parent / "nimmer"
POLL_S = 0.1
RAISE_S = 150.0
B = TypeVar("B", bound=msgspec.Struct)
T = TypeVar("T")


def until(condition: Callable[[], T], within_s: float, what: str, every_s: float = POLL_S) -> T:
    """Return the first truthy value of `condition`; fail with `what` and the last value when none came in time."""
    deadline_s = CLOCK.monotonic_s() + within_s
    while not (found := condition()):
        assert CLOCK.monotonic_s() < deadline_s, f"not within {within_s:g} s: {what} (last: {found!r})"
        CLOCK.wait_s(every_s)
    return found


@dataclass(frozen=True, slots=True)
class Pace:
    """How much of what was due was done between two looks."""

    world: float
    npcs: float


class Raised:
    """One state directory, and at most one launcher on it."""

    def __init__(self, **settings: str) -> None:
        # as short as can be: PostgreSQL's and Ray's sockets live below such paths; others must be able to pass
        self.home = Path(tempfile.mkdtemp(prefix="village-", dir="/tmp"))
        self.home.chmod(0o711)
        self.settings = {
            "NIMMER_STATE_DIR": str(self.home),
            "NIMMER_RAY__DASHBOARD_PORT": str(free_port()),
            "NIMMER_WORLD__EPOCH_TICKS": "60",
            "NIMMER_WORLD__QUIZ_EPOCHS": "1",
            "NIMMER_WORLD__SNAPSHOT_TICKS": "50",
            "NIMMER_GOVERNOR__MODE": "rule",
            "NIMMER_CORTEX__ENABLED": "false",
            "NIMMER_ORGANS__ENABLED": "false",
            **settings,
        }
        self.launcher: subprocess.Popen[bytes] | None = None

    @property
    def state(self) -> Path:
        return self.home / "dev"

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("NIMMER", "RAY_"))}
        return {**kept, **self.settings, "NO_COLOR": "1", "COLUMNS": "200", **more}

    def start(self, *options: str, **settings: str) -> None:
        """Start `nimmer up`; it writes into out and err of the home."""
        assert self.launcher is None
        with (self.home / "out").open("wb") as out, (self.home / "err").open("wb") as err:
            self.launcher = subprocess.Popen(
                [NIMMER, "up", *options],
                env=self.environment(**settings),
                stdout=out,
                stderr=err,
                cwd=self.home,
            )

    def ended(self, within_s: float = 90.0) -> int:
        """Wait for the launcher's end and return its exit status."""
        assert self.launcher is not None
        code = self.launcher.wait(within_s)
        self.launcher = None
        return code

    @property
    def out(self) -> str:
        return (self.home / "out").read_text()

    @property
    def err(self) -> str:
        return (self.home / "err").read_text()

    def await_life(self) -> None:
        """Wait until the launcher says that everyone lives."""

        def lives() -> bool:
            assert self.launcher is not None
            assert self.launcher.poll() is None, self.err
            return "live on level" in self.err and running(self.state) is not None

        until(lives, RAISE_S, "the village is raised")

    def end(self) -> None:
        """Take the launcher down by Ctrl-C, or harder, and forget the directory."""
        if self.launcher is not None and self.launcher.poll() is None:
            self.launcher.send_signal(signal.SIGINT)
            try:
                self.launcher.wait(60)
            except subprocess.TimeoutExpired:
                self.launcher.kill()
                self.launcher.wait()
        if self.launcher is not None:
            self.launcher = None
            self.nimmer("down", check=False)
        shutil.rmtree(self.home, ignore_errors=True)

    def nimmer(
        self, *words: str, check: bool = True, within_s: float = 90.0
    ) -> subprocess.CompletedProcess[str]:
        """Run one nimmer command to its end."""
        done = subprocess.run(
            [NIMMER, *words],
            env=self.environment(),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def json(self, *words: str) -> Any:  # noqa: ANN401  each command's own
        """Run one nimmer command with --json and return what it printed."""
        return json.loads(self.nimmer(*words, "--json").stdout)

    def found(self) -> RunningVillage:
        """Return the village as nimmer's own commands find it."""
        settings = load({"state_dir": self.home}, None).settings
        return find_village(settings)

    def ask(self, identity: str, subject: str, body: msgspec.Struct, kind: type[B]) -> B:
        return asyncio.run(self.found().ask(identity, subject, body, kind))

    def status(self) -> Status:
        """Return the status; asks again while the bridge or the broker is being revived."""

        def answer() -> Status | None:
            try:
                return self.ask(GUEST, "thalamus.status.request", StatusRequest(), Status)
            except NimmerError:
                return None

        found = until(answer, 60.0, "the village answers for its status")
        assert found is not None
        return found

    def pace(self, during: Callable[[], object]) -> Pace:
        """Return how much of what came due was done while `during` ran."""
        before = self.status()
        during()
        after = self.status()
        world = (after.world_tick - before.world_tick) / (after.world_ticks_due - before.world_ticks_due)
        done = sum(one.ticks for one in after.npcs) - sum(one.ticks for one in before.npcs)
        due = sum(one.ticks_due for one in after.npcs) - sum(one.ticks_due for one in before.npcs)
        return Pace(world, done / due)

    @property
    def host(self) -> str:
        """Return the host's name as subjects carry it."""
        return socket.gethostname().replace(".", "-")

    def complete(self) -> None:
        """Check that PostgreSQL holds every tick of every NPC up to now exactly once."""
        status = self.status()
        wanted = {npc.id: npc.ticks for npc in status.npcs}

        def kept() -> list[tuple[int, int, int, int, int]]:
            query = (
                "select npc, min(tick), max(tick), count(*), count(distinct tick) from decision_trails "
                "where run = %s group by npc order by npc"
            )
            return self.rows(query, status.run)

        until(
            lambda: all(row[2] >= wanted[row[0]] for row in kept()) and len(kept()) == len(wanted),
            30.0,
            f"the database has caught up with {wanted}",
        )
        for npc, first, last, count, distinct in kept():
            assert (first, count, distinct) == (1, last, last), f"npc {npc}"

    def processes(self) -> Mapping[str, ProcessId]:
        """Return the village's processes by name: ray::GardenShell..., nats-server, postgres, npc.7 ..."""
        assert self.launcher is not None
        return {title_of(one.pid): one for one in reversed(descendants(self.launcher.pid))}

    def actor(self, shell: str) -> ProcessId:
        """Return the process of an organism actor such as `GardenShell`."""

        def found() -> ProcessId | None:
            fitting = [one for title, one in self.processes().items() if title.startswith(f"ray::{shell}")]
            return fitting[0] if fitting else None

        process = until(found, 30.0, f"{shell} has a process")
        assert process is not None
        return process

    def kill(self, victim: ProcessId) -> None:
        """kill -9 that very process, and wait until it is gone."""
        assert alive(victim)
        os.kill(victim.pid, signal.SIGKILL)
        until(lambda: not alive(victim), 10.0, f"pid {victim.pid} is gone")

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what the database says to its read-only role."""
        with psycopg.connect(self.found().reader_url()) as connection:
            return connection.execute(query.encode(), values).fetchall()


def title_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def wait_s(duration_s: float) -> None:
    """Let the village live so long."""
    CLOCK.wait_s(duration_s)


def identity_of(pid: int) -> ProcessId:
    found = identify(pid)
    assert found is not None
    return found
