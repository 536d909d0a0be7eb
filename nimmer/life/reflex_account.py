"""What keeps a reflex: an account of its own that pays rent every slumber and earns by being triggered.

A reflex that is never needed runs dry and is deleted. Its account is not the body's ledger: nothing flows between
the two. Inside are whole micro-lifeforce, as there.
Source: docs/domain.md section 6 (slumber jobs: reflex rent per cycle, reward per trigger).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

_MICRO = 1_000_000
OPENING_BALANCE = 100.0
"""What a new reflex has, lifeforce."""


class Terms(NamedTuple):
    """rent: lifeforce per cycle; reward: lifeforce per trigger."""

    rent: float
    reward: float


TERMS: Mapping[str, Terms] = MappingProxyType(
    {
        "motor": Terms(0.5, 5.0),
        "sensor": Terms(1.0, 3.0),
        "heuristic": Terms(2.0, 10.0),
        "identity": Terms(0.1, 1.0),
    }
)
"""By the kind of reflex."""


class ReflexAccounts:
    """The accounts of one body's reflexes, by name."""

    __slots__ = ("_accounts", "deleted")

    def __init__(self) -> None:
        """Begin without a reflex."""
        self._accounts: dict[str, tuple[str, int]] = {}
        self.deleted = 0

    def open(self, name: str, kind: str) -> None:
        """Give the reflex `name` an account with 100; it keeps the one it has.

        Raises ValueError naming the kinds there are when `kind` is none of them.
        """
        if kind not in TERMS:
            raise ValueError(f"{name}: {kind!r} is no kind of reflex; there are {', '.join(TERMS)}")
        self._accounts.setdefault(name, (kind, int(OPENING_BALANCE * _MICRO)))

    def __contains__(self, name: str) -> bool:
        return name in self._accounts

    def balance(self, name: str) -> float:
        """Return what the reflex has, lifeforce; 0 for one that is not there."""
        return self._accounts[name][1] / _MICRO if name in self._accounts else 0.0

    def trigger(self, name: str) -> float:
        """Reward the reflex for having acted and return the reward, lifeforce; 0 for one that is not there."""
        if name not in self._accounts:
            return 0.0
        kind, micro = self._accounts[name]
        reward = TERMS[kind].reward
        self._accounts[name] = (kind, micro + int(reward * _MICRO))
        return reward

    def close(self, name: str) -> None:
        """Take the account away: the reflex was demoted. Nothing happens to one that is not there."""
        self._accounts.pop(name, None)

    def pay_rent(self) -> tuple[str, ...]:
        """Take one cycle's rent from all and return the names of those that are at 0: their reflexes are deleted."""
        gone: list[str] = []
        for name, (kind, micro) in self._accounts.items():
            left = micro - int(TERMS[kind].rent * _MICRO)
            self._accounts[name] = (kind, max(0, left))
            if left <= 0:
                gone.append(name)
        for name in gone:
            del self._accounts[name]
        self.deleted += len(gone)
        return tuple(gone)

    def state(self) -> dict[str, object]:
        """Return what must be remembered, as plain JSON values."""
        return {
            "accounts": {name: list(account) for name, account in self._accounts.items()},
            "deleted": self.deleted,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is no accounts'."""
        accounts: dict[str, tuple[str, int]] = {}
        for name, (kind, micro) in dict(state["accounts"]).items():
            if kind not in TERMS or not isinstance(micro, int) or micro <= 0:
                raise ValueError(f"{name}: {kind!r} with {micro!r} is no account of a reflex")
            accounts[str(name)] = (kind, micro)
        self._accounts = accounts
        self.deleted = int(state["deleted"])
