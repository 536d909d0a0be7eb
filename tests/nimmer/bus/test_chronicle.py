import json

from hypothesis import given
from hypothesis import strategies as st

from nimmer.bus.chronicle import LINES, Chronicle
from nimmer.bus.message import Incident

AT = "2026-11-23T00:01:02.345Z"


def test_each_thing_is_one_line_with_its_time() -> None:
    book = Chronicle()
    book.note(AT, Incident("death", "npc.2", "generation 1 died"))
    book.note(AT, Incident("server", "nats", "nats ended"))
    assert book.lines() == ["00:01:02 npc.2: generation 1 died", "00:01:02 nats: nats ended"]


def test_what_happens_again_is_counted_and_goes_to_the_end() -> None:
    book = Chronicle()
    book.note(AT, Incident("death", "npc.2", "generation 1 died"))
    book.note(AT, Incident("death", "npc.3", "generation 1 died"))
    book.note(AT.replace("00:01", "00:09"), Incident("death", "npc.2", "generation 2 died"))
    assert book.lines() == [
        "00:01:02 npc.3: generation 1 died",
        "00:09:02 npc.2: generation 2 died (2 times)",
    ]


def test_bad_messages_take_one_line_and_push_nothing_out() -> None:
    book = Chronicle()
    book.note(AT, Incident("death", "npc.2", "generation 1 died"))
    for number in range(10 * LINES):
        book.note(AT, Incident("bad-message", f"dev.npc.{number}.action", "not JSON"))
    assert book.lines() == [
        "00:01:02 npc.2: generation 1 died",
        f"00:01:02 dev.npc.{10 * LINES - 1}.action: not JSON ({10 * LINES} times)",
    ]


KINDS = st.sampled_from(["death", "restart", "bad-message"])


@given(st.lists(st.builds(Incident, KINDS, st.integers(0, 99).map(str), st.text(max_size=3)), max_size=200))
def test_it_is_bounded_and_comes_back_as_it_was(incidents: list[Incident]) -> None:
    book, again = Chronicle(), Chronicle()
    for one in incidents:
        book.note(AT, one)
    assert len(book.lines()) <= LINES
    again.restore(json.loads(json.dumps(book.state())))
    assert again.lines() == book.lines()
