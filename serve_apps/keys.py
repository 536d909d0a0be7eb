"""Who may use an app over HTTP: a key per identity, compared so that nothing is learned from how long it takes.

Source: docs/domain.md section 12 (loopback and keys by default).
"""

import hmac
from pathlib import Path

import msgspec

from nimmer.errors import ConfigError
from nimmer.host.private_file import read_private

LEAST_KEY = 16
"""Characters of the shortest key that is one."""


class Keys:
    """The keys of all identities."""

    def __init__(self, by_identity: dict[str, str]) -> None:
        """Take the key of each identity. Raises ConfigError, without saying it, when one is too short."""
        for identity, key in by_identity.items():
            if len(key) < LEAST_KEY:
                raise ConfigError(f"the API key of {identity!r} has fewer than {LEAST_KEY} characters")
        self._keys = {identity: key.encode() for identity, key in by_identity.items()}

    @classmethod
    def read(cls, file: str) -> "Keys":
        """Return the keys in the JSON file {identity: key}; nobody's when `file` is "".

        Raises HostError when others may read the file, ConfigError when it is missing or no such JSON.
        """
        if not file:
            return cls({})
        try:
            return cls(msgspec.json.decode(read_private(Path(file)), type=dict[str, str]))
        except (FileNotFoundError, msgspec.DecodeError) as error:
            raise ConfigError(f"{file} holds no JSON of API keys by identity: {error}") from None

    def identify(self, authorization: str) -> str | None:
        """Return whose key the header `Authorization` holds, or None."""
        scheme, _, given = authorization.partition(" ")
        key = given.strip().encode() if scheme.lower() == "bearer" else b""
        found = None
        for identity, own in self._keys.items():  # all of them, whichever fits
            if hmac.compare_digest(own, key):
                found = identity
        return found
