"""The household of a running village: one launcher per state directory, which leaves nothing behind.

It holds a lock as long as the launcher lives and keeps run.json true, so that other commands find the village
and the next launcher can clear what a killed one left.
Source: docs/domain.md section 12; docs/host.md.
"""

import fcntl
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict, Unpack

from nimmer.clock import Clock
from nimmer.errors import HostError
from nimmer.host.clearing import clear
from nimmer.host.estate import Estate, from_json, to_json
from nimmer.host.private_file import read_private, write_private
from nimmer.host.processes import ProcessId, alive, boot_id, myself

RUN_FILE = "run.json"
_LOCK_FILE = "run.lock"


@dataclass(frozen=True, slots=True)
class Run:
    """Which run is to be claimed: its id (16 hex digits), environment and seed."""

    run: str
    environment: str
    seed: int


class Changes(TypedDict, total=False):
    """The fields of an `Estate` that change while the village runs."""

    servers: Mapping[str, ProcessId]
    processes: Mapping[str, ProcessId]
    arena: str | None
    groups: tuple[str, ...]
    temp: str | None
    nats_url: str | None
    postgres_dsn: str | None
    chroma_url: str | None
    dashboard_url: str | None
    cortex_url: str | None
    organs_url: str | None
    ray_address: str | None


def running(state_dir: Path) -> Estate | None:
    """Return the village that runs on `state_dir`, or None when none does.

    Raises:
        HostError: run.json is damaged or unsafe.
    """
    estate = last_known(state_dir)
    if estate is None or estate.boot != boot_id() or not alive(estate.launcher):
        return None
    return estate


def last_known(state_dir: Path) -> Estate | None:
    """Return the village run.json names, running or left by a killed launcher; None when there is no run.json.

    Raises:
        HostError: run.json is damaged or unsafe.
    """
    path = state_dir / RUN_FILE
    try:
        return from_json(read_private(path), path)
    except FileNotFoundError:
        return None


def prepare_state_dir(state_dir: Path) -> None:
    """Make the state directory; others may not list it, yet a server that dropped its uid may pass through.

    Raises:
        HostError: it cannot be made or written.
    """
    try:
        if not state_dir.is_dir():
            state_dir.mkdir(parents=True, exist_ok=True)
            state_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise HostError(
            f"state_dir {state_dir} cannot be made: {error.strerror}; set state_dir elsewhere"
        ) from error
    if not os.access(state_dir, os.W_OK | os.X_OK):
        raise HostError(
            f"state_dir {state_dir} is not writable by uid {os.geteuid()}: set state_dir elsewhere"
        )


class Household:
    """The claim of this process on a state directory. `cleaned` says what an earlier launcher had left."""

    def __init__(
        self, state_dir: Path, lock: int, estate: Estate, cleaned: tuple[str, ...], clock: Clock
    ) -> None:
        """Hold an open lock; use `claim`."""
        self._state_dir = state_dir
        self._lock: int | None = lock
        self._estate = estate
        self._clock = clock
        self.cleaned = cleaned

    @classmethod
    def claim(cls, state_dir: Path, run: Run, clock: Clock) -> "Household":
        """Make this process the launcher of `state_dir`, after clearing what a killed one left there.

        Raises:
            HostError: another launcher holds it (names its pid and the fix), or the directory is unusable.
        """
        prepare_state_dir(state_dir)
        lock = _locked(state_dir)
        try:
            before = last_known(state_dir)
            if before and before.boot == boot_id() and before.launcher != myself() and alive(before.launcher):
                raise _taken(state_dir, before)
            cleaned = clear(before, clock) if before else ()
            me, now_s = myself(), clock.unix_s()
            estate = Estate(run.run, run.environment, run.seed, me, boot_id(), now_s)
            write_private(state_dir / RUN_FILE, to_json(estate))
        except BaseException:
            os.close(lock)
            raise
        return cls(state_dir, lock, estate, cleaned, clock)

    @property
    def estate(self) -> Estate:
        """What run.json says now."""
        return self._estate

    def update(self, **changes: Unpack[Changes]) -> None:
        """Change fields of the estate (urls, arena, groups ...) and write run.json.

        Name a thing here before making it: what a killed launcher had not named is not cleared.
        """
        self._estate = replace(self._estate, **changes)
        if self._lock is not None:
            write_private(self._state_dir / RUN_FILE, to_json(self._estate))

    def own_server(self, name: str, identity: ProcessId) -> None:
        """Name a child server, e.g. `nats`; a restarted one replaces the earlier."""
        self.update(servers={**self._estate.servers, name: identity})

    def own_process(self, name: str, identity: ProcessId) -> None:
        """Name another process, e.g. `npc.7`; a restarted one replaces the earlier."""
        self.update(processes={**self._estate.processes, name: identity})

    def temp_dir(self) -> Path:
        """Return the village's temporary directory (short path, below /tmp), made at the first call."""
        if self._estate.temp is None:
            name = f"nimmer-{self._estate.environment}-{self._estate.run}"
            path = Path(tempfile.gettempdir()) / name
            self.update(temp=str(path))
            try:
                path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700)
            except OSError as error:
                raise HostError(f"{path} cannot be made: {error.strerror}; set TMPDIR elsewhere") from error
        return Path(str(self._estate.temp))

    def release(self) -> tuple[str, ...]:
        """Clear everything owned, remove run.json and let go of the lock; may be called twice.

        Returns:
            A sentence for each thing that still had to be cleared.
        """
        if self._lock is None:
            return ()
        report = clear(self._estate, self._clock)
        (self._state_dir / RUN_FILE).unlink(missing_ok=True)
        (self._state_dir / _LOCK_FILE).unlink(
            missing_ok=True
        )  # while held: a waiting claim sees it is another file
        os.close(self._lock)
        self._lock = None
        return report


def _locked(state_dir: Path) -> int:
    """Return a handle that holds the lock of `state_dir` until it is closed or this process dies."""
    path = state_dir / _LOCK_FILE
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise _taken(state_dir, last_known(state_dir)) from None
        if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
            return handle
        os.close(handle)  # it was removed by a release between open and lock


def _taken(state_dir: Path, estate: Estate | None) -> HostError:
    who = f"pid {estate.launcher.pid}, run {estate.run}" if estate else "it is just starting"
    return HostError(
        f"a village already runs on {state_dir} ({who}): stop it with `nimmer down`, "
        "or start this one with another NIMMERVERSE_ENV or state_dir"
    )
