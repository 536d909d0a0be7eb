"""One spoken conversation as a run of the conversation nerve, outside of any body: for people who speak to an NPC.

The nerve is the one every body has, walked by its table, with ears, thought and a voice behind its ports; who is
spoken to lends it what it perceives, and goes on living meanwhile. Source: docs/domain.md section 5 (conversation:
LISTEN, TRANSCRIBE, UNDERSTAND, RETRIEVE_CONTEXT, RESPOND, SPEAK).
"""

from nimmer.life.action import SLOTS
from nimmer.life.bearing import bearing
from nimmer.life.conversation import CONVERSATION, ConversationMemory
from nimmer.life.nerve import Nerve
from nimmer.life.nerve_run import NerveRun
from nimmer.life.nerve_spec import NerveSpec
from nimmer.life.percept import Percept
from nimmer.life.scene import Scene, Ways
from nimmer.minds.conversing import Ears, Thought, Voice

PATIENCE_S = 15.0
"""How long a step may take here: an organ may have to be loaded first, about 10 s on a card (docs/domain.md section 9).
What waits for the cortex ends sooner, by the cortex's own limit, and says so."""
TRUST = 1.0
"""Weight of a gate that a person holds open by speaking: nobody deliberates whether to listen."""


class SpokenTalk:
    """A conversation that goes on until its nerve is at rest again. Call `step` until it returns the run."""

    def __init__(
        self,
        nerve: NerveSpec,
        percept: Percept,
        ears: Ears,
        thought: Thought,
        voice: Voice,
        price_scale: float,
    ) -> None:
        """Begin to listen. nerve: the conversation nerve of the table in force; percept: of who is spoken to."""
        self._percept = percept
        self._nerve = Nerve(
            nerve,
            CONVERSATION,
            price_scale,
            memory=ConversationMemory(ears, thought, voice, patience_s=PATIENCE_S),
        )
        self._tick = percept.tick

    @property
    def state(self) -> str:
        """Return the state the nerve is in."""
        return self._nerve.states[self._nerve.current]

    def step(self, now_s: float) -> NerveRun | None:
        """Live one tick at `now_s`, monotonic s; return the run when it has ended."""
        self._tick += 1
        self._nerve.step(self._scene(now_s), TRUST)
        return self._ended()

    def give_up(self, now_s: float) -> NerveRun:
        """End the run now, because an organ or the cortex has failed."""
        self._nerve.rest(False, self._scene(now_s))
        ended = self._ended()
        assert ended is not None, "a conversation that was stepped has a run"
        return ended

    def words(self, run: NerveRun) -> list[str]:
        """Return the names of the states that `run` went through."""
        return [self._nerve.states[state] for state in run.states]

    def _ended(self) -> NerveRun | None:
        return self._nerve.finished.pop() if self._nerve.finished else None

    def _scene(self, now_s: float) -> Scene:
        # a tick of its own each time, and nothing refused: the nerve waits for its ports, not for the world
        percept = self._percept._replace(tick=self._tick, rejection=0, news=0)
        around = bearing(min(max(percept.slots, 1), SLOTS), -1)
        return Scene(percept, around, Ways(0.0, None, None), now_s=now_s)
