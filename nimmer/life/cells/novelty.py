"""Novelty: how much an NPC does not know of where it is.

Read from the world's record of a tick; `nimmer.life.body_cells` does the same without the mapping.
Source: ours; docs/life.md.
"""

from collections.abc import Mapping

from nimmer.life.cells.declaration import Declaration, Past, Raw, Sensed
from nimmer.life.cells.reader import READER_WALK
from nimmer.life.wave import Field


def sense(raw: Mapping[str, float], past: Past) -> Sensed | str:
    """Return coverage, here_known, unknown_neighbours: .9 here or everything around unknown, .6 something, .3 nothing."""
    unknown, exits = raw["unknown_neighbours"], raw["exits"]
    if unknown > exits:
        return f"{unknown:g} of {exits:g} neighbours cannot be unknown"
    here = raw["here_known"]
    confidence = 0.6 if unknown else 0.3
    if not here or (unknown and unknown == exits):
        confidence = 0.9
    return Sensed(confidence, (raw["coverage"], 1.0 if here else 0.0, unknown), past.steady + 1)


NOVELTY = Declaration(
    walk=READER_WALK,
    fields=(
        Field("coverage", scale=1.0),
        Field("here_known", kind="category", choices=("no", "yes")),
        Field("unknown_neighbours", scale=8.0),
    ),
    reads=(
        Raw("coverage", 0.0, 1.0),
        Raw("here_known", 0.0, 1.0, whole=True),
        Raw("unknown_neighbours", 0.0, 8.0, whole=True),
        Raw("exits", 0.0, 8.0, whole=True),
    ),
    sense=sense,
)
