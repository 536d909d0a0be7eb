"""People speak to an NPC: every road through the conversation, and each that ends early says why."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from actors.app_line import AppLine
from actors.charter import Charter
from actors.conversation import MOST_AT_ONCE, ConversationShell
from actors.interlocutor import Interlocutor
from actors.recollection import Recollection
from nimmer.arena.board import Board, empty_percepts
from nimmer.arena.memory import Arena
from nimmer.bus.bus import Bus
from nimmer.bus.cortex_messages import CognitiveRequest, CognitiveResponse, CognitiveResult
from nimmer.bus.identities import GUEST
from nimmer.bus.memory import MemoryBroker
from nimmer.bus.message import Source, decode_reply, encode
from nimmer.bus.organ_messages import (
    OrganTiming,
    Payload,
    Said,
    SayRequest,
    Speech,
    SynthesizeRequest,
    TranscribeRequest,
    Transcript,
)
from nimmer.clock import SystemClock
from nimmer.errors import CortexError, OrganError
from tests.actors.conftest import NPCS

TIMING = OrganTiming(1.0, 2.0, 3.0, 5.0, 0)
WAV = Payload(data=b"RIFF")


class Apps(AppLine):
    """Cortex and organs at the other end of a line."""

    def __init__(self) -> None:
        self.text = "where is the well"
        self.outcome = "answered"
        self.asked: list[CognitiveRequest] = []
        self.spoken: list[str] = []
        super().__init__("dev-apps", OrganError)

    async def call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401  whatever the app returns
        return getattr(self, f"_{method}")(*arguments)

    def _transcribe(self, request: TranscribeRequest, identity: str) -> Transcript:
        if request.audio.data == b"noise":
            raise OrganError("it is no sound")
        return Transcript("tiny", self.text, "en", 0.9, 1.5, TIMING)

    def _synthesize(self, request: SynthesizeRequest, identity: str) -> Speech:
        self.spoken.append(request.text)
        return Speech("voice", WAV, 16000, 1.0, TIMING)

    def _think(self, request: CognitiveRequest, identity: str, context: list[str]) -> CognitiveResponse:
        self.asked.append(request)
        result = CognitiveResult("At the corner.", 0.9)
        return CognitiveResponse("1", self.outcome, "answer", result, [], 2.3, 10.0, "the gate is closed")  # type: ignore[arg-type]


class Shell(ConversationShell):
    """The shell beside those apps; its trails stay with the test."""

    def __init__(self, charter: Charter, arena: Arena, apps: Apps) -> None:
        alone = Recollection(charter.run, None, 0)
        super().__init__(charter, Interlocutor(charter, arena, apps, alone), apps)
        self.trails: list[Said] = []
        self.broker = MemoryBroker()

    async def _dial(self) -> Bus:
        return self.broker.connect("nyx-organs")

    def _write_down(self, call: str, began_s: float, said: Said) -> None:
        self.trails.append(said)


@pytest.fixture
def apps() -> Apps:
    return Apps()


@pytest.fixture
def shell(charter: Charter, arena: Arena, apps: Apps) -> Shell:
    records = empty_percepts(NPCS)
    records["tick"], records["level"] = 1, 1
    Board(arena).show(1, records, None)
    return Shell(replace(charter, cortex_enabled=True, organs_enabled=True), arena, apps)


async def test_a_spoken_question_is_heard_thought_about_and_answered(shell: Shell, apps: Apps) -> None:
    said = await shell.say(SayRequest(1, audio=WAV))
    assert (said.outcome, said.transcript, said.answer) == ("success", apps.text, "At the corner.")
    assert (said.audio, apps.spoken) == (WAV, ["At the corner."])
    assert said.states[-1] == "SPEAK"
    assert apps.asked[0].structured_input["question"] == apps.text
    assert apps.asked[0].npc_id == 1
    assert shell.trails == [said]


async def test_typed_words_need_no_organs(shell: Shell, apps: Apps, charter: Charter, arena: Arena) -> None:
    mute = Shell(replace(charter, cortex_enabled=True), arena, apps)
    said = await mute.say(SayRequest(0, text="hello", speak=False))
    assert (said.outcome, said.audio, apps.spoken) == ("success", None, [])
    with pytest.raises(OrganError, match="no organs to hear and speak"):
        await mute.say(SayRequest(0, text="hello"))


async def test_an_organ_that_refuses_ends_it_at_once_with_the_reason(shell: Shell) -> None:
    said = await shell.say(SayRequest(0, audio=Payload(data=b"noise")))
    assert (said.outcome, said.reason, said.answer) == ("failure", "it is no sound", "")


async def test_silence_is_no_speech(shell: Shell, apps: Apps) -> None:
    apps.text = " "
    said = await shell.say(SayRequest(0, audio=WAV))
    assert (said.outcome, said.reason) == ("failure", "no speech was heard in it")


async def test_a_cortex_that_denies_is_quoted(shell: Shell, apps: Apps) -> None:
    apps.outcome = "denied"
    said = await shell.say(SayRequest(0, text="hello", speak=False))
    assert said.outcome == "failure"
    assert said.reason == "the cortex gave no answer (denied): the gate is closed"


async def test_what_cannot_be_begun_is_refused_with_the_fix(
    shell: Shell, charter: Charter, arena: Arena, apps: Apps
) -> None:
    with pytest.raises(OrganError, match=r"there is no NPC 9; this village has 0\.\.2"):
        await shell.say(SayRequest(9, text="hello"))
    with pytest.raises(OrganError, match="nothing was said"):
        await shell.say(SayRequest(0, text=" "))
    with pytest.raises(CortexError, match=r"cortex\.enabled = true"):
        await Shell(charter, arena, apps).say(SayRequest(0, text="hello"))


async def test_more_conversations_than_it_can_hold_are_told_so_and_counted(shell: Shell) -> None:
    listening = asyncio.create_task(shell._respondent.run())
    guest = shell.broker.connect(GUEST)
    request = SayRequest(0, text="hello", speak=False)
    payload = encode(request, Source("someone", "service"), 1.0, "6f1d5b1e-8a5e-4c6b-9d43-2f3f0a1b2c3d")
    while shell._respondent.bus is None:
        await SystemClock().sleep_s(0.0)
    asked = [guest.request("dev.organs.conversation.say", payload, 30.0) for _ in range(MOST_AT_ONCE + 1)]
    found = [decode_reply(answer).header.message_type for answer in await asyncio.gather(*asked)]
    assert sorted(found) == ["ErrorReply", *["Said"] * MOST_AT_ONCE]
    assert (await shell.stop())["busy"] == 1
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await guest.close()
