"""Seeing: what the organ that finds objects in a picture found.

A wave carries numbers, so the lists of objects and boxes do not travel in it: the wave says how many objects there
were, what the surest of them is, and how much of the picture the largest box fills and where its middle is. The boxes
themselves stay with the organ.
Source: docs/domain.md section 2 (vision_detect: IDLE CAPTURING DETECTING REPORTING, 8.0 a frame). The confidence is
the detector's own for its surest object; a picture without objects is .3.
"""

from collections.abc import Mapping

from nimmer.life.cell import CellState, priced
from nimmer.life.cells.declaration import Declaration, Past, Raw, Sensed
from nimmer.life.wave import Field

CLASSES = ("none", "other", "person", "animal", "robot", "house", "door", "well", "tree")
MOST_OBJECTS = 1000.0


@priced(
    rest="IDLE",
    moves={
        "IDLE": {"CAPTURING": 0.0},
        "CAPTURING": {"DETECTING": 8.0},
        "DETECTING": {"REPORTING": 0.0},
        "REPORTING": {"IDLE": 0.0},
        "ERROR": {"IDLE": 0.0},
    },
)
class VisionState(CellState):
    """A frame costs 8.0, when it is looked at."""

    IDLE = "idle"
    CAPTURING = "capturing"
    DETECTING = "detecting"
    REPORTING = "reporting"
    ERROR = "error"


def sense(raw: Mapping[str, float], past: Past) -> Sensed | str:
    """Return object_count, top_class, largest_box (share of the picture) and largest_x (0 left .. 1 right)."""
    count, top = raw["object_count"], raw["top_class"]
    if (count > 0.0) != (top > 0.0):
        return f"{count:g} objects cannot have {CLASSES[int(top)]} as the surest"
    values = (count, top, raw["largest_box"], raw["largest_x"])
    return Sensed(raw["top_confidence"] if count else 0.3, values, past.steady + 1)


VISION_DETECT = Declaration(
    walk=(
        VisionState.IDLE,
        VisionState.CAPTURING,
        VisionState.DETECTING,
        VisionState.REPORTING,
        VisionState.IDLE,
    ),
    fields=(
        Field("object_count", scale=10.0),
        Field("top_class", kind="category", choices=CLASSES),
        Field("largest_box", scale=1.0),
        Field("largest_x", scale=1.0),
    ),
    reads=(
        Raw("object_count", 0.0, MOST_OBJECTS, whole=True),
        Raw("top_class", 0.0, len(CLASSES) - 1.0, 0.0, whole=True),
        Raw("top_confidence", 0.0, 1.0, 0.0),
        Raw("largest_box", 0.0, 1.0, 0.0),
        Raw("largest_x", 0.0, 1.0, 0.5),
    ),
    sense=sense,
    stale_s=10.0,
)
