"""The conversation's actor: people speak to an NPC over the bus, by sound or by keyboard, and it answers.

It walks the conversation nerve for each of them, at most `MOST_AT_ONCE` at a time; who is over that is told so. The
NPC itself goes on living in its own process and lends what it perceives. As nyx-organs, with a connection of its own,
so that a long sound harms nobody else. Source: docs/domain.md sections 5, 9 and 10; docs/conversation.md.
"""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any

import ray
from msgspec import to_builtins

from actors.app_line import AppLine
from actors.charter import Charter
from actors.errands import CortexThought, OrganEars, OrganVoice
from actors.filing import Filing
from actors.interlocutor import Interlocutor
from actors.shell import Shell, crashing
from nimmer.bus.bus import Bus
from nimmer.bus.message import Message
from nimmer.bus.nats import NatsBus
from nimmer.bus.organ_messages import (
    Payload,
    Said,
    SayRequest,
    Speech,
    SynthesizeRequest,
    TranscribeRequest,
    Transcript,
)
from nimmer.bus.respondent import Respondent
from nimmer.bus.subject import build
from nimmer.cortex.apps import cortex_app, organs_app
from nimmer.errors import (
    CortexError,
    OrganError,
)
from nimmer.life.nerve_run import RunOutcome
from nimmer.life.percept import Percept
from nimmer.life.spoken_talk import SpokenTalk
from nimmer.stores.tables import Table

ORGANS = "nyx-organs"
STEP_S = 0.02
MOST_AT_ONCE = 4
STOP_S = 2.0
RECONNECT_S = 0.5
PRIORITY = 8
"""Of what a person waits for: above NPCs, below a reflex."""
_OUTCOMES = {RunOutcome.SUCCESS: "success", RunOutcome.TIMEOUT: "timeout"}


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation under way: its ports, and the nerve between them."""

    ears: OrganEars
    thought: CortexThought
    voice: OrganVoice
    nerve: SpokenTalk

    @property
    def failure(self) -> str:
        """Return why it cannot go on, empty while it can."""
        return self.ears.errand.failure or self.thought.errand.failure or self.voice.errand.failure

    async def drop(self) -> None:
        """Let go of what is still under way."""
        for errand in (self.ears.errand, self.thought.memories, self.thought.errand, self.voice.errand):
            await errand.drop()


class ConversationShell(Shell):
    """Who speaks for the NPCs when people speak to them."""

    entity = "conversation"

    def __init__(
        self, charter: Charter, interlocutor: Interlocutor | None = None, organs: AppLine | None = None
    ) -> None:
        """Know the nerve's table; interlocutor and organs are those of `charter` when not given. Raises NerveError."""
        super().__init__(charter)
        self._cortex = AppLine(cortex_app(charter.environment), CortexError)
        self._interlocutor = interlocutor or Interlocutor(charter, self.arena, self._cortex)
        self._organs = organs or AppLine(organs_app(charter.environment), OrganError)
        self._nerve = next((one for one in charter.nerves() if one.name == "conversation"), None)
        self._filing = Filing(self)
        self._outcomes: dict[str, int] = {}
        self._respondent: Respondent[Bus] = Respondent(
            self._dial,
            (build(charter.environment, "organs.conversation.say"),),
            self._said,
            self.voice,
            self.clock,
            MOST_AT_ONCE,
            lambda why: self.report("bus", self.entity, why),
        )

    @crashing
    async def live(self) -> None:
        """Answer who speaks until told to stop."""
        listening = asyncio.create_task(self._respondent.run())
        try:
            await self.stopping.wait()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _dial(self) -> Bus:
        charter = self.charter
        return await NatsBus.connect(charter.nats_url, ORGANS, charter.secrets.get(ORGANS, ""), self.clock)

    async def status(self) -> dict[str, Any]:
        """Return how conversations went, and how cortex and organs fare."""
        charter = self.charter
        return {
            **self._counts(),
            "cortex": await self._cortex.status() if charter.cortex_enabled else None,
            "organs": await self._organs.status() if charter.organs_enabled else None,
        }

    async def stop(self) -> dict[str, Any]:
        """Let go of every conversation and return how they went."""
        self.stopping.set()
        await self._interlocutor.close()
        await self._filing.finish(STOP_S)
        return self._counts()

    def _counts(self) -> dict[str, Any]:
        """Return how many conversations are under way, were refused as too many, and ended, by outcome."""
        respondent = self._respondent
        return {
            "talking": respondent.open,
            "busy": respondent.turned_away,
            "outcomes": dict(self._outcomes),
        }

    async def _said(self, message: Message) -> Said:
        assert isinstance(message.body, SayRequest)
        return await self.say(message.body)

    async def say(self, request: SayRequest) -> Said:
        """Return the whole conversation that `request` begins.

        Raises OrganError or CortexError when there is nobody to speak to, nothing was said, or no organ for it.
        """
        percept = self._interlocutor.perceives(request.npc_id)
        talk = self._begin(request, percept)
        call = secrets.token_hex(8)
        began_s = self.clock.unix_s()
        try:
            said = await self._walk(request, talk)
        finally:
            await talk.drop()
        self._outcomes[said.outcome] = self._outcomes.get(said.outcome, 0) + 1
        self._write_down(call, began_s, said)
        return said

    async def _walk(self, request: SayRequest, talk: Talk) -> Said:
        nerve, reason = talk.nerve, ""
        run = nerve.step(self.clock.monotonic_s())
        while run is None:
            if reason := talk.failure:
                run = nerve.give_up(self.clock.monotonic_s())
                break
            await self.clock.sleep_s(STEP_S)
            waited_in = nerve.state
            run = nerve.step(self.clock.monotonic_s())
            if run is not None and run.outcome == RunOutcome.TIMEOUT:
                reason = f"{waited_in.lower()} took longer than the nerve's patience"
        return Said(
            npc_id=request.npc_id,
            transcript=talk.ears.transcript() or "",
            answer=talk.thought.answer(),
            outcome=_OUTCOMES.get(run.outcome, "failure"),  # type: ignore[arg-type]  # one of the three words
            states=nerve.words(run),
            hear_ms=round(talk.ears.errand.took_ms, 1),
            think_ms=round(talk.thought.memories.took_ms + talk.thought.errand.took_ms, 1),
            speak_ms=round(talk.voice.errand.took_ms, 1),
            audio=talk.voice.audio,
            reason=reason[:1000],
        )

    def _begin(self, request: SayRequest, percept: Percept) -> Talk:
        if self._nerve is None:
            raise CortexError("the table of nerves in force (nerves.table) has no conversation nerve")
        if not self.charter.cortex_enabled:
            raise CortexError(
                "there is no cortex to think of an answer: start the village with cortex.enabled = true"
            )
        audio = request.audio
        if audio is None and not request.text.strip():
            raise OrganError("nothing was said: give text or audio")
        if (audio is not None or request.speak) and not self.charter.organs_enabled:
            raise OrganError("there are no organs to hear and speak with: type, and ask for no sound")
        now_s = self.clock.monotonic_s
        ears = OrganEars(request.text, None if audio is None else lambda: self._transcribe(audio), now_s)
        thought = CortexThought(
            lambda heard: self._interlocutor.recalls(request.npc_id, percept, heard),
            lambda heard, known: self._interlocutor.thinks(request.npc_id, percept, heard, known),
            now_s,
        )
        voice = OrganVoice((lambda text: self._speak(text, request)) if request.speak else None, now_s)
        talk = SpokenTalk(self._nerve, percept, ears, thought, voice, self.charter.price_scale)
        return Talk(ears, thought, voice, talk)

    async def _transcribe(self, audio: Payload) -> Transcript:
        request = TranscribeRequest(audio, priority=PRIORITY)
        heard: Transcript = await self._organs.call("transcribe", request, self.entity)
        if not heard.text.strip():
            raise OrganError("no speech was heard in it")
        return heard

    async def _speak(self, text: str, request: SayRequest) -> Speech:
        wanted = SynthesizeRequest(text[:2000], keep=request.keep, priority=PRIORITY)
        spoken: Speech = await self._organs.call("synthesize", wanted, self.entity)
        return spoken

    def _write_down(self, call: str, began_s: float, said: Said) -> None:
        row = {
            "run": self.charter.run,
            "operation": call,
            "at": began_s,
            "ended_at": self.clock.unix_s(),
            "identity": "guest",
            "organ": "conversation",
            "priority": PRIORITY,
            "outcome": "done" if said.outcome == "success" else "failed",
            "reason": said.reason.replace("\0", "") or None,
            "run_ms": said.hear_ms + said.think_ms + said.speak_ms,
            "request": {"npc": said.npc_id, "transcript": said.transcript.replace("\0", "")},
            "result": {"answer": said.answer, "states": said.states, **_times(said)},
        }
        self._filing.keep(Table.ORGAN_OPERATIONS, (row,))


def _times(said: Said) -> dict[str, object]:
    return {name: to_builtins(getattr(said, name)) for name in ("hear_ms", "think_ms", "speak_ms")}


ConversationActor = ray.remote(ConversationShell)
