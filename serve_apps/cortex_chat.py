"""A chat of a person or a tool over HTTP: through the same desk as the NPCs' thoughts, then passed on byte for byte.

Source: docs/cortex.md, "The API".
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
from starlette.types import Send

from nimmer.bus.identities import GUEST, OPERATOR
from nimmer.clock import Clock
from nimmer.cortex.chat_body import ChatBody, unknown_tool
from nimmer.cortex.desk import Ticket
from nimmer.engines.engine import Usage
from nimmer.engines.keeper import Keeper
from nimmer.errors import EngineError, EngineRefusedError
from serve_apps.api_error import ApiError
from serve_apps.attended import Attended, body, start
from serve_apps.cortex_book import LEFT, MOST_TEXT, Book, Call
from serve_apps.cortex_gate import Gate, TurnedAwayError

PRIORITIES = {OPERATOR: 8, GUEST: 3}
"""Priority of a person's requests, by identity."""
PRIORITY = 5
"""That of every other identity."""
TURN_S = 60.0
"""The longest a person waits for a turn."""
WHOLE_S = 600.0
"""The longest a person's request takes, the last word included; the official client waits as long."""


class _Function(msgspec.Struct):
    name: str | None = None


class _ToolCall(msgspec.Struct):
    function: _Function | None = None


class _Said(msgspec.Struct):
    content: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(msgspec.Struct):
    message: _Said | None = None
    delta: _Said | None = None


class _Piece(msgspec.Struct):
    """What we read of a completion or of one event of a stream."""

    choices: list[_Choice] = []
    usage: Usage | None = None
    error: msgspec.Raw | None = None


_READ = msgspec.json.Decoder(_Piece)


class Chats:
    """Attends to chats."""

    def __init__(self, gate: Gate, keeper: Keeper, book: Book, clock: Clock) -> None:
        """Ask `keeper`'s engine, one turn of `gate` a chat."""
        self._gate = gate
        self._keeper = keeper
        self._book = book
        self._clock = clock

    def refused(self, identity: str, error: ApiError) -> str:
        """Write down a request that was refused before it asked for a turn; return its id."""
        call = self._call(identity)
        call.outcome, call.reason = "refused", error.message
        self._book.close(call)
        return call.id

    def attend(self, identity: str, chat: ChatBody) -> Attended:
        """Return the response to `chat` of `identity`."""
        call = self._call(identity)
        call.request = {
            "chars": chat.chars,
            "messages": len(chat.fields["messages"]),
            "last": chat.last_words[:MOST_TEXT],
            "tools": sorted(chat.tools),
            "stream": chat.stream,
        }
        return Attended(lambda send: self._run(send, call, chat))

    def _call(self, identity: str) -> Call:
        now_s = self._clock.monotonic_s()
        return Call(identity, PRIORITIES.get(identity, PRIORITY), "chat", "api", now_s)

    async def _run(self, send: Send, call: Call, chat: ChatBody) -> None:
        reply = _Reply(send, call, chat)
        try:
            if not self._keeper.ready:
                raise EngineError(f"the engine is not ready: {self._keeper.reason}")
            asker, deadline_s = f"identity {call.identity}", call.at_s + TURN_S
            ticket = Ticket(call.id, asker, None, call.priority, call.at_s, deadline_s, person=True)
            async with self._gate.turn(ticket) as call.wait_s:
                await self._relay(reply, call, chat)
            call.outcome = "answered"
        except asyncio.CancelledError:
            call.outcome, call.reason = "cancelled", LEFT
            raise
        except (TurnedAwayError, TimeoutError, EngineError) as error:
            failure = _failure(call, error)
            if isinstance(error, TimeoutError | EngineError):
                self._keeper.suspect()
            await reply.fail(failure)
        finally:
            call.response = {"text": reply.text, "tools": reply.called}
            self._book.close(call)

    async def _relay(self, reply: "_Reply", call: Call, chat: ChatBody) -> None:
        """Pass question and answer on. Raises TimeoutError or EngineError."""
        begun_s = self._clock.monotonic_s()
        within_s = call.at_s + WHOLE_S - begun_s
        engine = self._keeper.engine
        try:
            if not chat.stream:
                await reply.whole(await engine.complete(chat.fields, within_s))
                return
            async with asyncio.timeout(within_s):  # the engine counts its own time only, not the client's
                async for event in engine.stream(chat.fields, within_s):
                    await reply.event(event)
                await reply.end()
        finally:
            call.engine_s = self._clock.monotonic_s() - begun_s


class _Reply:
    """One answer on its way to the client: read for its tokens and tools, not changed."""

    def __init__(self, send: Send, call: Call, chat: ChatBody) -> None:
        self.text = ""
        self.called: list[str] = []
        self._send = send
        self._call = call
        self._chat = chat
        self._begun = False

    async def whole(self, raw: bytes) -> None:
        """Send a whole completion. Raises EngineError when it is none, or calls a tool nobody offered."""
        self._take(raw)
        await self._start({"content-type": "application/json", "content-length": str(len(raw))})
        await self._send(body(raw))

    async def event(self, data: bytes) -> None:
        """Send one event of a stream. Raises EngineError as `whole` does."""
        piece = self._take(data)
        if not piece.choices and not self._chat.wants_usage:
            return  # the usage that we asked for
        if not self._begun:
            await self._start({"content-type": "text/event-stream", "cache-control": "no-cache"})
        await self._send(body(b"data: " + data + b"\n\n", more=True))

    async def end(self) -> None:
        """Say that the stream is whole. Raises EngineError when it was empty."""
        if not self._begun:
            raise EngineError("the engine's stream was empty")
        await self._send(body(b"data: [DONE]\n\n"))

    async def fail(self, error: ApiError) -> None:
        """Answer with `error`, in the stream when that has begun."""
        if self._begun:
            await self._send(body(b"data: " + error.body() + b"\n\n"))
            return
        await self._send(start(error.status, error.headers(self._call.id)))
        await self._send(body(error.body()))

    async def _start(self, headers: dict[str, str]) -> None:
        self._begun = True
        await self._send(start(200, headers | {"x-request-id": self._call.id}))

    def _take(self, raw: bytes) -> _Piece:
        """Read tokens, words and tools of `raw`."""
        try:
            piece = _READ.decode(raw)
        except msgspec.DecodeError as error:
            raise EngineError(f"the engine answered nonsense: {error}") from None
        if piece.error is not None:
            raise EngineError(f"the engine failed: {bytes(piece.error).decode(errors='replace')[:300]}")
        if piece.usage is not None:
            self._call.prompt_tokens = piece.usage.prompt_tokens
            self._call.completion_tokens = piece.usage.completion_tokens
        for said in _said(piece):
            if said.content and len(self.text) < MOST_TEXT:
                self.text += said.content[:MOST_TEXT]
            self._check_tools(said)
        return piece

    def _check_tools(self, said: _Said) -> None:
        for tool in said.tool_calls or ():
            name = tool.function.name if tool.function else None
            if name:  # only the first piece of a call in a stream has it
                if complaint := unknown_tool(name, self._chat.tools):
                    raise EngineError(complaint)
                self.called.append(name)


def _said(piece: _Piece) -> Iterator[_Said]:
    for choice in piece.choices:
        said = choice.message or choice.delta
        if said is not None:
            yield said


def _failure(call: Call, error: Exception) -> ApiError:
    """Write the outcome into `call`, and return how the client is told."""
    call.reason = str(error)
    told: dict[str, Any] = {}
    if isinstance(error, TurnedAwayError):
        call.outcome = error.outcome  # type: ignore[assignment]  # the desk's own words
        busy = error.outcome == "expired" or "queue" in error.reason
        status, told["code"] = (429, "queue_full") if busy else (503, "gate_closed")
    elif isinstance(error, TimeoutError):
        call.outcome, call.reason = "timeout", f"no whole answer within {WHOLE_S:g} s"
        status, told["code"] = 504, "engine_timeout"
    elif isinstance(error, EngineRefusedError):
        call.outcome, status = "refused", 400
    else:
        call.outcome = "failed"
        status, told["code"] = (503 if call.wait_s is None else 502), "engine_failed"
    return ApiError(status, call.reason, **told)
