"""Hearing: what the organ that turns speech into text made of what was said.

A wave carries numbers, so the transcript does not travel in it: the wave says how many words there were, in which
language, what the speaker wants and in which tone. The words themselves stay with the organ.
Source: docs/domain.md section 2 (speech_stt: six states, .5 .5 5.0 .1 0; confidence 1 - mean no-speech probability).
"""

from collections.abc import Mapping

from nimmer.life.cell import CellState, priced
from nimmer.life.cells.declaration import Declaration, Past, Raw, Sensed
from nimmer.life.wave import Field

LANGUAGES = ("other", "de", "en")
INTENTS = ("other", "greeting", "question", "command", "statement")
TONES = ("neutral", "friendly", "angry", "afraid", "sad")


@priced(
    rest="IDLE",
    moves={
        "IDLE": {"LISTENING": 0.5},
        "LISTENING": {"BUFFERING": 0.5},
        "BUFFERING": {"TRANSCRIBING": 5.0},
        "TRANSCRIBING": {"EMITTING": 0.1},
        "EMITTING": {"IDLE": 0.0},
        "ERROR": {"IDLE": 0.0},
    },
)
class SttState(CellState):
    """The whole path costs 6.1."""

    IDLE = "idle"
    LISTENING = "listening"
    BUFFERING = "buffering"
    TRANSCRIBING = "transcribing"
    EMITTING = "emitting"
    ERROR = "error"


def sense(raw: Mapping[str, float], past: Past) -> Sensed | str:
    """Return word_count, language, speaker_intent, emotional_tone; sure by how much of it was speech at all."""
    values = (raw["word_count"], raw["language"], raw["speaker_intent"], raw["emotional_tone"])
    return Sensed(1.0 - raw["no_speech"], values, past.steady + 1)


SPEECH_STT = Declaration(
    walk=(
        SttState.IDLE,
        SttState.LISTENING,
        SttState.BUFFERING,
        SttState.TRANSCRIBING,
        SttState.EMITTING,
        SttState.IDLE,
    ),
    fields=(
        Field("word_count", scale=50.0),
        Field("language", kind="category", choices=LANGUAGES),
        Field("speaker_intent", kind="category", choices=INTENTS),
        Field("emotional_tone", kind="category", choices=TONES),
    ),
    reads=(
        Raw("word_count", 0.0, 10000.0, whole=True),
        Raw("no_speech", 0.0, 1.0),
        Raw("language", 0.0, len(LANGUAGES) - 1.0, 0.0, whole=True),
        Raw("speaker_intent", 0.0, len(INTENTS) - 1.0, 0.0, whole=True),
        Raw("emotional_tone", 0.0, len(TONES) - 1.0, 0.0, whole=True),
    ),
    sense=sense,
    stale_s=10.0,
)
