"""Looks at what an estate left on the host and clears it: the acting half of `nimmer.host.estate`.

Source: docs/host.md.
"""

import shutil
from pathlib import Path

from nimmer.clock import Clock
from nimmer.host.estate import Estate, Facts, Leftovers, leftovers, owned_processes
from nimmer.host.group_files import KernelGroupFiles, members
from nimmer.host.processes import ProcessId, alive, boot_id, descendants, end, identify

GRACE_S = 10.0


def look(estate: Estate) -> Facts:
    """Return which of the estate's processes (with their descendants and group members) and paths are there."""
    living = {one for one in owned_processes(estate) if alive(one)}
    for one in tuple(living):
        living.update(descendants(one.pid))
    for group in estate.groups:
        living.update(_inhabitants(Path(group)))
    living.discard(estate.launcher)
    paths = [*estate.groups, estate.arena, estate.temp]
    present = frozenset(path for path in paths if path and Path(path).exists())
    return Facts(boot_id(), frozenset(living), present)


def _inhabitants(group: Path) -> set[ProcessId]:
    """Return the processes in the child groups of a village's group, which are the NPCs it adopted."""
    if not group.name.startswith("nimmer"):
        return set()
    pids = [pid for file in group.glob("*/cgroup.procs") for pid in members(file.read_text())]
    return {identity for pid in pids if (identity := identify(pid)) is not None}


def clear(estate: Estate, clock: Clock) -> tuple[str, ...]:
    """Clear what is left of `estate`, but never its launcher; return a sentence for each thing cleared."""
    return perform(leftovers(estate, look(estate)), clock)


def perform(left: Leftovers, clock: Clock) -> tuple[str, ...]:
    """End and remove what was decided; return a sentence for each thing, also for what could not be done."""
    report = []
    if left.processes:
        ending = end(left.processes, GRACE_S, clock)
        report += [f"ended process {one.pid}" for one in ending.gone]
        report += [f"killed process {one.pid}" for one in ending.killed]
        report += [f"process {one.pid} belongs to another user and still runs" for one in ending.refused]
    files = KernelGroupFiles(clock)
    for group in map(Path, left.groups):
        for child in files.children(group):
            files.remove(child)
        gone = files.remove(group)
        report.append(f"removed control group {group}" if gone else f"control group {group} is still in use")
    for file in left.files:
        Path(file).unlink(missing_ok=True)
        report.append(f"removed {file}")
    for directory in left.directories:
        shutil.rmtree(directory, ignore_errors=True)
        report.append(f"removed {directory}")
    return tuple(report)
