"""The generated passwords of an embedded village, in `credentials.json` (mode 0600).

Made at the first start, kept afterwards; an upgrade that brings a new identity adds its password.
Source: docs/domain.md section 12 (NATS users and PostgreSQL roles named after the identities).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nimmer.chance import fresh_secret
from nimmer.errors import HostError
from nimmer.host.private_file import read_private, write_private

FILE = "credentials.json"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Passwords; never shown by repr."""

    nats: Mapping[str, str] = field(repr=False)
    """By identity."""
    postgres: str = field(repr=False)
    """Of the role nimmer, which owns the database."""
    postgres_watch: str = field(repr=False)
    """Of the role watch, which may only read."""
    ray: str = field(repr=False)
    """The cluster's token."""


def load(state_dir: Path) -> Credentials:
    """Return the credentials of `state_dir`.

    Raises:
        HostError: there are none, others can read them, or the file is damaged; names the file and the fix.
    """
    path = state_dir / FILE
    try:
        return _parsed(_read(path), path)
    except FileNotFoundError:
        raise HostError(f"{path} does not exist: start the village once with `nimmer up`") from None


def ensure(state_dir: Path, identities: Iterable[str]) -> Credentials:
    """Return the credentials of `state_dir`, making the file or adding missing passwords.

    Raises:
        HostError: others can read the file, it is damaged, or it cannot be written.
    """
    path = state_dir / FILE
    try:
        found = _read(path)
    except FileNotFoundError:
        found = {}
    nats = found.get("nats", {})
    if not isinstance(nats, dict):
        raise _damaged(path, "nats is not a table")
    complete = {
        **found,
        "nats": {**{one: fresh_secret() for one in identities if one not in nats}, **nats},
        **{key: fresh_secret() for key in ("postgres", "postgres_watch", "ray") if key not in found},
    }
    credentials = _parsed(complete, path)
    if complete != found:
        write_private(path, json.dumps(complete, indent=2).encode() + b"\n")
    return credentials


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(read_private(path))
    except ValueError as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(values, dict):
        raise _damaged(path, "it is not a table")
    return values


def _parsed(values: dict[str, Any], path: Path) -> Credentials:
    nats = values.get("nats")
    if not isinstance(nats, dict) or not all(_is_secret(one) for one in nats.values()):
        raise _damaged(path, "nats must map identities to passwords")
    for key in ("postgres", "postgres_watch", "ray"):
        if not _is_secret(values.get(key)):
            raise _damaged(path, f"{key} is missing or not a password")
    return Credentials(nats, values["postgres"], values["postgres_watch"], values["ray"])


def _is_secret(value: object) -> bool:
    """Tell whether `value` can be a password: text of 8 or more printable characters without quotes."""
    return (
        isinstance(value, str) and len(value) >= 8 and value.isprintable() and not set(value) & set("\"'\\$")
    )


def _damaged(path: Path, why: str) -> HostError:
    return HostError(f"{path} is damaged: {why}. Remove it with the village stopped; new passwords are made")
