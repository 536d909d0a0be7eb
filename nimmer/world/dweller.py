"""A whole body that lives in a virtual garden, chance included.

Source: docs/domain.md section 4; docs/gardens.md.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nimmer.life.body import Body, Deed
from nimmer.life.percept import Percept
from nimmer.minds.brain import Flags, Floats


class Dweller:
    """One virtual body with the chance its brain draws from: both come back from a checkpoint."""

    __slots__ = ("_generator", "_wake", "body")

    def __init__(self, body: Body, generator: np.random.Generator, wake: Callable[[Body], None]) -> None:
        """Live by `body`, whose brain draws from `generator`; `wake` gives it a fresh one that does."""
        self.body = body
        self._generator = generator
        self._wake = wake

    def tick(
        self,
        percept: Percept,
        features: Floats,
        known: Flags,
        overrides: bytes | tuple[int, ...],
        now_s: float,
    ) -> Deed:
        """Live one tick; see `nimmer.life.body.Body.tick`."""
        return self.body.tick(percept, features, known, overrides, now_s)

    def state(self) -> dict[str, object]:
        """Return body and chance, as plain JSON values."""
        return {"body": self.body.state(), "chance": self._generator.bit_generator.state}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned, with a brain that has no plan yet."""
        self._wake(self.body)
        self.body.restore(state["body"])
        self._generator.bit_generator.state = state["chance"]
