"""The states of a cell that reads one thing and reports it, for the kinds whose domain names no others.

Source: docs/domain.md section 2 (light_sensor; novelty, social and the host's gauges are ours).
"""

from nimmer.life.cell import CellState, priced


@priced(
    rest="IDLE",
    moves={
        "IDLE": {"READING": None},
        "READING": {"REPORTING": 0.0},
        "REPORTING": {"IDLE": 0.0},
        "ERROR": {"IDLE": 0.0},
    },
)
class ReaderState(CellState):
    """Reading costs the kind's price."""

    IDLE = "idle"
    READING = "reading"
    REPORTING = "reporting"
    ERROR = "error"


READER_WALK = (ReaderState.IDLE, ReaderState.READING, ReaderState.REPORTING, ReaderState.IDLE)
