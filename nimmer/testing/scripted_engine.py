"""An engine that says what it is told to, at once, or not at all: for tests of what stands in front of engines.

The contract suite `nimmer.testing.engine_contract` keeps it honest. Source: docs/style.md, rule 10.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import msgspec

from nimmer.engines.engine import Engine
from nimmer.errors import EngineError, EngineRefusedError

Write = Callable[[Mapping[str, Any]], str]
WORDS = "The well is beside the red house, and the birch stands by the door of oak."

WINDOW = 4096
"""Words of the longest prompt."""


def fitting(body: Mapping[str, Any]) -> str:
    """Return an answer that fits the body: the smallest JSON its schema allows, or a sentence."""
    wanted = body.get("response_format", {})
    if wanted.get("type") != "json_schema":
        return WORDS
    properties = wanted["json_schema"]["schema"]["properties"]
    return json.dumps({name: one.get("enum", ["Yes."])[0] for name, one in properties.items()})


class ScriptedEngine:
    """A twin of `nimmer.engines.http_engine.HttpEngine`; a word is a token."""

    def __init__(self, write: Write = fitting) -> None:
        """Answer each body with `write(body)`."""
        self.bodies: list[dict[str, Any]] = []
        """What was asked, in order."""
        self.left = 0
        """Calls whose caller left before the end."""
        self.failure: Exception | None = None
        """Raised instead of an answer."""
        self.dies_after: int | None = None
        """Pieces of a stream after which it ends in the middle."""
        self.going = asyncio.Event()
        """Cleared, it hangs."""
        self.asked = asyncio.Condition()
        self.going.set()
        self._write = write

    async def complete(self, body: Mapping[str, Any], within_s: float) -> bytes:
        """Return the whole completion. Raises as `Engine.complete` does."""
        tokens, finish = await self._answer(body, within_s)
        message: dict[str, Any] = {"role": "assistant", "content": "".join(tokens)}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        return msgspec.json.encode(
            {"object": "chat.completion", "choices": [choice], "usage": _usage(body, tokens)}
            | {"id": "chatcmpl-1", "created": 0, "model": body.get("model", "")}
        )

    async def stream(self, body: Mapping[str, Any], within_s: float) -> AsyncIterator[bytes]:
        """Yield the events' data. Raises as `Engine.stream` does."""
        tokens, finish = await self._answer(body, within_s)
        head = {"object": "chat.completion.chunk", "id": "chatcmpl-1", "created": 0, "model": "nyx"}
        try:
            for number, token in enumerate(tokens):
                if number == self.dies_after:
                    raise EngineError("the engine's stream ended in the middle")
                choice = {"index": 0, "delta": {"content": token}, "finish_reason": None}
                yield msgspec.json.encode(head | {"choices": [choice]})
                await self._go(within_s)
            last = {"index": 0, "delta": {}, "finish_reason": finish}
            yield msgspec.json.encode(head | {"choices": [last]})
            if body.get("stream_options", {}).get("include_usage"):
                yield msgspec.json.encode(head | {"choices": [], "usage": _usage(body, tokens)})
        except (GeneratorExit, asyncio.CancelledError):
            self.left += 1
            raise

    async def healthy(self, within_s: float) -> bool:
        """Return whether it goes and does not fail."""
        return self.going.is_set() and self.failure is None

    async def close(self) -> None:
        """Do nothing."""

    async def until_asked(self, times: int = 1) -> None:
        """Return when it was asked so often."""
        async with self.asked:
            await self.asked.wait_for(lambda: len(self.bodies) >= times)

    async def _answer(self, body: Mapping[str, Any], within_s: float) -> tuple[list[str], str]:
        """Return the answer's tokens and why it ended."""
        if within_s <= 0.0:
            raise TimeoutError
        async with self.asked:
            self.bodies.append(dict(body))
            self.asked.notify_all()
        try:
            await self._go(within_s)
        except asyncio.CancelledError:
            self.left += 1
            raise
        if self.failure is not None:
            raise self.failure
        if (prompt := _usage(body, [])["prompt_tokens"]) > WINDOW:
            raise EngineRefusedError(f"request ({prompt} tokens) exceeds the available context ({WINDOW})")
        words = self._write(body).split(" ")
        tokens = [words[0], *(f" {word}" for word in words[1:])]
        most = int(body.get("max_tokens", len(tokens)))
        return tokens[:most], "stop" if len(tokens) <= most else "length"

    async def _go(self, within_s: float) -> None:
        async with asyncio.timeout(within_s):
            await self.going.wait()


def _usage(body: Mapping[str, Any], tokens: list[str]) -> dict[str, int]:
    texts = itertools.chain.from_iterable(str(one.get("content", "")).split() for one in body["messages"])
    prompt = sum(1 for _ in texts)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": len(tokens),
        "total_tokens": prompt + len(tokens),
    }


class StillKeeper:
    """Keeps a scripted engine, which needs no keeping; a twin of `nimmer.engines.keeper.Keeper`."""

    url = "http://127.0.0.1:1/v1"

    def __init__(self, engine: ScriptedEngine | None = None) -> None:
        """Keep `engine`."""
        self.scripted = engine or ScriptedEngine()
        self.engine: Engine = self.scripted
        self.ready = True
        self.restarts = 0
        self.reason = ""
        self.suspicions = 0

    async def run(self) -> None:
        """Look after it until cancelled."""
        await asyncio.Event().wait()

    def suspect(self) -> None:
        """Count that a request got no answer."""
        self.suspicions += 1

    async def stop(self) -> None:
        """Do nothing."""
