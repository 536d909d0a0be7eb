"""What is asked over the bus is answered, whatever it is."""

import asyncio
from typing import Any

import pytest
import ray
from msgspec import Struct

from actors.bridge import BridgeShell
from actors.charter import Charter
from actors.requests import Requests
from nimmer.arena.memory import Arena
from nimmer.bus.identities import GUEST, OPERATOR, identities, inbox_prefix
from nimmer.bus.memory import MemoryBroker, MemoryBus
from nimmer.bus.message import (
    Command,
    ErrorReply,
    Incident,
    MathRequest,
    MathResponse,
    NpcAction,
    QuizReport,
    QuizRequest,
    Reply,
    Source,
    decode_reply,
)
from nimmer.bus.voice import Voice
from nimmer.clock import ManualClock
from nimmer.errors import BusPermissionError, StoreError, WorldError
from nimmer.life.action import Action, Verb
from tests.actors.conftest import told

ANSWER = MathResponse("add", [1.0, 2.0], 3.0, 0.7, 0.001)
QUIZ = QuizReport("0123456789abcdef", 5, 1, False, 0.5, 25, [])


class Scripted(Requests):
    """Requests whose actors answer by a script: what to return or raise, by (actor, method)."""

    def __init__(self, charter: Charter, bridge: BridgeShell, bus: MemoryBus) -> None:
        super().__init__(charter, bridge, bus)
        self.script: dict[tuple[str, str], Any] = {}
        self.asked: list[tuple[object, ...]] = []

    async def ask(self, name: str, method: str, *arguments: object) -> Any:  # noqa: ANN401  as scripted
        self.asked.append((name, method, *arguments))
        answer = self.script[name, method]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Village:
    """A bridge's ears on an in-memory broker, and two strangers who ask."""

    def __init__(self, charter: Charter) -> None:
        self.broker = MemoryBroker()
        self.bridge = BridgeShell(charter)
        self.requests = Scripted(charter, self.bridge, self.broker.connect())
        self._voice = Voice(Source("stranger", "service"), ManualClock())

    async def ask(self, subject: str, question: Struct | bytes, identity: str = GUEST) -> Struct:
        payload = question if isinstance(question, bytes) else self._voice.say(question)
        bus = self.broker.connect(identity, identities("dev")[identity])
        try:
            return decode_reply(await bus.request(f"dev.{subject}", payload, 2.0)).body
        finally:
            await bus.close()


@pytest.fixture
async def village(charter: Charter, arena: Arena) -> Village:
    one = Village(charter)
    await one.requests.listen()
    return one


async def test_a_computation_is_answered_and_told_to_everyone(village: Village, arena: Arena) -> None:
    village.requests.script["cells", "compute"] = ANSWER
    question = MathRequest("add", [1.0, 2.0])
    assert await village.ask("nervous.cells.math.request", question) == ANSWER
    assert village.requests.asked == [("cells", "compute", question)]
    assert [one.body for one in told(arena, "bridge")] == [ANSWER]


async def test_an_action_reaches_the_garden(village: Village) -> None:
    village.requests.script["garden", "propose"] = (False, "there is no edge in that direction")
    reply = await village.ask("npc.2.action", NpcAction(2, "move", 40, {"slot": 3}))
    assert reply == Reply(False, "there is no edge in that direction")
    assert village.requests.asked == [("garden", "propose", 2, Action(Verb.MOVE, 3), 40)]


async def test_the_quiz_is_asked_of_the_garden(village: Village) -> None:
    village.requests.script["garden", "quiz"] = QUIZ
    assert await village.ask("world.quiz.request", QuizRequest()) == QUIZ


async def test_orders_reach_supervisor_and_governor(village: Village) -> None:
    village.requests.script["supervisor", "command"] = "tick_hz of 1 NPCs is 5"
    village.requests.script["governor", "command"] = "mode is off"
    order = Command("tick_hz", {"hz": 5}, [1])
    assert await village.ask("npc.here.commands.tick_hz", order, OPERATOR) == Reply(
        True, "tick_hz of 1 NPCs is 5"
    )
    mode = Command("mode", {"mode": "off"})
    assert await village.ask("thalamus.governor.command", mode, OPERATOR) == Reply(True, "mode is off")
    assert village.requests.asked == [
        ("supervisor", "command", "tick_hz", [1], {"hz": 5}),
        ("governor", "command", "mode", {"mode": "off"}),
    ]


async def test_an_order_to_the_virtual_garden_reaches_it(village: Village) -> None:
    village.requests.script["virtual", "command"] = ("goes on", {"mode": "free", "tick": 7})
    reply = await village.ask("world.virtual.command", Command("resume"), OPERATOR)
    assert reply == Reply(True, "goes on", {"mode": "free", "tick": 7})
    assert village.requests.asked == [("virtual", "command", "resume", {})]


async def test_an_order_for_another_host_is_refused(village: Village) -> None:
    reply = await village.ask("npc.there.commands.tick_hz", Command("tick_hz", {"hz": 5}), OPERATOR)
    assert isinstance(reply, ErrorReply)
    assert reply.code == "refused"
    assert "there is no host 'there' here; this is here" in reply.reason


async def test_a_guest_gives_no_orders(village: Village) -> None:
    with pytest.raises(BusPermissionError):
        await village.ask("thalamus.governor.command", Command("mode", {"mode": "off"}))
    assert village.requests.asked == []


@pytest.mark.parametrize("payload", [b"", b"hello", b"{}", b'{"header": 1}', b"\xff\xfe", b"[" * 100_000])
async def test_a_bad_message_is_answered_and_reported(village: Village, arena: Arena, payload: bytes) -> None:
    reply = await village.ask("nervous.cells.math.request", payload)
    assert isinstance(reply, ErrorReply)
    assert reply.code == "bad_message"
    assert village.requests.refused == 1
    (message,) = told(arena, "bridge")
    assert isinstance(message.body, Incident)
    assert message.body.kind == "bad-message"
    assert village.requests.asked == []


async def test_an_unknown_subject_is_answered_with_the_nearest(village: Village) -> None:
    reply = await village.ask("npc.seven.action", NpcAction(7, "look"))
    assert isinstance(reply, ErrorReply)
    assert reply.code == "bad_message"
    assert "npc.{npc}.action" in reply.reason


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (TimeoutError(), "unavailable"),
        (ray.exceptions.RayActorError(), "unavailable"),
        (ValueError("hz is 21"), "refused"),
        (WorldError("there is no NPC 99"), "refused"),
        (StoreError("the disk burns"), "failed"),
    ],
)
async def test_what_goes_wrong_behind_the_bridge_is_said(
    village: Village, trouble: Exception, code: str
) -> None:
    village.requests.script["garden", "propose"] = trouble
    reply = await village.ask("npc.2.action", NpcAction(2, "look"))
    assert isinstance(reply, ErrorReply)
    assert reply.code == code
    assert reply.reason


async def test_nobody_hears_the_answer_to_another(village: Village) -> None:
    village.requests.script["garden", "quiz"] = QUIZ
    overheard: list[bytes] = []

    async def listen(delivery: Any) -> None:  # noqa: ANN401  a Delivery
        overheard.append(delivery.payload)

    eavesdropper = village.broker.connect(OPERATOR, identities("dev")[OPERATOR])
    with pytest.raises(BusPermissionError):
        await eavesdropper.subscribe(f"{inbox_prefix(GUEST)}.>", listen)
    await village.ask("world.quiz.request", QuizRequest())
    assert overheard == []


class Handle:
    """An actor as Ray hands it out; every method answers by `answer`."""

    def __init__(self, answer: Any) -> None:  # noqa: ANN401  a value or an exception
        self._answer = answer
        self.status = self

    def remote(self) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if isinstance(self._answer, Exception):
            future.set_exception(self._answer)
        else:
            future.set_result(self._answer)
        return future


@pytest.fixture
def real(charter: Charter, arena: Arena) -> Requests:
    return Requests(charter, BridgeShell(charter), MemoryBroker().connect())


async def test_an_actor_is_looked_up_once_and_again_after_its_death(
    real: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    handles = [Handle({"tick": 1}), Handle(ray.exceptions.RayActorError())]
    looked_up: list[str] = []

    def get_actor(name: str, namespace: str) -> Handle:
        looked_up.append(f"{namespace}/{name}")
        return handles[len(looked_up) - 1] if len(looked_up) < 3 else Handle({"tick": 3})

    monkeypatch.setattr(ray, "get_actor", get_actor)
    assert await real.ask("garden", "status") == {"tick": 1}
    assert await real.ask("garden", "status") == {"tick": 1}
    assert looked_up == ["nimmer-dev/garden"]
    real._actors["garden"] = handles[1]
    with pytest.raises(ray.exceptions.RayActorError):
        await real.ask("garden", "status")
    looked_up.append("-")
    assert await real.ask("garden", "status") == {"tick": 3}


async def test_an_actor_nobody_knows_is_unavailable_and_not_refused(
    real: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get_actor(name: str, namespace: str) -> Handle:
        raise ValueError(f"Failed to look up actor with name '{name}'")

    monkeypatch.setattr(ray, "get_actor", get_actor)
    with pytest.raises(TimeoutError, match="there is no actor garden now"):
        await real.ask("garden", "status")


async def test_what_an_actor_refused_is_raised_as_it_was_meant(real: Requests) -> None:
    refused = ray.exceptions.RayTaskError("status", "traceback", ValueError("hz is 21"))  # type: ignore[no-untyped-call]  # Ray has no types
    real._actors["governor"] = Handle(refused)
    with pytest.raises(ValueError, match="hz is 21"):
        await real.ask("governor", "status")
