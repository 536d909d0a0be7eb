import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.cells.declaration import Past, Sensed
from nimmer.life.cells.speech_stt import INTENTS, LANGUAGES
from nimmer.life.cells.vision_detect import CLASSES
from nimmer.life.driven_cells import ORGAN_CELLS
from nimmer.life.senses import declared
from nimmer.life.sensor_cell import SensorCell
from nimmer.organs.readings import hearing, seeing, speaking

STT, TTS, VISION = (SensorCell(kind, declared(kind)) for kind in ORGAN_CELLS)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Where is the nearest well?", "question"),
        ("what is that", "question"),
        ("Hello there.", "greeting"),
        ("Guten Morgen, Frau Nachbarin", "greeting"),
        ("The door is red.", "statement"),
        ("", "other"),
    ],
)
def test_what_is_said_shows_what_the_speaker_wants(text: str, intent: str) -> None:
    assert INTENTS[int(hearing(text, "en", 0.1)["speaker_intent"])] == intent


def test_an_unknown_language_is_another() -> None:
    assert LANGUAGES[int(hearing("bonjour", "fr", 0.0)["language"])] == "other"
    assert LANGUAGES[int(hearing("hallo", "de", 0.0)["language"])] == "de"


@pytest.mark.parametrize(
    ("label", "seen_as"),
    [
        ("npc", "person"),
        ("wooden door", "door"),
        ("well 3 m away", "well"),
        ("house", "house"),
        ("smoke", "other"),
    ],
)
def test_the_words_of_the_eye_are_classes_of_the_cell(label: str, seen_as: str) -> None:
    raw = seeing([(label, 0.8, (0.0, 0.0, 0.5, 0.5))])
    assert CLASSES[int(raw["top_class"])] == seen_as
    assert raw["largest_box"] == 0.25


@given(st.text(max_size=80), st.sampled_from(("en", "de", "fr", "")), st.floats(-1, 2))
def test_every_transcript_makes_a_wave(text: str, language: str, no_speech: float) -> None:
    assert STT.poll(hearing(text, language, no_speech), 1.0) is not None


share = st.floats(0, 1)


@given(
    st.lists(
        st.tuples(st.sampled_from(("npc", "house", "smoke")), share, st.tuples(share, share, share, share)),
        max_size=5,
    )
)
def test_everything_seen_makes_a_wave(
    things: list[tuple[str, float, tuple[float, float, float, float]]],
) -> None:
    assert VISION.poll(seeing(things), 1.0) is not None


def test_what_was_spoken_makes_a_wave_that_is_sure() -> None:
    wave = TTS.poll(speaking(), 1.0)
    assert wave is not None
    assert wave.confidence == 0.9
    assert isinstance(declared(ORGAN_CELLS[1]).sense(speaking(), Past()), Sensed)  # type: ignore[misc]  # it has one
