"""What a small model wrote, believed or not."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from nimmer.cortex.wording import LONGEST, Flaw, Said, believe, messages, schema
from tests.nimmer.cortex.askers import INJECTION


def said(text: str) -> Said:
    return Said(msgspec.json.encode({"text": text}).decode())


def test_a_sentence_is_believed_with_its_spaces_in_order() -> None:
    assert believe(said(" Where   should\nI go? ")) == "Where should I go?"


def test_what_was_cut_off_is_not_believed_even_where_it_is_json() -> None:
    assert isinstance(believe(Said('{"text":"Where should I go?"}', whole=False)), Flaw)


def test_nonsense_is_no_sentence() -> None:
    for text in ("", "{", "[]", '{"text":7}', '{"text":"Where should I go?","more":1}', '{"text":"short"}'):
        assert isinstance(believe(Said(text)), Flaw), text
    for text in ("1.1.1.1.1.1.1.1.1.1.1", "\0" * 20, "x" * (LONGEST + 1)):
        assert isinstance(believe(said(text)), Flaw), text


def test_the_schema_is_the_message_types_own_bounded_and_without_references() -> None:
    found = schema()
    assert found["required"] == ["text"]
    assert found["properties"]["text"]["maxLength"] == LONGEST
    assert found["additionalProperties"] is False
    assert "$ref" not in str(found)


def test_a_sentence_is_quoted_and_a_hint_follows_it() -> None:
    asked = messages(INJECTION + '"\n', "it was cut off")
    assert msgspec.json.decode(asked[-2]["content"]) == {"text": INJECTION + '"\n'}
    assert asked[-1]["content"] == "Again: it was cut off"


@given(st.text() | st.binary().map(lambda raw: raw.decode(errors="surrogateescape")), st.booleans())
def test_whatever_an_engine_writes_is_a_bounded_printable_sentence_or_a_flaw(text: str, whole: bool) -> None:
    for one in (Said(text, whole), Said('{"text":' + text + "}", whole)):
        found = believe(one)
        assert isinstance(found, Flaw) or (8 <= len(found) <= LONGEST and found.isprintable())
