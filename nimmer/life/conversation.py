"""What the conversation nerve's table means: hear, understand, answer; without ears or voice, exchange facts.

The spoken way asks its ports (nimmer/minds/conversing.py) every tick and never waits for them; four seconds without
an answer end it. Without the ports it talks face to face: three talks in a row that taught nothing end the run, and
each such failure in a row keeps it silent for twice as long, since the others then know nothing it can use. Where there
is a cortex it asks that one when company has nothing new to tell. A question stands until it is heard: who is denied
asks again, each time later, and has forgotten it after a while.
Source: docs/domain.md section 5 (conversation), section 6 (low lifeforce means silence) and section 10 (cortex).
"""

from typing import Any

from nimmer.life.action import ASK_CORTEX, STAY, TALK, Action
from nimmer.life.nerve_run import RunOutcome
from nimmer.life.scene import Scene
from nimmer.life.vocabulary import Guard, Signature, Vocabulary, always, shifted
from nimmer.minds.conversing import Ears, Thought, Voice

NUMBER = 4
"""This nerve's number in records."""
TALKS = 3
"""Talks in a row that may teach nothing."""
SILENCE_S = 0.2
"""How long it is silent after the first failure; each further one in a row doubles that."""
LONGEST_SILENCE_S = 3.2
ASKING_S = 5.0
"""How long it does not ask the cortex again; each further time in a row doubles that."""
LONGEST_ASKING_S = 20.0
"""Shorter than an epoch: who is denied, and then permitted by the governor, asks once more while that holds."""
QUESTION_S = 60.0
"""How long a question stands that is not heard: two epochs."""
PATIENCE_S = 4.0
"""How long a spoken step may take: the cortex's own time limit."""


class ConversationMemory:
    """Who can be spoken with, what the present talk has brought, and how long to be silent."""

    __slots__ = (
        "_asking_s",
        "_silence_s",
        "_talked",
        "asks",
        "asks_from_s",
        "ears",
        "found",
        "fruitless",
        "patience_s",
        "question_s",
        "quiet_until_s",
        "since_s",
        "thought",
        "voice",
    )

    def __init__(
        self,
        ears: Ears | None = None,
        thought: Thought | None = None,
        voice: Voice | None = None,
        *,
        asks: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Have these organs; with one of them missing the body exchanges facts face to face.

        asks: whether there is a cortex to ask; without one the nerve never does; patience_s: how long a step may take.
        """
        self.patience_s = patience_s
        self.ears = ears
        self.thought = thought
        self.voice = voice
        self.asks = asks
        self.asks_from_s = -1e18
        self.question_s = -1e18
        self._asking_s = ASKING_S
        self.found = 0
        self.fruitless = 0
        self.since_s = -1e18
        self.quiet_until_s = -1e18
        self._silence_s = SILENCE_S
        self._talked = False

    def begin(self, scene: Scene) -> None:
        """Count what this talk brings from nothing."""
        self.found = self.fruitless = 0
        self.since_s = scene.now_s

    def notice(self, scene: Scene) -> None:
        """Count what was learned, which ends the growing of silences; a talk that another nerve prevented was none."""
        if self._talked:
            self._talked = False
            self.fruitless -= scene.mover >= 0 and scene.mover != NUMBER
        if scene.learned > 0:
            self.found += scene.learned
            self.fruitless = 0
            self._silence_s = SILENCE_S
            self._asking_s = ASKING_S

    def talked(self) -> None:
        """Count a talk, fruitless until something is learned."""
        self.fruitless += 1
        self._talked = True

    def step(self, scene: Scene) -> None:
        """A spoken step begins: its patience too."""
        self.since_s = scene.now_s

    def fall_silent(self, now_s: float) -> None:
        """Say nothing for a while, each time longer."""
        self.quiet_until_s = now_s + self._silence_s
        self._silence_s = min(2.0 * self._silence_s, LONGEST_SILENCE_S)

    def asked(self, now_s: float) -> None:
        """Ask no more for a while, each time longer, until something was learned."""
        self.asks_from_s = now_s + self._asking_s
        self._asking_s = min(2.0 * self._asking_s, LONGEST_ASKING_S)

    def pause(self) -> None:
        """Nothing to forget."""

    def verdict(self, scene: Scene) -> RunOutcome:
        """Return success when anything was learned."""
        return RunOutcome.SUCCESS if self.found else RunOutcome.ABANDONED

    def state(self) -> dict[str, object]:
        """Return what is remembered, as plain JSON values; the organs are not."""
        return {
            "found": self.found,
            "fruitless": self.fruitless,
            "since_s": self.since_s,
            "quiet_until_s": self.quiet_until_s,
            "silence_s": self._silence_s,
            "talked": self._talked,
            "asks_from_s": self.asks_from_s,
            "question_s": self.question_s,
            "asking_s": self._asking_s,
        }

    def restore(self, state: dict[str, Any], shift_s: float = 0.0) -> None:
        """Take back what `state` returned, times moved by `shift_s`. Raises KeyError or ValueError."""
        self.found, self.fruitless = int(state["found"]), int(state["fruitless"])
        self.since_s = shifted(state["since_s"], shift_s)
        self.quiet_until_s = shifted(state["quiet_until_s"], shift_s)
        self._silence_s = float(state["silence_s"])
        self._talked = bool(state["talked"])
        self.asks_from_s = shifted(state.get("asks_from_s", -1e18), shift_s)
        self.question_s = shifted(state.get("question_s", -1e18), shift_s)
        self._asking_s = float(state.get("asking_s", ASKING_S))


def _company(scene: Scene, memory: ConversationMemory) -> bool:
    if scene.silent or scene.now_s < memory.quiet_until_s:
        return False
    return scene.percept.news > 0 or _speech(scene, memory)


def _speech(scene: Scene, memory: ConversationMemory) -> bool:
    """Hold when somebody speaks and there is all that a spoken answer takes."""
    ears = memory.ears
    if ears is None or memory.thought is None or memory.voice is None:
        return False
    return not scene.silent and ears.speech()


def _news(scene: Scene, memory: ConversationMemory) -> bool:
    return scene.percept.news > 0 and not scene.silent


def _learned(scene: Scene, memory: ConversationMemory) -> bool:
    return memory.found > 0


def _fruitless(scene: Scene, memory: ConversationMemory) -> bool:
    return memory.fruitless >= TALKS


def _dry(scene: Scene, memory: ConversationMemory) -> bool:
    """Hold in company that has nothing new to tell, where there is a cortex and the last question is long ago."""
    if not memory.asks or scene.silent or scene.now_s < memory.asks_from_s:
        return False
    percept = scene.percept
    return (
        percept.occupants > 0 and percept.coverage < 1.0 and (percept.news == 0 or _fruitless(scene, memory))
    )


def _heard(scene: Scene, memory: ConversationMemory) -> bool:
    """Hold when the last thing the body did was to ask, and the world took it."""
    return scene.mover == NUMBER and scene.percept.rejection == 0


def _forgotten(scene: Scene, memory: ConversationMemory) -> bool:
    return scene.now_s - memory.question_s > QUESTION_S or scene.percept.coverage >= 1.0


def _due(scene: Scene, memory: ConversationMemory) -> bool:
    return memory.asks and not scene.silent and scene.now_s >= memory.asks_from_s


def _transcribed(scene: Scene, memory: ConversationMemory) -> bool:
    return memory.ears is not None and memory.ears.transcript() is not None


def _thought_out(scene: Scene, memory: ConversationMemory) -> bool:
    return memory.thought is not None and memory.thought.ready()


def _spoken(scene: Scene, memory: ConversationMemory) -> bool:
    return memory.voice is not None and memory.voice.spoken()


def _patience_over(scene: Scene, memory: ConversationMemory) -> bool:
    return scene.now_s - memory.since_s > memory.patience_s


def _talk(scene: Scene, memory: ConversationMemory) -> Action:
    memory.talked()
    return TALK


def _ask(scene: Scene, memory: ConversationMemory) -> Action:
    memory.question_s = scene.now_s
    return _ask_again(scene, memory)


def _ask_again(scene: Scene, memory: ConversationMemory) -> Action:
    memory.asked(scene.now_s)
    return ASK_CORTEX


def _fall_silent(scene: Scene, memory: ConversationMemory) -> None:
    memory.fall_silent(scene.now_s)


def _attend(scene: Scene, memory: ConversationMemory) -> Action:
    return STAY


def _transcribe(scene: Scene, memory: ConversationMemory) -> Action:
    memory.step(scene)
    if memory.ears is not None:
        memory.ears.transcribe()
    return STAY


def _understand(scene: Scene, memory: ConversationMemory) -> Action:
    memory.step(scene)
    if memory.ears is not None and memory.thought is not None:
        memory.thought.understand(memory.ears.transcript() or "")
    return STAY


def _retrieve(scene: Scene, memory: ConversationMemory) -> Action:
    memory.step(scene)
    if memory.thought is not None:
        memory.thought.retrieve()
    return STAY


def _respond(scene: Scene, memory: ConversationMemory) -> Action:
    memory.step(scene)
    if memory.thought is not None:
        memory.thought.respond()
    return STAY


def _speak(scene: Scene, memory: ConversationMemory) -> Action:
    memory.step(scene)
    if memory.thought is not None and memory.voice is not None:
        memory.voice.say(memory.thought.answer())
    return STAY


def _signature(scene: Scene, memory: ConversationMemory) -> Signature:
    percept = scene.percept
    return (min(percept.occupants, 4), min(percept.news.bit_length(), 5), int(_speech(scene, memory)))


CONVERSATION = Vocabulary(
    name="conversation",
    number=NUMBER,
    guards={
        "always": Guard(always),
        "company": Guard(_company, ("social",)),
        "alone": Guard(lambda scene, memory: not _news(scene, memory), ("social",)),
        "news": Guard(_news, ("social",)),
        "speech": Guard(_speech, ("social",)),
        "learned": Guard(_learned, ("social",)),
        "fruitless": Guard(_fruitless, ("social",)),
        "dry": Guard(_dry, ("social",)),
        "heard": Guard(_heard),
        "forgotten": Guard(_forgotten),
        "due": Guard(_due),
        "transcribed": Guard(_transcribed),
        "thought_out": Guard(_thought_out),
        "spoken": Guard(_spoken),
        "patience_over": Guard(_patience_over),
    },
    acts={
        "talk": _talk,
        "ask": _ask,
        "ask_again": _ask_again,
        "fall_silent": _fall_silent,
        "attend": _attend,
        "transcribe": _transcribe,
        "understand": _understand,
        "retrieve": _retrieve,
        "respond": _respond,
        "speak": _speak,
    },
    memory=ConversationMemory,
    signature=_signature,
)
