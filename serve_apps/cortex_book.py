"""The book of the cortex: every call is counted, metered, and leaves a row of cortex_calls, whatever became of it.

Source: docs/domain.md sections 10 and 11.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from nimmer.bus.cortex_messages import CallOutcome
from nimmer.clock import Clock
from nimmer.cortex.usage import Usage
from serve_apps.row_post import RowPost

MOST_TEXT = 4000
"""Characters of a text that a row keeps."""
MOST_REASON = 1000
LEFT = "the caller left"


@dataclass(slots=True)
class Call:
    """One call from asking to its outcome. Times are monotonic seconds, tokens the engine's own count."""

    identity: str
    priority: int
    event_type: str
    domain: str
    at_s: float
    id: str = field(default_factory=lambda: uuid4().hex)
    npc: int | None = None
    world_tick: int | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    wait_s: float | None = None
    engine_s: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    lifeforce: float = 0.0
    reserved: float = 0.0
    """Lifeforce taken from the asker's purse beforehand."""
    response: Mapping[str, Any] | None = None
    outcome: CallOutcome = "failed"
    reason: str = "an unexpected error, see the log"


class Book:
    """Writes down calls as they end."""

    def __init__(self, run: str, model: str, usage: Usage, post: RowPost, clock: Clock) -> None:
        """Write for run `run`, whose cortex serves `model`."""
        self.usage = usage
        self.post = post
        self._run = run
        self._model = model
        self._clock = clock

    def close(self, call: Call) -> float:
        """Write down a call that is over; return how long it took, ms."""
        took_s = self._clock.monotonic_s() - call.at_s
        self.usage.count(
            call.identity,
            call.outcome,
            took_s * 1000,
            call.prompt_tokens,
            call.completion_tokens,
            call.lifeforce,
        )
        ended_at = self._clock.unix_s()
        self.post.put(
            {
                "run": self._run,
                "call": call.id,
                "at": ended_at - took_s,
                "ended_at": ended_at,
                "identity": plain(call.identity),
                "npc": call.npc,
                "world_tick": call.world_tick,
                "priority": call.priority,
                "event_type": plain(call.event_type),
                "domain": plain(call.domain),
                "outcome": call.outcome,
                "reason": plain(call.reason[:MOST_REASON]) if call.outcome != "answered" else None,
                "model": self._model,
                "wait_ms": None if call.wait_s is None else call.wait_s * 1000,
                "engine_ms": None if call.engine_s is None else call.engine_s * 1000,
                "prompt_tokens": call.prompt_tokens,
                "completion_tokens": call.completion_tokens,
                "lifeforce": call.lifeforce,
                "request": plain(dict(call.request)),
                "response": plain(call.response),
            }
        )
        return took_s * 1000


def plain(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """Return a JSON value without NUL, which PostgreSQL cannot hold, and without texts longer than a row keeps."""
    if isinstance(value, str):
        return value[:MOST_TEXT].replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, Mapping):
        return {plain(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value
