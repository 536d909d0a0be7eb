"""What one NPC perceives of the world in one tick, as a fixed binary record.

The world writes it, vectorised over NPCs (`nimmer.world.observation`); the arena carries the bytes; the
NPC unpacks them once per tick. `FEATURES` floats feed a learning brain, the named fields feed cells and
hand-written brains. All distances in cm, energy and coverage in 0..1.
"""

import struct
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from nimmer.life.action import SLOTS

PER_SLOT = 8
"""Floats for a learning brain about each neighbour slot."""
_OWN = PER_SLOT * SLOTS


class Column(IntEnum):
    """Where the features of the NPC itself stand, behind those of the slots; what they say: `nimmer.world.observation`."""

    ENERGY = _OWN
    HERE_KNOWN = _OWN + 1
    AT_WELL = _OWN + 2
    COMPANY = _OWN + 3
    NEWS = _OWN + 4
    COVERAGE = _OWN + 5
    ASKED = _OWN + 6
    REFUSED = _OWN + 7
    UNKNOWN_NEAR = _OWN + 8
    WELL_NEAR = _OWN + 9


FEATURES = _OWN + len(Column)
"""Floats for a learning brain: those of the slots, then one per `Column`."""

PERCEPT = np.dtype(
    [
        ("tick", "<u8"),
        ("level", "<u4"),
        ("node", "<i4"),
        ("heading", "<i4"),
        ("energy", "<f4"),
        ("reward", "<f4"),
        ("coverage", "<f4"),
        ("occupants", "<u2"),
        ("news", "<u2"),
        ("here_known", "u1"),
        ("at_well", "u1"),
        ("rejection", "u1"),
        ("slots", "u1"),
        ("neighbour", "<i4", SLOTS),
        ("distance_cm", "<f4", SLOTS),
        ("neighbour_occupants", "u1", SLOTS),
        ("neighbour_known", "u1", SLOTS),
        ("features", "<f4", FEATURES),
    ]
)
"""One NPC's observation record.

tick: world tick it was taken at; heading: slot of the last accepted move, -1 before the first;
reward: since the last record; coverage: share of locations the NPC knows; occupants: others on its node;
news: locations the best-informed of them knows and the NPC does not; rejection: why its last action was
refused (`nimmer.world.step.Rejection`, 0 = accepted); slots: neighbour slots in use by this graph;
neighbour: node behind each slot, -1 where there is no edge; distance_cm: free way ahead in each slot;
neighbour_known: 1 where the NPC already knows that neighbour's house.
"""

_FIELDS = struct.Struct(f"<QIiifffHHBBBB{SLOTS}i{SLOTS}f{SLOTS}B{SLOTS}B")
_ALONE = 13
"""How many fields of a record are single values; the others are one per slot."""
FEATURES_OFFSET = _FIELDS.size


class Percept(NamedTuple):
    """One unpacked record without its feature vector; fields as in `PERCEPT`."""

    tick: int
    level: int
    node: int
    heading: int
    energy: float
    reward: float
    coverage: float
    occupants: int
    news: int
    here_known: int
    at_well: int
    rejection: int
    slots: int
    neighbour: tuple[int, ...]
    distance_cm: tuple[float, ...]
    neighbour_occupants: tuple[int, ...]
    neighbour_known: tuple[int, ...]


def unpack(record: bytes) -> Percept:
    """Return the named fields of one `PERCEPT` record of `PERCEPT.itemsize` bytes."""
    found = _FIELDS.unpack_from(record)
    return Percept._make(
        (
            *found[:_ALONE],
            found[_ALONE : _ALONE + SLOTS],
            found[_ALONE + SLOTS : _ALONE + 2 * SLOTS],
            found[_ALONE + 2 * SLOTS : _ALONE + 3 * SLOTS],
            found[_ALONE + 3 * SLOTS :],
        )
    )


def features(record: bytes | bytearray) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return the feature vector `(FEATURES,)` of one record, as a view of it."""
    return np.frombuffer(record, dtype=np.float32, count=FEATURES, offset=FEATURES_OFFSET)
