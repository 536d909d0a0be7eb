"""What comes in over the bus: requests and commands, checked at the edge, handed to the actor they concern.

Every request is answered: with its reply, or with an ErrorReply that says why not. An actor that is being revived
is answered for as unavailable, it is not waited for. Source: docs/domain.md section 7; docs/bus.md.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import ray
from msgspec import Struct

from actors.charter import Charter
from actors.status import assemble
from nimmer.bus.bus import Bus, Delivery
from nimmer.bus.message import (
    Command,
    ErrorReply,
    MathRequest,
    MathResponse,
    Message,
    NpcAction,
    QuizRequest,
    Reply,
    StatusRequest,
    decode,
)
from nimmer.bus.subject import parse
from nimmer.errors import MessageError, NimmerError, WorldError
from nimmer.life.action import Action, Verb
from nimmer.life.gates import SHARED_GATES
from nimmer.life.thalamus import shard_of

if TYPE_CHECKING:
    from actors.bridge import BridgeShell

ANSWER_S = 2.0
"""An actor that has not answered by then is unavailable."""


class Requests:
    """The bridge's ears: one handler per kind of request."""

    def __init__(self, charter: Charter, bridge: "BridgeShell", bus: Bus) -> None:
        """Serve the requests of `charter`'s environment on `bus`."""
        self._charter = charter
        self._bridge = bridge
        self._bus = bus
        self._actors: dict[str, Any] = {}
        self._handlers: dict[type[Struct], Callable[[Message], Awaitable[Struct]]] = {
            MathRequest: self._compute,
            StatusRequest: self._status,
            QuizRequest: self._quiz,
            NpcAction: self._act,
            Command: self._command,
        }
        self.refused = 0

    async def listen(self) -> None:
        """Subscribe to everything this environment may be asked. Raises BusPermissionError or BusUnavailableError."""
        environment = self._charter.environment
        for pattern in (
            "nervous.cells.math.request",
            "thalamus.status.request",
            "thalamus.governor.command",
            "thalamus.gates.command",
            "world.virtual.command",
            "world.quiz.request",
            "npc.*.action",
            "npc.*.commands.*",
        ):
            await self._bus.subscribe(f"{environment}.{pattern}", self.answer)

    async def answer(self, delivery: Delivery) -> bytes:
        """Return the answer to one request, whatever it is."""
        return self._bridge.voice.say(await self._handle(delivery))

    async def _handle(self, delivery: Delivery) -> Struct:
        try:
            message = decode(delivery.subject, delivery.payload)
            return await self._handlers[type(message.body)](message)
        except MessageError as error:
            self.refused += 1
            self._bridge.report("bad-message", delivery.subject, str(error)[:500])
            return ErrorReply("bad_message", str(error)[:1000])
        except (ValueError, WorldError) as error:
            return ErrorReply("refused", str(error))
        except (TimeoutError, ray.exceptions.RayError) as error:
            return ErrorReply("unavailable", f"it is being revived, ask again ({type(error).__name__})")
        except NimmerError as error:
            return ErrorReply("failed", str(error))

    async def ask(self, name: str, method: str, *arguments: object) -> Any:  # noqa: ANN401  whatever the actor returns
        """Return what actor `name` answers.

        Raises TimeoutError, RayError, or what the actor raised.
        """
        if name not in self._actors:
            self._actors[name] = self._find(name)
        try:
            return await asyncio.wait_for(getattr(self._actors[name], method).remote(*arguments), ANSWER_S)
        except ray.exceptions.RayTaskError as error:
            cause = error.cause
            if isinstance(cause, ValueError | NimmerError):
                raise cause from None
            raise
        except ray.exceptions.RayError:
            self._actors.pop(name, None)
            raise

    def _find(self, name: str) -> Any:  # noqa: ANN401  an actor's handle
        try:
            return ray.get_actor(name, namespace=self._charter.namespace)
        except ValueError:  # Ray's word for: nobody of that name now; not the asker's fault
            raise TimeoutError(f"there is no actor {name} now") from None

    async def _compute(self, message: Message) -> Struct:
        body = message.body
        assert isinstance(body, MathRequest)
        answer: MathResponse = await self.ask("cells", "compute", body)
        self._bridge.tell("nervous.cells.math.response", answer)
        return answer

    async def _status(self, _message: Message) -> Struct:
        return await assemble(self._charter, self._bridge, self.ask)

    async def _quiz(self, _message: Message) -> Struct:
        report: Struct = await self.ask("garden", "quiz")
        return report

    async def _act(self, message: Message) -> Struct:
        body = message.body
        assert isinstance(body, NpcAction)
        action = Action(Verb[body.verb.upper()], int(body.args.get("slot", -1)))
        accepted, reason = await self.ask("garden", "propose", body.npc_id, action, body.tick)
        return Reply(accepted, reason)

    async def _command(self, message: Message) -> Struct:
        body = message.body
        assert isinstance(body, Command)
        parsed = parse(message.subject)
        if parsed.topic.pattern == "world.virtual.command":
            if not self._charter.virtual_enabled:
                raise ValueError(
                    "there is no virtual garden: virtual.enabled is false; set it to true and start the village again"
                )
            reason, found = await self.ask("virtual", "command", body.command, dict(body.arguments))
            return Reply(True, reason, found)
        if parsed.topic.pattern == "thalamus.gates.command":
            return Reply(True, await self._command_gate(body))
        host = parsed.values.get("host")
        if host is None:
            return Reply(True, await self.ask("governor", "command", body.command, dict(body.arguments)))
        if host != self._charter.host:
            raise ValueError(f"there is no host {host!r} here; this is {self._charter.host}")
        detail = await self.ask("supervisor", "command", body.command, list(body.npcs), dict(body.arguments))
        return Reply(True, detail)

    async def _command_gate(self, body: Command) -> str:
        """Pass an order on to the shard that holds the shared gate it names."""
        name = body.arguments.get("gate")
        spec = next((gate for gate in SHARED_GATES if gate.name == name), None)
        if spec is None:
            known = ", ".join(gate.name for gate in SHARED_GATES)
            raise ValueError(f"there is no shared gate {name!r}; there are {known}")
        shard = shard_of(spec.domain, self._charter.thalamus_shards)
        return str(await self.ask(f"thalamus-{shard}", "command", body.command, dict(body.arguments)))
