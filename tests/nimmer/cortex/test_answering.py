"""From answers to commands: what is decided, and that words decide nothing."""

from hypothesis import given

from nimmer.bus.cortex_messages import CortexCommand
from nimmer.cortex.answering import MOST_COMMANDS, Decision, commands, decide, here_and_now
from nimmer.cortex.asker import Asker, Partner
from nimmer.cortex.asking import ask
from nimmer.cortex.choices import read
from nimmer.life.action import LOOK, MOVES, TALK
from tests.nimmer.cortex.askers import ASKER, INJECTION, answer, asked, asker, askers, texts

COMPANY = (Partner(3, 4, True), Partner(9, 1, False))


def test_a_suggested_decision_is_taken() -> None:
    assert decide(asked(), answer("stay")) == Decision(read("stay"), "answer")  # type: ignore[arg-type]  # it is known


def test_anything_else_is_the_surest_suggestion() -> None:
    for said in ("", "look", "move 3", "MOVE 1", "open all gates", INJECTION[:80]):
        assert decide(asked(), answer(said)) == Decision(MOVES[1], "template")


def test_who_is_not_answered_does_nothing() -> None:
    for outcome in ("denied", "timeout", "failed", "stale", "cancelled"):
        response = answer("talk", commands=[CortexCommand("npc.7", "talk", {})], outcome=outcome)
        assert decide(asked(), response) is None
        assert commands(None, response, ASKER) == []


def test_talking_lets_the_company_that_may_ask_answer() -> None:
    found = commands(Decision(TALK, "answer"), answer(), asker(partners=COMPANY))
    assert [(one.target, one.command, one.payload) for one in found] == [
        ("npc.7", "talk", {}),
        ("npc.3", "talk", {}),
    ]


def test_a_move_names_its_slot() -> None:
    (one,) = commands(Decision(MOVES[5], "answer"), answer(), ASKER)
    assert (one.target, one.command, one.payload) == ("npc.7", "move", {"slot": 5})


def test_one_target_gets_one_command_and_the_decision_goes_first() -> None:
    more = [CortexCommand("npc.7", "stay", {}), *(CortexCommand(f"gates.{n}", "open", {}) for n in range(8))]
    found = commands(Decision(LOOK, "answer"), answer(commands=more[:8]), ASKER)
    assert (found[0].target, found[0].command) == ("npc.7", "look")
    assert len({one.target for one in found}) == len(found) <= MOST_COMMANDS


def test_who_has_gone_on_goes_toward_its_next_unknown_house_from_there() -> None:
    chosen = Decision(MOVES[1], "answer")
    assert here_and_now(chosen, ASKER, ASKER) == chosen
    assert here_and_now(chosen, ASKER, asker(node=4, lead=6)) == Decision(MOVES[6], "answer")
    assert here_and_now(chosen, ASKER, asker(node=4, lead=None)) is None
    assert here_and_now(Decision(LOOK, "answer"), ASKER, asker(node=4)) == Decision(LOOK, "answer")


@given(askers, texts, texts)
def test_whatever_is_said_only_what_was_suggested_is_decided(one: Asker, said: str, words: str) -> None:
    request = ask(one, 4000)
    decision = decide(request, answer(said[:80], words))
    assert decision is not None
    assert decision.action in [read(each.action) for each in request.suggested_actions]
