"""Shows a world with its neighbour slots in another order, so that a brain learns every slot and not just north to west.

A grid uses four of the eight slots; a brain that has only ever seen those is lost on a street map, which uses all. In a
turned world what lies in slot `turns[s]` is shown in slot `s`, and a move through `s` goes through `turns[s]`: the same
world, and all slots are met. A brain without memory may see another order in every batch.
Source: docs/domain.md section 8 (the brain must also accept irregular graphs).
"""

import numpy as np
import torch
from numpy.typing import NDArray

from nimmer.life.action import SLOTS
from nimmer.life.percept import PER_SLOT

Floats = NDArray[np.float32]


class SlotTurns:
    """One order of slots per world: a drawn one in the first `turned` of `worlds` worlds, the real one in the others."""

    def __init__(self, worlds: int, turned: int, generator: torch.Generator) -> None:
        """Draw the orders."""
        order = torch.arange(SLOTS).repeat(worlds, 1)
        if turned:
            order[:turned] = torch.rand((turned, SLOTS), generator=generator).argsort(1)
        self._order: NDArray[np.int64] = order.numpy()
        self._turned = turned

    def show(self, features: Floats) -> Floats:
        """Return features `(W, N, FEATURES)` as they look in these orders; unchanged, or a copy."""
        if not self._turned:
            return features
        shown = features.copy()
        turned = features[: self._turned, :, : SLOTS * PER_SLOT]
        ahead = turned.reshape(*turned.shape[:2], SLOTS, PER_SLOT)
        order = self._order[: self._turned, None, :, None]
        shown[: self._turned, :, : SLOTS * PER_SLOT] = np.take_along_axis(ahead, order, 2).reshape(
            turned.shape
        )
        return shown

    def real(self, actions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the flat actions `(W, N)` that are meant by `actions` chosen in these orders."""
        through = np.take_along_axis(self._order, np.minimum(actions, SLOTS - 1), 1)
        return np.where(actions < SLOTS, through, actions)
