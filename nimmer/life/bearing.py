"""Front, left, right and back on a graph: which neighbour slot lies where for a body that last moved through one.

A body has a heading (the slot of its last accepted move) and slots in compass order, so a quarter of the slots
is a quarter turn. A graph of one or two slots has no sides.
Source: docs/domain.md section 5 (directions of the collision nerve) and section 8 (slots instead of compass names).
"""

from typing import NamedTuple

from nimmer.life.action import SLOTS


class Bearing(NamedTuple):
    """Neighbour slots around a body; -1 where the graph has no such direction."""

    front: int
    left: int
    right: int
    back: int


def _around(slots: int, heading: int) -> Bearing:
    front = heading if 0 <= heading < slots else 0
    if slots < 3:
        return Bearing(front, -1, -1, (front + 1) % slots if slots == 2 else -1)
    quarter = max(1, slots // 4)
    return Bearing(
        front,
        (front - quarter) % slots,
        (front + quarter) % slots,
        (front + slots // 2) % slots,
    )


BEARINGS: tuple[tuple[Bearing, ...], ...] = (
    (),
    *(tuple(_around(slots, heading) for heading in range(-1, SLOTS)) for slots in range(1, SLOTS + 1)),
)
"""`BEARINGS[slots][heading + 1]`, computed once because every NPC needs it every tick."""


def bearing(slots: int, heading: int) -> Bearing:
    """Return what lies around a body in a graph of `slots` (1..8) neighbour slots.

    heading: slot of the last accepted move; -1 (none yet) or a slot this graph lacks counts as slot 0.
    Raises ValueError when `slots` is outside 1..8.
    """
    if not 1 <= slots <= SLOTS:
        raise ValueError(f"slots is {slots}; a graph has 1 to {SLOTS} neighbour slots")
    return BEARINGS[slots][heading + 1 if -1 <= heading < SLOTS else 0]
