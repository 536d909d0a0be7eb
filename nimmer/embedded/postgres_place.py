"""Where an embedded PostgreSQL lives, and as whom: PostgreSQL refuses root, so root hands it to another user.

That user must reach the programs and the data. What lies behind a closed directory is put where it can be
reached: the programs are copied to a cache, the data goes beside it, and a file in the state directory says so.
Source: docs/host.md.
"""

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nimmer.embedded.child import RunAs
from nimmer.errors import HostError
from nimmer.host.binaries import PostgresBinaries
from nimmer.host.reach import barrier

SHELTER = Path("/var/tmp")
"""Survives a reboot, unlike /tmp; whatever is found in it is verified to be ours."""
UNPRIVILEGED = "nobody"


@dataclass(frozen=True, slots=True)
class Place:
    """Everything decided about where PostgreSQL runs."""

    run_as: RunAs | None
    """The user to drop to; None: the launcher's own."""
    bin: Path
    data: Path
    """PGDATA; its name carries the major version it is bound to."""
    why: str
    """One sentence for the doctor."""


def drop_to(user: str | None) -> RunAs | None:
    """Return whom to run PostgreSQL as: nobody else for a plain user, `user` (or `nobody`) for root.

    Raises:
        HostError: the user does not exist, or is root itself.
    """
    if os.geteuid() != 0:
        return None
    name = user or UNPRIVILEGED
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        raise HostError(
            f"stores.postgres_user is {name!r}, which is no user of this host: name another"
        ) from None
    if found.pw_uid == 0:
        raise HostError("stores.postgres_user is root, as which PostgreSQL refuses to run: name another user")
    return RunAs(found.pw_uid, found.pw_gid)


def settle(
    state_dir: Path, binaries: PostgresBinaries, run_as: RunAs | None, shelter: Path = SHELTER
) -> Place:
    """Return the place, copying the programs when they are out of reach, and make the data's parent.

    Raises:
        HostError: a cache that belongs to someone else stands in the way, or the disk refuses.
    """
    state_dir = state_dir.resolve()
    name = f"pg{binaries.major}"
    if run_as is None:
        return Place(None, binaries.bin, state_dir / name, "runs as this user, data in the state directory")
    programs, data = binaries.bin, state_dir / name
    why = [f"runs as uid {run_as.uid}"]
    closed = barrier(binaries.bin / "postgres", run_as.uid, run_as.gid, readable=True)
    if closed is not None:
        programs = _copied(binaries, shelter)
        why.append(f"programs copied to {programs.parent}, for {closed} is closed to it")
    note = state_dir / f"{name}.place"
    closed = barrier(state_dir, run_as.uid, run_as.gid)
    if closed is not None or note.exists():
        data = _sheltered(state_dir, name, note, shelter)
        why.append(f"data in {data}, for {closed or state_dir} was closed to it")
    return Place(run_as, programs, data, ", ".join(why))


def _sheltered(state_dir: Path, name: str, note: Path, shelter: Path) -> Path:
    """Return where the data of a closed state directory goes; remembered in `note`."""
    if note.exists():
        return Path(note.read_text().strip())
    digest = hashlib.sha256(str(state_dir).encode()).hexdigest()[:12]
    home = shelter / f"nimmer-{digest}"
    try:
        home.mkdir(mode=0o711, exist_ok=True)
    except OSError as error:
        raise HostError(
            f"{home} cannot be made: {error.strerror}; set state_dir to a reachable place"
        ) from error
    _verify(home)
    home.chmod(0o711)
    note.write_text(f"{home / name}\n")
    return home / name


def _copied(binaries: PostgresBinaries, shelter: Path) -> Path:
    """Return the bin directory of a verified copy of the programs in `shelter`, made at the first call."""
    size = (binaries.bin / "postgres").stat().st_size
    version = f"{binaries.major}-{size}"
    target = shelter / f"nimmer-postgres-{version}"
    if not target.exists():
        fresh = Path(tempfile.mkdtemp(prefix=f".nimmer-postgres-{version}-", dir=shelter))
        try:
            shutil.copytree(
                binaries.prefix, fresh, dirs_exist_ok=True, ignore=shutil.ignore_patterns("include", "*.a")
            )
            _open_for_all(fresh)
            fresh.rename(target)
        except OSError as error:
            if not target.exists():  # not lost to another launcher that made the same copy
                raise HostError(
                    f"PostgreSQL cannot be copied to {target}: {error}; free some disk"
                ) from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    for found in (target, *target.rglob("*")):
        _verify(found)
    return target / "bin"


def _open_for_all(top: Path) -> None:
    """Let everybody read, and pass or execute where the owner may; nobody but the owner write."""
    for found in (top, *top.rglob("*")):
        if not found.is_symlink():
            found.chmod(0o755 if found.stat().st_mode & 0o100 else 0o644)


def _verify(path: Path) -> None:
    """Refuse what another user made or could change: it would be executed or trusted by root.

    Raises:
        HostError: naming the path and the fix.
    """
    found = path.lstat()
    writable = found.st_mode & 0o022 and not stat.S_ISLNK(found.st_mode)
    if found.st_uid != os.geteuid() or writable:
        raise HostError(
            f"{path} belongs to uid {found.st_uid} or can be changed by others: remove it, then try again"
        )
