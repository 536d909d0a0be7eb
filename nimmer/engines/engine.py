"""The port to a language model: an OpenAI-compatible chat, whole or as a stream, and whether it is well.

The drivers are `http_engine.py` and, for tests, `nimmer.testing.scripted_engine`. Bodies are those of OpenAI's
/v1/chat/completions, because every engine we know speaks it. Source: docs/decisions/0032-the-engine-is-a-child.md.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from nimmer.errors import EngineError


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model wrote. finish: stop, length, tool_calls, as OpenAI has it."""

    text: str
    finish: str
    prompt_tokens: int
    completion_tokens: int


class Engine(Protocol):
    """One engine. Cancelling a call, or leaving a stream, ends the engine's work on it."""

    async def complete(self, body: Mapping[str, Any], within_s: float) -> bytes:
        """Return the JSON of the whole completion of `body`.

        Raises TimeoutError after `within_s`, EngineRefusedError when the engine refuses `body`, EngineError when it is
        away or fails.
        """
        ...

    def stream(self, body: Mapping[str, Any], within_s: float) -> AsyncIterator[bytes]:
        """Yield the data of each server-sent event of `body`, without `data: ` and without the last, `[DONE]`.

        Raises as `complete` does, TimeoutError when the whole stream takes longer than `within_s`; EngineError when it
        ends before its `[DONE]`.
        """
        ...

    async def healthy(self, within_s: float) -> bool:
        """Return whether the engine says within `within_s` that it is ready."""
        ...

    async def close(self) -> None:
        """Let go of connections. A second call does nothing."""
        ...


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class Usage(msgspec.Struct):
    """What a completion took, in tokens."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Answer(msgspec.Struct):
    choices: list[_Choice]
    usage: Usage | None = None


_READ = msgspec.json.Decoder(_Answer)


async def chat(
    engine: Engine,
    messages: Sequence[Mapping[str, str]],
    *,
    max_tokens: int,
    within_s: float,
    model: str,
    schema: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Completion:
    """Return what the model answers, as JSON under `schema` when one is given.

    Args:
        engine: whom to ask.
        messages: mappings of role and content.
        max_tokens: the longest answer.
        within_s: the longest time.
        model: the name it is served under.
        schema: JSON schema of the answer.
        extra: further fields of the body, such as temperature.

    Raises as `Engine.complete` does; EngineError also for an answer that is none.
    """
    body: dict[str, Any] = {"model": model, "messages": list(messages), "max_tokens": max_tokens}
    if schema is not None:
        named = {"name": "answer", "schema": schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    return completion_of(await engine.complete(body | dict(extra or {}), within_s))


def completion_of(raw: bytes) -> Completion:
    """Return the first choice of a completion's JSON. Raises EngineError when it is none."""
    try:
        answer = _READ.decode(raw)
    except msgspec.DecodeError as error:
        raise EngineError(f"the engine answered nonsense: {error}") from None
    if not answer.choices:
        raise EngineError("the engine answered without a choice")
    choice, usage = answer.choices[0], answer.usage or Usage()
    text = choice.message.content or ""
    return Completion(text, choice.finish_reason or "", usage.prompt_tokens, usage.completion_tokens)
