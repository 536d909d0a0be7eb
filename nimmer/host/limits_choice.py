"""Which limits this host really offers: each backend is tried with a child group and a process in it.

A mounted hierarchy says little: controllers can be bound elsewhere, a container can be read-only, and a group
that a foreign supervisor made for this process is not ours to divide. Decision, first that works: v2, v1, nice.
Source: docs/domain.md section 12; docs/host.md.
"""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nimmer.clock import Clock
from nimmer.errors import HostError
from nimmer.host.cgroup_v1 import CgroupV1
from nimmer.host.cgroup_v2 import CgroupV2
from nimmer.host.group_files import GroupFiles, KernelGroupFiles, members, own_groups
from nimmer.host.limits import Limits, checked_name
from nimmer.host.nice_only import NiceOnly, NoLimits
from nimmer.host.processes import descendants

Mode = Literal["auto", "v2", "v1", "nice", "none"]
HOME = "nimmer-home"
"""The leaf group into which a delegated group's own processes go, so that it may have children with limits."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The limits that were chosen; a sentence for each backend passed over, and for what the chosen one lacks."""

    limits: Limits
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hierarchies:
    """What the choice knows of this host's control groups."""

    files: GroupFiles
    own: dict[str, str]
    """The group of this process per controller, '' for v2: see `own_groups`."""
    mounts: tuple[Path, ...]
    """Where v2 may be mounted, best first."""
    v1_mount: Path
    """The directory that holds one directory per v1 controller."""


def this_host(clock: Clock) -> Hierarchies:
    """Read this host's control groups."""
    root = Path("/sys/fs/cgroup")
    own = own_groups(Path("/proc/self/cgroup").read_text())
    return Hierarchies(KernelGroupFiles(clock), own, (root, root / "unified"), root)


def choose(mode: Mode, group: str, hierarchies: Hierarchies, parent: str | None = None) -> Choice:
    """Return the first backend that works.

    Args:
        mode: `auto`, or the one backend to use.
        group: the village's group, `nimmer-<environment>-<run>`; an existing one is re-entered.
        hierarchies: this host's control groups, see `this_host`.
        parent: the group to put it into, e.g. `/nimmer.slice`; None finds one.

    Raises:
        HostError: `mode` names a backend that does not work here, with the reason.
    """
    checked_name(group)
    if mode == "none":
        return Choice(NoLimits(), ("limits.mode is none",))
    reasons: list[str] = []
    backends: dict[str, Callable[[Hierarchies, str, str | None], CgroupV2 | CgroupV1]] = {
        "v2": _v2,
        "v1": _v1,
    }
    for name, open_backend in backends.items():
        if mode not in ("auto", name):
            continue
        try:
            limits = open_backend(hierarchies, group, parent)
            return Choice(limits, (*reasons, *limits.shortcomings))
        except HostError as error:
            reasons.append(f"cgroup-{name}: {error}")
    if mode in backends:
        raise HostError(f"limits.mode is {mode}, which does not work here: {reasons[-1]}; use auto or nice")
    return Choice(NiceOnly(), tuple(reasons))


def _v2(hierarchies: Hierarchies, group: str, parent: str | None) -> CgroupV2:
    """Return a tried `CgroupV2` in the first place that takes it."""
    files = hierarchies.files
    mount = next((one for one in hierarchies.mounts if files.read(one, "cgroup.controllers")), None)
    if mount is None or "cpu" not in files.read(mount, "cgroup.controllers").split():
        raise HostError("the unified hierarchy is not mounted or has no cpu controller here")
    own = mount / hierarchies.own.get("", "/").lstrip("/")
    if own.name == HOME:  # an earlier choice moved us there, or our launcher
        own = own.parent
    places = [mount / parent.lstrip("/")] if parent else [own, own.parent] if own != mount else [own]
    refusals = []
    for place in places:
        limits = None
        try:
            memory = _hand_down(files, place, allowed=parent is not None or _delegated(files, place))
            limits = CgroupV2(place / group, files, memory)
            _try(limits)
        except (HostError, OSError) as error:
            refusals.append(f"{place}: {error}")
            if limits is not None:
                limits.close()
        else:
            return limits
    raise HostError(
        "; ".join(refusals) + "; start with: systemd-run --user --scope -p Delegate=yes nimmer up"
    )


def _hand_down(files: GroupFiles, place: Path, allowed: bool) -> bool:
    """Let children of `place` have the cpu (and memory) controller; tell whether memory is among them.

    A group with members cannot hand down controllers, so the members of a delegated one go into a leaf first.
    """
    has = files.read(place, "cgroup.controllers").split()
    if "cpu" not in has:
        raise HostError("no cpu controller in this group")
    wanted = [one for one in ("cpu", "memory") if one in has]
    given = files.read(place, "cgroup.subtree_control").split()
    if not set(wanted) <= set(given):
        if not allowed:
            raise HostError(
                "this group was not delegated to nimmer, and hands no controllers to its children"
            )
        pids = members(files.read(place, "cgroup.procs"))
        for pid in pids:
            files.make(place / HOME)
            with contextlib.suppress(ProcessLookupError):
                files.write(place / HOME, "cgroup.procs", str(pid))
        files.write(place, "cgroup.subtree_control", " ".join(f"+{one}" for one in wanted))
    return "memory" in wanted


def _delegated(files: GroupFiles, place: Path) -> bool:
    """Tell whether `place` is ours to divide: marked so by systemd, or holding nothing but our own processes."""
    for mark in ("user.delegate", "trusted.delegate"):
        with contextlib.suppress(OSError):
            if os.getxattr(place, mark) == b"1":
                return True
    ours = {os.getpid()} | {child.pid for child in descendants(os.getpid())}
    pids = members(files.read(place, "cgroup.procs"))
    return bool(pids) and set(pids) <= ours


def _v1(hierarchies: Hierarchies, group: str, parent: str | None) -> CgroupV1:
    """Return a tried `CgroupV1`.

    The memory hierarchy is used only where this process sits in the same group as for cpu, or in the root: a
    group of its own there was made by a supervisor that accounts for us, and is not ours to divide.
    """
    files, own = hierarchies.files, hierarchies.own
    if "cpu" not in own:
        raise HostError("there is no cpu hierarchy of the older kind here")
    groups: dict[str, Path] = {}
    for controller in ("cpu", "cpuacct", "memory"):
        if controller in own and (parent or own[controller] in (own["cpu"], "/")):
            base = parent or own[controller]
            groups[controller] = hierarchies.v1_mount / controller / base.lstrip("/") / group
    limits = CgroupV1(groups, files)
    try:
        _try(limits)
    except HostError:
        limits.close()
        raise
    return limits


def _try(limits: Limits) -> None:
    """Put a process that waits under limits and take it out again.

    Raises:
        HostError: some step was refused.
    """
    with _waiting_process() as pid:
        try:
            limits.adopt("try", pid)
            limits.set("try", 50.0, 64 << 20, 19)
            if limits.usage("try") is None:
                raise HostError("a process moved into a child group did not arrive there")
        finally:
            limits.release("try")


@contextlib.contextmanager
def _waiting_process() -> Iterator[int]:
    """Run a tiny process that waits until the block ends."""
    with subprocess.Popen(["/bin/sh", "-c", "read line"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()
