"""Whether another Unix user can reach a place: what a server that drops its uid must be able to open.

A checkout or an interpreter below root's home (mode 0700) is out of reach for every other user.
Source: docs/host.md.
"""

import stat
from dataclasses import dataclass
from pathlib import Path

_READ, _PASS = 4, 1


@dataclass(frozen=True, slots=True)
class Node:
    """The owner and the mode of one directory on a path."""

    uid: int
    gid: int
    mode: int


def admits(node: Node, uid: int, gid: int, wanted: int) -> bool:
    """Tell whether the permission bits `wanted` (4 read, 2 write, 1 pass) of `node` are set for that user."""
    if uid == 0:
        return True
    shift = 6 if node.uid == uid else 3 if node.gid == gid else 0
    return (stat.S_IMODE(node.mode) >> shift) & wanted == wanted


def barrier(place: Path, uid: int, gid: int, readable: bool = False) -> Path | None:
    """Return the first directory on the way to `place` that does not let that user pass, or None.

    Args:
        place: an absolute path; what does not exist yet is taken as reachable.
        uid: the user.
        gid: its only group.
        readable: whether `place` itself must also be readable.
    """
    way = [*reversed(place.parents), place]
    for step in way:
        try:
            found = step.stat()
        except FileNotFoundError:
            return None
        wanted = _PASS
        if step == place:
            wanted = (_PASS if stat.S_ISDIR(found.st_mode) else 0) | (_READ if readable else 0)
        if not admits(Node(found.st_uid, found.st_gid, found.st_mode), uid, gid, wanted):
            return step
    return None
