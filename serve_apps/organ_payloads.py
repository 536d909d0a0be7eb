"""Where pictures and sound come from, and where spoken words go: a message, the shared directory, the object store.

A path is resolved before it is opened and must still lie in the shared directory, so neither `..` nor a link leads out
of it; what is no plain file is not opened. Source: docs/domain.md section 7; docs/organs.md, "Payloads".
"""

import asyncio
import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from nimmer.bus.organ_messages import MOST_INLINE, Payload
from nimmer.errors import BusError, OrganError

KEPT_FILES = 200
"""Spoken files that stay in the shared directory; the oldest goes first."""
SPOKEN = "spoken"
"""Directory of what was spoken, below the shared one."""


class Objects(Protocol):
    """The object stores, of what is given and of what is spoken."""

    async def put(self, name: str, data: bytes) -> None:
        """Keep `data`, spoken, under a fresh name. Raises BusError."""
        ...

    async def get(self, name: str, most: int) -> bytes:
        """Return an object that was given, of at most `most` bytes. Raises BusError."""
        ...


class Payloads:
    """The three places of one host."""

    def __init__(
        self, share_dir: Path, objects: Objects, entropy: Callable[[int], bytes] = os.urandom
    ) -> None:
        """Read below `share_dir` and from `objects`; `entropy(n)` gives n bytes for the names of what is kept."""
        self._share = share_dir
        self._objects = objects
        self._entropy = entropy

    async def fetch(self, payload: Payload, most: int) -> bytes:
        """Return the bytes of `payload`.

        Raises OrganError when it names none or several places, leads out of the shared directory, is not there, or
        has more than `most` bytes.
        """
        given = [name for name in ("object", "path", "data") if getattr(payload, name)]
        if len(given) != 1:
            raise OrganError(
                f"a payload is in one of object, path and data; this one is in {' and '.join(given) or 'none'}"
            )
        if payload.path:
            return await asyncio.to_thread(self._read, payload.path, most)
        if payload.object:
            try:
                return await self._objects.get(payload.object, most)
            except BusError as error:
                raise OrganError(str(error)) from None
        if len(payload.data) > most:
            raise OrganError(f"the payload has {len(payload.data)} bytes; {most} are allowed")
        return payload.data

    async def keep(self, data: bytes, where: Literal["object", "path", "data"], suffix: str) -> Payload:
        """Put `data` where it is wanted and return what names it. Raises OrganError when it does not fit there."""
        name = f"{self._entropy(12).hex()}{suffix}"
        if where == "data":
            if len(data) > MOST_INLINE:
                raise OrganError(
                    f"{len(data)} bytes do not fit into a message ({MOST_INLINE}): ask with keep object or path"
                )
            return Payload(data=data)
        if where == "path":
            return Payload(path=await asyncio.to_thread(self._write, name, data))
        try:
            await self._objects.put(name, data)
        except BusError as error:
            raise OrganError(f"{error}: ask with keep path or data") from None
        return Payload(object=name)

    def _read(self, path: str, most: int) -> bytes:
        share = self._share.resolve()
        try:
            real = (share / path).resolve()
        except (OSError, RuntimeError, ValueError):
            raise OrganError(f"{path!r} is no path") from None
        if not real.is_relative_to(share):
            raise OrganError(f"{path!r} leads out of the shared directory")
        try:
            # no waiting for the other end of a pipe, and no link put there since
            descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError as error:
            raise OrganError(f"{path!r} in the shared directory cannot be read: {error.strerror}") from None
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise OrganError(f"{path!r} in the shared directory is no plain file")
            if found.st_size > most:
                raise OrganError(f"{path!r} has {found.st_size} bytes; {most} are allowed")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(most)
        finally:
            os.close(descriptor)

    def _write(self, name: str, data: bytes) -> str:
        home = self._share / SPOKEN
        try:
            home.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(data)
        except OSError as error:
            raise OrganError(f"the shared directory takes no file: {error.strerror}") from None
        _prune(home)
        return f"{SPOKEN}/{name}"


def _prune(home: Path) -> None:
    """Let the oldest files go; what cannot be removed, or somebody else's directory, is left where it is."""
    with contextlib.suppress(OSError):
        for old in sorted((one for one in home.iterdir() if not one.is_dir()), key=_age)[:-KEPT_FILES]:
            with contextlib.suppress(OSError):
                old.unlink()


def _age(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
