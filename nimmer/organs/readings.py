"""What an operation of an organ tells the organ's cell: raw numbers by name, as its file in `nimmer.life.cells` reads them.

Source: docs/domain.md section 2 (speech_stt, speech_tts, vision_detect).
"""

from collections.abc import Sequence

from nimmer.life.cells.speech_stt import INTENTS, LANGUAGES
from nimmer.life.cells.vision_detect import CLASSES

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of the picture."""
GREETINGS = frozenset({"hello", "hi", "hey", "hallo", "greetings", "welcome", "moin", "servus"})
GREETED = (("good", "morning"), ("good", "evening"), ("good", "day"), ("guten", "tag"), ("guten", "morgen"))
ASKING = frozenset({"who", "what", "where", "when", "why", "how", "wer", "was", "wo", "wann", "warum", "wie"})
_SEEN_AS = {"npc": "person", "person": "person", "cat": "animal", "dog": "animal", "bird": "animal"}


def hearing(text: str, language: str, no_speech: float) -> dict[str, float]:
    """Return how many words there were, in which language, what the speaker seems to want; the tone is not told."""
    words = text.lower().replace(",", " ").replace(".", " ").split()
    return {
        "word_count": float(min(len(words), 10_000)),
        "no_speech": min(max(no_speech, 0.0), 1.0),
        "language": float(LANGUAGES.index(language) if language in LANGUAGES else 0),
        "speaker_intent": float(INTENTS.index(_intent(text, words))),
    }


def _intent(text: str, words: Sequence[str]) -> str:
    if not words:
        return "other"
    if text.rstrip().endswith("?") or words[0] in ASKING:
        return "question"
    if words[0] in GREETINGS or tuple(words[:2]) in GREETED:
        return "greeting"
    return "statement"


def speaking() -> dict[str, float]:
    """Return that a text has been spoken whole."""
    return {"audio_playing": 0.0, "complete": 1.0}


def seeing(things: Sequence[tuple[str, float, Box]]) -> dict[str, float]:
    """Return how many things there are, what the surest (label, confidence, box) is, and where the largest."""
    if not things:
        return {"object_count": 0.0}
    label, confidence, _ = max(things, key=lambda one: one[1])
    left, top, right, bottom = max((box for _, _, box in things), key=_area)
    return {
        "object_count": float(min(len(things), 1000)),
        "top_class": float(CLASSES.index(_seen_as(label))),
        "top_confidence": min(max(confidence, 0.0), 1.0),
        "largest_box": min(_area((left, top, right, bottom)), 1.0),
        "largest_x": min(max((left + right) / 2, 0.0), 1.0),
    }


def _seen_as(label: str) -> str:
    """Return the class of the cell that a detector's label belongs to."""
    if label in _SEEN_AS:
        return _SEEN_AS[label]
    return next((one for one in CLASSES[2:] if one in label.split()), "other")


def _area(box: Box) -> float:
    left, top, right, bottom = box
    return max(right - left, 0.0) * max(bottom - top, 0.0)
