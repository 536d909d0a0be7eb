"""Randomness as an argument: one seed makes every generator, each by name.

The same seed and name give the same stream on every machine, whatever else was drawn before.
Source: numpy SeedSequence, spawn by key.
"""

import hashlib
import secrets

import numpy as np


class Chance:
    """A seed from which named, independent generators are derived."""

    def __init__(self, seed: int) -> None:
        """Keep `seed`, any non-negative integer. Raises ValueError when it is negative."""
        if seed < 0:
            raise ValueError(f"a seed is a non-negative integer, not {seed}")
        self.seed = seed

    def generator(self, *names: str | int) -> np.random.Generator:
        """Return the generator called `names`; the same names give the same stream."""
        digest = hashlib.blake2b("/".join(map(str, names)).encode(), digest_size=16).digest()
        key = tuple(np.frombuffer(digest, dtype="<u4").tolist())
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))


def fresh_seed() -> int:
    """Return an unpredictable 32-bit seed, for a run whose user named none."""
    return secrets.randbits(32)


def fresh_secret() -> str:
    """Return a new 256-bit secret in URL-safe letters."""
    return secrets.token_urlsafe(32)
