"""Company: who else stands on an NPC's node, and what they know that it does not.

Read from the world's record of a tick; `nimmer.life.body_cells` does the same without the mapping.
Source: ours; docs/life.md.
"""

from collections.abc import Mapping

from nimmer.life.cells.declaration import Declaration, Past, Raw, Sensed
from nimmer.life.cells.reader import READER_WALK
from nimmer.life.wave import Field


def sense(raw: Mapping[str, float], past: Past) -> Sensed | str:
    """Return occupants and news: .9 company with news, .6 company, .3 alone."""
    occupants, news = raw["occupants"], raw["news"]
    confidence = 0.6 if occupants else 0.3
    if occupants and news:
        confidence = 0.9
    return Sensed(confidence, (occupants, news), past.steady + 1)


SOCIAL = Declaration(
    walk=READER_WALK,
    fields=(Field("occupants", scale=4.0), Field("news", scale=25.0)),
    reads=(Raw("occupants", 0.0, 65535.0, whole=True), Raw("news", 0.0, 65535.0, whole=True)),
    sense=sense,
)
