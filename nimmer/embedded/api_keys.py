"""The generated keys of the HTTP APIs, in `api-keys.json` (mode 0600): who asks cortex and organs, by identity.

Made at the first start, kept afterwards; a key that was added by hand is kept too.
Source: docs/domain.md section 12 (identities, generated credentials).
"""

import json
from collections.abc import Iterable
from pathlib import Path

from nimmer.chance import fresh_secret
from nimmer.errors import HostError
from nimmer.host.private_file import read_private, write_private

FILE = "api-keys.json"


def ensure_keys(state_dir: Path, identities: Iterable[str]) -> Path:
    """Return the file of `state_dir` that holds one key per identity, making it or adding missing ones.

    Raises HostError when others can read the file, it is damaged, or it cannot be written.
    """
    path = state_dir / FILE
    try:
        found = keys_of(path)
    except FileNotFoundError:
        found = {}
    missing = [one for one in identities if one not in found]
    if missing:
        complete = {**found, **{one: fresh_secret() for one in missing}}
        write_private(path, json.dumps(complete, indent=2).encode() + b"\n")
    return path


def keys_of(path: Path) -> dict[str, str]:
    """Return the keys in `path`, by identity. Raises HostError when it is unsafe or damaged, FileNotFoundError."""
    try:
        found = json.loads(read_private(path))
    except ValueError as error:
        raise HostError(f"{path} is no JSON: {error}; remove it and new keys are made") from error
    if not isinstance(found, dict) or not all(isinstance(key, str) and key for key in found.values()):
        raise HostError(f"{path} must map identities to keys; remove it and new ones are made")
    return found
