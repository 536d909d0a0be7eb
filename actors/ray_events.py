"""Ray's own life events, from its HTTP export to messages: which actor was born, died, was revived, which node left.

Ray posts JSON arrays of events at most once a second. Ids are base64; a definition names an actor, its later
life-cycle events only carry the id, so names are remembered (bounded). An event may be posted twice.
Source: Ray documentation, "Ray event export"; docs/design.md, "Bridge".
"""

import base64
import binascii
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aiohttp import web

from nimmer.bus.message import RayLifecycle

EXPOSED = (
    "ACTOR_DEFINITION_EVENT",
    "ACTOR_LIFECYCLE_EVENT",
    "NODE_DEFINITION_EVENT",
    "NODE_LIFECYCLE_EVENT",
)
"""The event types asked of Ray; task events are a hundred times as many and are left out."""
REMEMBERED = 10_000
MAX_BODY = 8 << 20


class RayEvents:
    """Turns posted events into messages, each event once."""

    def __init__(self) -> None:
        """Know no actor yet."""
        self._names: OrderedDict[str, str] = OrderedDict()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def read(self, events: object) -> Iterator[RayLifecycle]:
        """Yield a message per state transition in one post; what is not such an event is passed over."""
        for event in events if isinstance(events, list) else []:
            if not isinstance(event, Mapping) or self._again(str(event.get("eventId", ""))):
                continue
            yield from self._actor(event.get("actorDefinitionEvent"), event.get("actorLifecycleEvent"))
            yield from self._node(event.get("nodeDefinitionEvent"), event.get("nodeLifecycleEvent"))

    def _actor(self, definition: Any, life: Any) -> Iterator[RayLifecycle]:  # noqa: ANN401  Ray's JSON
        if isinstance(definition, Mapping):
            identity = _hex(definition.get("actorId"))
            _remember(self._names, identity, str(definition.get("name") or definition.get("className") or ""))
        if isinstance(life, Mapping):
            identity = _hex(life.get("actorId"))
            for step in _steps(life):
                yield RayLifecycle(
                    "actor",
                    identity,
                    self._names.get(identity) or str(step.get("reprName", "")),
                    str(step.get("state", "")),
                    _hex(step.get("nodeId")),
                    _pid(step.get("pid")),
                    _cause(step.get("deathCause")),
                )

    def _node(self, definition: Any, life: Any) -> Iterator[RayLifecycle]:  # noqa: ANN401  Ray's JSON
        if isinstance(definition, Mapping):
            identity = _hex(definition.get("nodeId"))
            _remember(
                self._names, identity, str(definition.get("hostname") or definition.get("nodeName") or "")
            )
        if isinstance(life, Mapping):
            identity = _hex(life.get("nodeId"))
            for step in _steps(life):
                info = step.get("deathInfo")
                info = info if isinstance(info, Mapping) else {}
                reason = f"{info.get('reason', '')} {info.get('reasonMessage', '')}".strip()
                yield RayLifecycle(
                    "node",
                    identity,
                    self._names.get(identity, ""),
                    str(step.get("state", "")),
                    identity,
                    0,
                    reason,
                )

    def _again(self, event_id: str) -> bool:
        if event_id in self._seen:
            return True
        _remember(self._seen, event_id, None)
        return False


def _remember(memory: "OrderedDict[str, Any]", key: str, value: str | None) -> None:
    memory[key] = value
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)


def _steps(life: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    steps = life.get("stateTransitions")
    yield from (step for step in (steps if isinstance(steps, list) else []) if isinstance(step, Mapping))


def _pid(said: object) -> int:
    return int(str(said)) if str(said).isdecimal() else 0


def _hex(encoded: object) -> str:
    try:
        return base64.b64decode(str(encoded or ""), validate=True).hex() or "unknown"
    except binascii.Error:
        return "unknown"


def _cause(cause: object) -> str:
    """Return the innermost error message of Ray's nested death cause, at most 300 characters."""
    if not isinstance(cause, Mapping):
        return ""
    for value in cause.values():
        if isinstance(value, Mapping):
            return str(value.get("errorMessage") or value.get("formattedTraceback") or next(iter(cause)))[
                :300
            ]
    return ""


async def listen(port: int, hear: Callable[[RayLifecycle], None]) -> web.AppRunner:
    """Listen on loopback `port` for Ray's posts and hand every transition to `hear`.

    Raises OSError when the port is taken.
    """
    events = RayEvents()

    async def post(request: web.Request) -> web.Response:
        try:
            posted = await request.json()
        except ValueError:
            return web.Response(status=400, text="not JSON")
        for life in events.read(posted):
            hear(life)
        return web.Response(status=200)

    application = web.Application(client_max_size=MAX_BODY)
    application.router.add_post("/ray-events", post)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner
