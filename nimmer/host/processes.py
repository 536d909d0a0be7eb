"""Processes by an identity that cannot be recycled, so that nimmer only ever ends what it started.

A pid is reused by the kernel; a pid together with its start time is not, so run.json, the launcher and the
limits name processes by `ProcessId`. Signals go through a pidfd that was checked against that identity.
Source: docs/domain.md section 12 (the launcher owns every process of a village).
"""

import contextlib
import ctypes
import os
import select
import signal
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from nimmer.clock import Clock
from nimmer.errors import HostError

_PR_SET_PDEATHSIG = 1
_STATE, _PARENT, _STARTED = 0, 1, 19
"""Fields of /proc/<pid>/stat counted after the command name: state, parent pid, start time in clock ticks."""


@dataclass(frozen=True, slots=True, order=True)
class ProcessId:
    """One life of one process: its pid and its start time in clock ticks since boot."""

    pid: int
    started: int


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of the processes that `end` was asked to end."""

    gone: tuple[ProcessId, ...]
    """Ended by themselves or by SIGTERM."""
    killed: tuple[ProcessId, ...]
    """Needed SIGKILL."""
    refused: tuple[ProcessId, ...]
    """Belong to another user, so they may not be signalled and are still there."""


def die_with_parent(signum: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn` that makes the kernel send `signum` to the child when this process dies.

    The kernel binds it to the creating thread, so that a child of a short-lived thread would be ended with
    that thread; and clears it when the uid changes, which is why it runs last (subprocess drops the uid first).

    Raises:
        HostError: called from another thread than the main one.
    """
    if threading.current_thread() is not threading.main_thread():
        raise HostError(
            "a guarded child was started from the thread "
            f"{threading.current_thread().name!r} and would be ended with it: start it from the main thread"
        )
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def guard() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the guard stood
            os._exit(1)

    return guard


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/<pid>/stat after the command name, or None when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()  # the name may hold spaces and brackets


def identify(pid: int) -> ProcessId | None:
    """Return the identity of the process that has `pid` now, or None when there is none (a zombie is none)."""
    fields = _stat(pid)
    if fields is None or fields[_STATE] in "ZX":
        return None
    return ProcessId(pid, int(fields[_STARTED]))


def myself() -> ProcessId:
    """Return the identity of this process."""
    fields = _stat(os.getpid())
    if fields is None:
        raise HostError("/proc is not mounted, so processes cannot be told apart: mount it (Linux only)")
    return ProcessId(os.getpid(), int(fields[_STARTED]))


def alive(identity: ProcessId) -> bool:
    """Tell whether that very process still runs; a zombie or a recycled pid is not it."""
    return identify(identity.pid) == identity


def descendants(pid: int) -> tuple[ProcessId, ...]:
    """Return all living descendants of `pid`, parents before their children, without `pid` itself."""
    children: dict[int, list[ProcessId]] = {}
    for entry in Path("/proc").iterdir():
        fields = _stat(int(entry.name)) if entry.name.isdigit() else None
        if fields is not None and fields[_STATE] not in "ZX":
            child = ProcessId(int(entry.name), int(fields[_STARTED]))
            children.setdefault(int(fields[_PARENT]), []).append(child)
    found: list[ProcessId] = []
    todo = [pid]
    while todo:
        born = sorted(children.get(todo.pop(), []))
        found += born
        todo += [child.pid for child in born]
    return tuple(found)


def working_in(directory: Path) -> tuple[int, ...]:
    """Return the pids of the processes whose working directory is `directory`, as far as we may know."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # gone, or another user's
            if entry.name.isdigit() and (entry / "cwd").samefile(directory):
                found.append(int(entry.name))
    return tuple(found)


def carrying(variable: str, value: str) -> tuple[ProcessId, ...]:
    """Return the processes, other than this one, that were started with `variable` set to `value`, as far as we may know."""
    mark, found = f"{variable}={value}".encode(), []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # gone, or another user's
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            if mark in (entry / "environ").read_bytes().split(b"\0") and (one := identify(int(entry.name))):
                found.append(one)
    return tuple(found)


def _open(identity: ProcessId) -> int | None:
    """Return a pidfd of that very process, or None when it is gone."""
    try:
        handle = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        return None
    if alive(identity):  # checked after opening: the handle can no longer move to another process
        return handle
    os.close(handle)
    return None


def _signal(handles: dict[int, ProcessId], signum: signal.Signals) -> set[int]:
    """Send `signum` to every handle; return the handles of processes that may not be signalled."""
    refused = set()
    for handle in handles:
        try:
            signal.pidfd_send_signal(handle, signum)
        except ProcessLookupError:
            continue
        except PermissionError:
            refused.add(handle)
    return refused


def _wait(handles: set[int], within_s: float, clock: Clock) -> set[int]:
    """Wait until the processes ended, at most `within_s`; return the handles of those that did not."""
    waiting = set(handles)
    poller = select.poll()
    for handle in waiting:
        poller.register(handle, select.POLLIN)
    deadline_s = clock.monotonic_s() + within_s
    while waiting:
        ended = poller.poll(max(deadline_s - clock.monotonic_s(), 0.0) * 1000)
        if not ended:
            break
        for handle, _ in ended:
            poller.unregister(handle)
            waiting.discard(handle)
    return waiting


def end(identities: Iterable[ProcessId], grace_s: float, clock: Clock) -> Ending:
    """End exactly these processes: SIGTERM, wait up to `grace_s`, then SIGKILL and wait as long again.

    A process that is gone, or whose pid now belongs to another one, counts as gone and is not touched.
    """
    wanted = tuple(dict.fromkeys(identities))
    handles = {handle: one for one in wanted if (handle := _open(one)) is not None}
    try:
        refused = _signal(handles, signal.SIGTERM)
        stubborn = _wait(set(handles) - refused, grace_s, clock)
        _signal({handle: handles[handle] for handle in stubborn}, signal.SIGKILL)
        _wait(stubborn, max(grace_s, 5.0), clock)
    finally:
        for handle in handles:
            os.close(handle)
    killed = {handles[handle] for handle in stubborn}
    kept = {handles[handle] for handle in refused}
    return Ending(
        gone=tuple(one for one in wanted if one not in killed and one not in kept),
        killed=tuple(one for one in wanted if one in killed),
        refused=tuple(one for one in wanted if one in kept),
    )


def boot_id() -> str:
    """Return the identity of this boot of the machine; after another boot no `ProcessId` of it lives."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
