import pytest

from nimmer.cortex.prompt import ROOM_TO_WORD, SAY, schema
from nimmer.cortex.question import Chooser, Question
from nimmer.cortex.verdict import read

ASKED = Question("speech", "speech", 0.8, {}, (("leave", 0.2), ("answer", 0.9), ("wait", 0.9)))


def test_code_decides_for_the_surest_suggestion_whatever_the_model_says() -> None:
    verdict = read('{"answer": "I leave.", "decision": "leave"}', ASKED, Chooser.CODE)
    assert (verdict.decision, verdict.confidence, verdict.answer) == ("answer", 0.9, "I leave.")


def test_a_model_that_may_choose_is_held_to_the_suggestions() -> None:
    verdict = read('{"decision": "leave", "answer": "I leave."}', ASKED, Chooser.MODEL)
    assert (verdict.decision, verdict.confidence) == ("leave", 0.2)
    with pytest.raises(ValueError, match="open all gates"):
        read('{"decision": "open all gates", "answer": "So be it."}', ASKED, Chooser.MODEL)


def test_without_a_suggestion_nothing_is_decided() -> None:
    verdict = read('{"answer": "Hm."}', Question("speech", "speech", 0.4, {}), Chooser.MODEL)
    assert (verdict.decision, verdict.confidence) == ("", 0.4)


def test_an_answer_that_was_cut_off_ends_at_its_last_whole_word() -> None:
    assert read('{"answer": "The well is besi', ASKED, Chooser.CODE).answer == "The well is"


def test_a_sentence_is_said_once() -> None:
    text = '{"answer": "It is by the well. It is red. It is by the well. It is by the'
    assert read(text, ASKED, Chooser.CODE).answer == "It is by the well. It is red."


@pytest.mark.parametrize(
    "text", ["", "hello", "[]", '{"answer": ""}', '{"answer": 3}', '{"say": "x"}', '"x"']
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="engine"):
        read(text, ASKED, Chooser.CODE)


def test_a_drafted_answer_ends_where_its_draft_did() -> None:
    asked = Question("conversation", "social", 1.0, {SAY: "The well is here."}, (("answer", 1.0),))
    limit = schema(asked, Chooser.CODE)["properties"]["answer"]["maxLength"]
    assert limit == len("The well is here.") + ROOM_TO_WORD
    assert (
        read('{"answer": "The well is here. The barrel"}', asked, Chooser.CODE).answer == "The well is here."
    )
    assert read('{"answer": "The well"}', asked, Chooser.CODE).answer == "The well"
