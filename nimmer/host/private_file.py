"""Files that only their owner may read, written whole or not at all: credentials.json and run.json.

Source: docs/domain.md section 12 (secure by default, generated credentials).
"""

import os
import secrets
import stat
from pathlib import Path

from nimmer.errors import HostError


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step, mode 0600, on the disk when it returns.

    Raises:
        HostError: the directory or the disk does not take it.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise HostError(
            f"{path} cannot be written: {error.strerror}; check the directory and the disk"
        ) from error


def complaint(path: Path) -> str | None:
    """Return what is unsafe about the private file `path` and how to fix it, or None when it is safe.

    Raises:
        FileNotFoundError: there is no such file.
    """
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        return f"{path} is not a plain file: remove it"
    if found.st_uid not in (os.geteuid(), 0):
        return (
            f"{path} belongs to uid {found.st_uid}, not to uid {os.geteuid()}: remove it or change its owner"
        )
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        return f"{path} has mode {mode:04o}, so others can read it (allowed: 0600): chmod 600 {path}"
    return None


def read_private(path: Path) -> bytes:
    """Return the content of `path`.

    Raises:
        FileNotFoundError: there is no such file.
        HostError: others may read or write it, it belongs to another user, or it cannot be read.
    """
    unsafe = complaint(path)
    if unsafe is not None:
        raise HostError(unsafe)
    try:
        return path.read_bytes()
    except OSError as error:
        raise HostError(f"{path} cannot be read: {error.strerror}; run as its owner") from error
