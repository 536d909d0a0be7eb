"""What a chat request of a person or a tool may hold: checked at the edge, before it takes anybody's place.

What the engine understands is passed on as it is; what would break the gate's bounds or promise what is not there is
refused with the field, the value and the fix. Source: OpenAI's API reference, chat completions; docs/cortex.md, "The API".
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nimmer.cortex.prompt import CHARS_PER_TOKEN, TEMPLATE_TOKENS

MOST_MESSAGES = 1000
MOST_TOOLS = 128
ROLES = ("system", "developer", "user", "assistant", "tool")
LENGTHS = ("max_tokens", "max_completion_tokens")
"""The two names of the longest answer."""
OURS = ("priority", "n_predict")
"""Fields of engines that would get round the desk's order or the bound of an answer: not passed on."""
LEAST_SHARE = 8
"""A prompt that seems to fill the window leaves the answer an eighth: it is reckoned rather too long than too short."""
FORMATS = ("text", "json_object", "json_schema")


class BodyError(ValueError):
    """The body is refused. status: HTTP status; code: OpenAI's word for it; param: the field."""

    def __init__(
        self, message: str, param: str, status: int = 400, code: str = "invalid_request_error"
    ) -> None:
        """Say which field is wrong and how to mend it."""
        super().__init__(message)
        self.param, self.status, self.code = param, status, code


@dataclass(frozen=True, slots=True)
class ChatBody:
    """A checked body. wants_usage: whether the client itself asked for usage at the end of its stream."""

    fields: Mapping[str, Any]
    stream: bool
    wants_usage: bool
    chars: int
    tools: frozenset[str]
    last_words: str
    """The last message's text."""


def check(body: object, model: str, max_chars: int, window_tokens: int) -> ChatBody:
    """Return the body as the engine gets it, its answer no longer than the window allows. Raises BodyError."""
    if not isinstance(body, dict):
        raise BodyError("the body is no JSON object", "body")
    asked = body.get("model")
    if asked != model:
        raise BodyError(
            f"there is no model {str(asked)[:80]!r} here: ask for {model!r}", "model", 404, "model_not_found"
        )
    chars, last_words = _messages(body.get("messages"), max_chars)
    tools = _tools(body.get("tools"))
    _tool_choice(body.get("tool_choice"), tools)
    _format(body.get("response_format"))
    if body.get("n") not in (None, 1):
        raise BodyError("n must be 1: ask several times instead", "n")
    stream = body.get("stream") is True
    options = body.get("stream_options")
    wants_usage = isinstance(options, dict) and options.get("include_usage") is True
    fields = {name: value for name, value in body.items() if value is not None and name not in OURS}
    fields |= _lengths(fields, window_tokens, chars)
    if stream:
        fields["stream_options"] = {"include_usage": True}  # every call is metered
    return ChatBody(fields, stream, wants_usage, chars, tools, last_words)


def unknown_tool(called: str, tools: frozenset[str]) -> str:
    """Return what to say when the model called a tool nobody offered; "" when `called` is among `tools`."""
    if called in tools:
        return ""
    offered = ", ".join(sorted(tools)) or "none"
    return (
        f"the model called the tool {called[:80]!r}, which this request does not offer (it offers: {offered})"
    )


def _lengths(fields: Mapping[str, Any], window_tokens: int, chars: int) -> dict[str, int]:
    """Return the longest answer under the names it was asked by: an endless one would hold its slot for minutes.

    Raises BodyError when it is no positive number.
    """
    prompt_tokens = chars // CHARS_PER_TOKEN + TEMPLATE_TOKENS
    most = max(window_tokens - prompt_tokens, window_tokens // LEAST_SHARE)
    bounded = {}
    for name in LENGTHS:
        asked = fields.get(name)
        if asked is None:
            continue
        if not isinstance(asked, int) or isinstance(asked, bool) or asked < 1:
            raise BodyError(f"{name} must be a whole number from 1, not {str(asked)[:40]}", name)
        bounded[name] = min(asked, most)
    return bounded or {LENGTHS[0]: most}


def _messages(messages: object, max_chars: int) -> tuple[int, str]:
    """Return the characters of all messages, and the text of the last. Raises BodyError."""
    if not isinstance(messages, list) or not messages:
        raise BodyError("messages must be a list with at least one message", "messages")
    if len(messages) > MOST_MESSAGES:
        raise BodyError(f"there are {len(messages)} messages; {MOST_MESSAGES} are allowed", "messages")
    chars, text = 0, ""
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise BodyError(f"{where}.role must be one of {', '.join(ROLES)}", where)
        text = _text(message.get("content"), where)
        chars += len(text)
    if chars > max_chars:
        raise BodyError(
            f"the prompt has {chars} characters; {max_chars} are allowed: shorten it, or raise cortex.max_prompt_chars",
            "messages",
            413,
            "prompt_too_long",
        )
    return chars, text


def _text(content: object, where: str) -> str:
    """Return the text of a message. Raises BodyError when it holds something else, such as a picture."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    found = []
    for part in parts:
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise BodyError(f"{where}.content must be text: the cortex neither sees nor hears", where)
        found.append(part["text"])
    return "".join(found)


def _tools(tools: object) -> frozenset[str]:
    """Return the names of the tools offered. Raises BodyError."""
    if tools is None:
        return frozenset()
    if not isinstance(tools, list) or len(tools) > MOST_TOOLS:
        raise BodyError(f"tools must be a list of at most {MOST_TOOLS}", "tools")
    names = set()
    for number, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(name, str) or not name:
            raise BodyError(f"tools[{number}].function.name must be a name", "tools")
        names.add(name)
    return frozenset(names)


def _tool_choice(choice: object, tools: frozenset[str]) -> None:
    if choice is None or choice in ("auto", "none"):
        return
    if choice == "required":
        if not tools:
            raise BodyError("tool_choice is 'required' and there are no tools: offer some", "tool_choice")
        return
    function = choice.get("function") if isinstance(choice, dict) else None
    name = str(function.get("name")) if isinstance(function, dict) else str(choice)
    if name not in tools:
        near = difflib.get_close_matches(name, tools, 1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        raise BodyError(f"tool_choice names {name[:80]!r}, which is not among tools{meant}", "tool_choice")


def _format(wanted: object) -> None:
    if wanted is None:
        return
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind not in FORMATS:
        raise BodyError(f"response_format.type must be one of {', '.join(FORMATS)}", "response_format")
    if kind == "json_schema":
        named = wanted.get("json_schema") if isinstance(wanted, dict) else None
        if not isinstance(named, dict) or not isinstance(named.get("schema"), dict):
            raise BodyError(
                "response_format.json_schema.schema must be a JSON schema", "response_format.json_schema"
            )
