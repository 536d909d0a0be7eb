"""A spoken conversation walks the nerve's table: it waits for its ports without ever blocking, and gives up in time."""

from nimmer.life.nerve_run import NerveRun, RunOutcome
from nimmer.life.nerve_table import built_in_nerves
from nimmer.life.percept import PERCEPT, Percept, unpack
from nimmer.life.spoken_talk import PATIENCE_S, SpokenTalk

NERVE = next(one for one in built_in_nerves() if one.name == "conversation")
PATH = ["IDLE", "LISTEN", "TRANSCRIBE", "UNDERSTAND", "RETRIEVE_CONTEXT", "RESPOND", "SPEAK"]


class Organs:
    """Ears, thought and voice in one, each step done when the test says so."""

    def __init__(self) -> None:
        self.heard: str | None = None
        self.thought = True
        self.has_spoken = False
        self.said = ""

    def speech(self) -> bool:
        return True

    def transcribe(self) -> None:
        pass

    def transcript(self) -> str | None:
        return self.heard

    def understand(self, text: str) -> None:
        self.understood = text

    def retrieve(self) -> None:
        pass

    def respond(self) -> None:
        pass

    def ready(self) -> bool:
        return self.thought

    def answer(self) -> str:
        return f"you said {self.understood}"

    def say(self, text: str) -> None:
        self.said = text

    def spoken(self) -> bool:
        return self.has_spoken


def percept() -> Percept:
    return unpack(bytes(PERCEPT.itemsize))


def begun(organs: Organs) -> SpokenTalk:
    return SpokenTalk(NERVE, percept(), organs, organs, organs, 0.01)


def stepped(talk: SpokenTalk, ticks: int, from_s: float = 0.0) -> NerveRun | None:
    for tick in range(ticks):
        run = talk.step(from_s + 0.02 * tick)
        if run is not None:
            return run
    return None


def test_it_hears_thinks_and_speaks_in_the_order_of_the_table() -> None:
    organs = Organs()
    organs.heard, organs.has_spoken = "good morning", True
    talk = begun(organs)
    run = stepped(talk, 20)
    assert run is not None
    assert run.outcome == RunOutcome.SUCCESS
    assert talk.words(run) == PATH
    assert organs.said == "you said good morning"


def test_it_waits_for_each_organ_and_no_longer_than_its_patience() -> None:
    organs = Organs()
    talk = begun(organs)
    assert stepped(talk, 20) is None
    assert talk.state == "TRANSCRIBE"
    organs.heard = "hello"
    assert stepped(talk, 20, 0.5) is None
    assert talk.state == "SPEAK"
    run = talk.step(0.9 + PATIENCE_S + 0.1)
    assert run is not None
    assert run.outcome == RunOutcome.TIMEOUT


def test_it_can_be_given_up_in_any_state() -> None:
    for ticks in range(1, 8):
        organs = Organs()
        organs.heard = "hello"
        talk = begun(organs)
        assert stepped(talk, ticks) is None
        assert talk.give_up(1.0).outcome == RunOutcome.ABANDONED
        assert talk.state == "DISABLED"
