"""Speaking: whether the organ that turns text into speech is heard, and whether it has done.

The text does not travel in the wave; who asked for it knows it.
Source: docs/domain.md section 2 (speech_tts: IDLE SYNTHESIZING SPEAKING, 4.0). The confidence is ours: .9 when all
was said, .6 while it plays, .3 when neither.
"""

from collections.abc import Mapping

from nimmer.life.cell import CellState, priced
from nimmer.life.cells.declaration import Declaration, Past, Raw, Sensed
from nimmer.life.wave import Field


@priced(
    rest="IDLE",
    moves={
        "IDLE": {"SYNTHESIZING": 4.0},
        "SYNTHESIZING": {"SPEAKING": 0.0},
        "SPEAKING": {"IDLE": 0.0},
        "ERROR": {"IDLE": 0.0},
    },
)
class TtsState(CellState):
    """An utterance costs 4.0."""

    IDLE = "idle"
    SYNTHESIZING = "synthesizing"
    SPEAKING = "speaking"
    ERROR = "error"


def sense(raw: Mapping[str, float], past: Past) -> Sensed | str:
    """Return audio_playing and complete."""
    playing, complete = raw["audio_playing"] > 0.0, raw["complete"] > 0.0
    if playing and complete:
        return "it cannot play and be complete at once"
    confidence = 0.9 if complete else 0.6 if playing else 0.3
    return Sensed(confidence, (float(playing), float(complete)), past.steady + 1)


SPEECH_TTS = Declaration(
    walk=(TtsState.IDLE, TtsState.SYNTHESIZING, TtsState.SPEAKING, TtsState.IDLE),
    fields=(
        Field("audio_playing", kind="category", choices=("no", "yes")),
        Field("complete", kind="category", choices=("no", "yes")),
    ),
    reads=(Raw("audio_playing", 0.0, 1.0), Raw("complete", 0.0, 1.0)),
    sense=sense,
    stale_s=10.0,
)
