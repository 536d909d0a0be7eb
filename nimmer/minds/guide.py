"""The port to somebody who knows the way: nerves name what they want, a guide says which step leads there.

Source: docs/domain.md section 5 (charging seeks and approaches a station).
"""

from collections.abc import Callable
from typing import Protocol

from nimmer.life.action import Action
from nimmer.life.percept import Percept


class Guide(Protocol):
    """Knows the graph of the level its body lives in, and the wells that body has met."""

    def notice(self, percept: Percept) -> None:
        """Remember the well the body stands at, if it does. To be called once a tick."""
        ...

    def wells(self) -> frozenset[int]:
        """Return the nodes of the wells met so far."""
        ...

    def toward(self, percept: Percept, wanted: Callable[[int], bool]) -> Action | None:
        """Return the first step to the nearest node that is `wanted`; None where no way leads or it is here."""
        ...

    def state(self) -> dict[str, object]:
        """Return what must be remembered across a restart, as plain JSON values."""
        ...

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises ValueError when it is of another level."""
        ...


class Lost:
    """The guide of a body without a map: knows no well and no way."""

    def notice(self, percept: Percept) -> None:
        """Remember nothing."""

    def wells(self) -> frozenset[int]:
        """Return no well."""
        return frozenset()

    def toward(self, percept: Percept, wanted: Callable[[int], bool]) -> Action | None:
        """Return None: no way is known."""
        return None

    def state(self) -> dict[str, object]:
        """Return nothing."""
        return {"wells": []}

    def restore(self, state: dict[str, object]) -> None:
        """Take nothing back."""
