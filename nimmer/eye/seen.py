"""What an eye says of a frame, and which of two sayings about the same thing counts.

Source: non-maximum suppression, one label at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.eye.box import Box

Boxes = NDArray[np.float32]
"""`(n, 4)`: left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing seen. confidence: 0..1; box: left, top, right, bottom in shares of the picture."""

    label: str
    confidence: float
    box: Box


def overlaps(boxes: Boxes, others: Boxes) -> Boxes:
    """Return `(n, m)`: the area two boxes have in common, as a share of the area they cover together; 0 for none."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(2)
    whole = _areas(boxes)[:, None] + _areas(others)[None] - common
    return np.asarray(common / np.maximum(whole, 1e-12), np.float32)


def suppress(boxes: Boxes, confidence: NDArray[np.float32], most_overlap: float) -> list[int]:
    """Return which of the boxes `(n, 4)` of one label stay, surest first: none overlaps a surer one by more."""
    order = np.argsort(-confidence, kind="stable")
    stays: list[int] = []
    while order.size:
        first, order = order[0], order[1:]
        stays.append(int(first))
        order = order[overlaps(boxes[first : first + 1], boxes[order])[0] <= most_overlap]
    return stays


def surest_first(seen: Sequence[Seen]) -> tuple[Seen, ...]:
    """Return what was seen, the surest first; equals in the order of their label and place."""
    return tuple(sorted(seen, key=lambda one: (-one.confidence, one.label, one.box)))


def _areas(boxes: Boxes) -> Boxes:
    return np.asarray(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(1), np.float32)
