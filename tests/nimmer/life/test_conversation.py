"""Conversation: face to face without organs, aloud with them, silent when it brings nothing."""

from itertools import pairwise

import pytest

from nimmer.life.action import ASK_CORTEX, LOOK, STAY, TALK
from nimmer.life.conversation import ConversationMemory
from nimmer.life.nerve import Nerve
from nimmer.life.nerve_run import RunOutcome
from nimmer.life.scene import Scene
from tests.nimmer.life.nerve_scenes import AT_ONCE, CLEAR, nerve, percept, scene


def meeting(tick: int, news: int = 3, **more: object) -> Scene:
    return scene(percept(tick, news=news, occupants=1), LOOK, CLEAR, None, **more)


def acts(one: Nerve, scenes: list[Scene]) -> list[object]:
    claims = [one.step(sight, 0.1) for sight in scenes]
    return [None if claim is None else claim.action for claim in claims]


class Organs:
    """Ears, a cortex and a voice that take one tick for everything."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.heard = True

    def speech(self) -> bool:
        return self.heard

    def transcribe(self) -> None:
        self.done.append("transcribe")

    def transcript(self) -> str | None:
        return "where is the well?"

    def understand(self, text: str) -> None:
        self.done.append(f"understand {text}")

    def retrieve(self) -> None:
        self.done.append("retrieve")

    def respond(self) -> None:
        self.done.append("respond")

    def ready(self) -> bool:
        return True

    def answer(self) -> str:
        return "at the red house"

    def say(self, text: str) -> None:
        self.done.append(f"say {text}")

    def spoken(self) -> bool:
        return True


def test_without_organs_it_exchanges_facts_face_to_face() -> None:
    one = nerve("conversation", AT_ONCE)
    assert acts(one, [meeting(1), meeting(2, learned=2)]) == [TALK, None]
    (run,) = one.finished
    assert run.outcome == RunOutcome.SUCCESS
    assert [one.states[state] for state in run.states] == ["IDLE", "LISTEN", "EXCHANGE"]
    assert run.cost == pytest.approx(0.5)


def test_three_fruitless_talks_are_a_failure_and_silence_grows_with_each() -> None:
    one = nerve("conversation", AT_ONCE)
    said = acts(one, [meeting(tick) for tick in range(1, 200)])
    failures = [run for run in one.finished if run.outcome == RunOutcome.FAILURE]
    pauses = [later.started_s - earlier.ended_s for earlier, later in pairwise(failures)]
    assert said[:4] == [TALK, TALK, TALK, None]
    assert pauses[:4] == pytest.approx([0.2, 0.4, 0.8, 1.6], abs=0.051)
    assert said.count(TALK) < 20
    one.step(meeting(300, learned=1), 0.1)
    assert one.memory.state()["silence_s"] == 0.2


def test_a_talk_that_another_nerve_prevented_was_not_fruitless() -> None:
    one = nerve("conversation", AT_ONCE)
    acts(one, [meeting(1), meeting(2, mover=1), meeting(3, mover=3), meeting(4, mover=4)])
    assert one.memory.state()["fruitless"] == 2  # the one that was heard, and the one just begun


def test_who_is_too_poor_to_speak_or_alone_does_not() -> None:
    one = nerve("conversation", AT_ONCE)
    assert acts(one, [meeting(1, silent=True), meeting(2, news=0)]) == [None, None]
    assert not one.running
    acts(one, [meeting(3), meeting(4, news=0)])
    assert one.finished[0].outcome == RunOutcome.ABANDONED


def test_with_organs_it_hears_understands_answers_and_speaks() -> None:
    organs = Organs()
    one = nerve("conversation", AT_ONCE, ConversationMemory(organs, organs, organs))
    said = acts(one, [meeting(tick) for tick in range(1, 7)])
    assert said == [STAY] * 5 + [None]
    assert organs.done == [
        "transcribe", "understand where is the well?", "retrieve", "respond", "say at the red house",
    ]  # fmt: skip
    (run,) = one.finished
    assert run.outcome == RunOutcome.SUCCESS
    assert run.cost == pytest.approx(5.0 + 5.0 + 4.0)
    assert [one.states[state] for state in run.states] == [
        "IDLE", "LISTEN", "TRANSCRIBE", "UNDERSTAND", "RETRIEVE_CONTEXT", "RESPOND", "SPEAK",
    ]  # fmt: skip


def test_with_one_organ_missing_it_falls_back_to_facts() -> None:
    organs = Organs()
    one = nerve("conversation", AT_ONCE, ConversationMemory(organs, None, organs))
    assert acts(one, [meeting(1)]) == [TALK]


def test_an_organ_that_does_not_answer_for_four_seconds_ends_the_talk() -> None:
    organs = Organs()
    organs.ready = lambda: False  # type: ignore[method-assign]  # a cortex that thinks too long
    one = nerve("conversation", AT_ONCE, ConversationMemory(organs, organs, organs))
    acts(one, [meeting(tick) for tick in range(1, 90)])
    assert one.finished[0].outcome == RunOutcome.TIMEOUT
    assert 4.0 < one.finished[0].ended_s - one.finished[0].started_s < 4.3


def dry(tick: int, **more: object) -> Scene:
    return meeting(tick, news=0, **more)


def asking() -> Nerve:
    return nerve("conversation", AT_ONCE, ConversationMemory(asks=True))


def taken(tick: int) -> Scene:
    """What an NPC sees when the world took what it asked."""
    return dry(tick, mover=4)


def denied(tick: int) -> Scene:
    return scene(percept(tick, news=0, occupants=1, rejection=4), LOOK, CLEAR, None, mover=4)


def test_company_without_news_is_a_reason_to_ask_the_cortex_where_there_is_one() -> None:
    one = asking()
    assert acts(one, [dry(1), taken(2)]) == [ASK_CORTEX, None]
    (run,) = one.finished
    assert (run.outcome, run.commands) == (RunOutcome.ABANDONED, ((4, -1),))
    assert acts(nerve("conversation", AT_ONCE), [dry(1), taken(2)]) == [None, None]


def test_talks_that_teach_nothing_are_a_reason_too_before_it_falls_silent() -> None:
    one = asking()
    assert acts(one, [meeting(tick) for tick in range(1, 6)]) == [TALK] * 3 + [ASK_CORTEX, None]
    assert [run.outcome for run in one.finished] == [RunOutcome.FAILURE]


def test_a_question_that_is_denied_stands_for_a_minute_and_is_asked_again_ever_later() -> None:
    one = asking()
    said = acts(one, [dry(1), *(denied(tick) for tick in range(2, 1220))])
    asked_s = [0.05 * (place + 1) for place, action in enumerate(said) if action == ASK_CORTEX]
    pauses = [later - earlier for earlier, later in pairwise(asked_s)]
    assert pauses == pytest.approx([5.0, 10.0, 20.0, 20.0], abs=0.11)
    assert [run.outcome for run in one.finished] == [RunOutcome.ABANDONED]
    assert set(said) == {ASK_CORTEX, None}


def test_a_question_stands_when_the_company_has_gone_and_yields_to_news() -> None:
    one = asking()
    gone = [scene(percept(tick, rejection=4, occupants=0), LOOK, CLEAR, None) for tick in range(2, 102)]
    assert acts(one, [dry(1), *gone]) == [ASK_CORTEX, *[None] * 99, ASK_CORTEX]
    assert one.holding
    assert acts(one, [meeting(103)]) == [TALK]


def test_what_is_learned_lets_it_ask_soon_again() -> None:
    one = asking()
    acts(one, [dry(1), *(denied(tick) for tick in range(2, 400))])
    assert one.memory.state()["asking_s"] == 20.0
    one.step(dry(401, learned=1), 0.1)
    assert one.memory.state()["asking_s"] == 5.0


def test_nobody_asks_alone_knowing_everything_or_too_poor_to_speak() -> None:
    alone = scene(percept(1, news=0, occupants=0), LOOK, CLEAR, None)
    wise = scene(percept(2, news=0, occupants=1, coverage=1.0), LOOK, CLEAR, None)
    assert acts(asking(), [alone, wise, dry(3, silent=True)]) == [None, None, None]


def test_when_to_ask_again_is_remembered_and_an_older_memory_will_do() -> None:
    one = ConversationMemory(asks=True)
    one.asked(7.0)
    again = ConversationMemory(asks=True)
    again.restore(one.state(), 1.0)
    assert again.state() == {
        **one.state(),
        "asks_from_s": 13.0,
        "question_s": again.question_s,
        "since_s": again.since_s,
        "quiet_until_s": again.quiet_until_s,
    }
    old = {key: value for key, value in one.state().items() if not key.startswith("ask")}
    again.restore(old)
    assert again.state()["asking_s"] == 5.0
