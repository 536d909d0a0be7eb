"""The boundary's line to the cortex: a Serve handle, found by name when it is needed.

Serve is imported when the line is first used: its import is a second and its lookup a call to Serve's controller, which
blocks, so both are done beside the event loop. Source: docs/domain.md section 9 (an actor reaches an app by its handle).
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import ray

from nimmer.bus.cortex_messages import CognitiveRequest, CognitiveResponse
from nimmer.cortex.apps import cortex_app
from nimmer.cortex.rights import FOR_NPCS
from nimmer.errors import CortexError


class Line(Protocol):
    """A line to the cortex. Every method raises CortexError when there is none behind it."""

    async def think(self, request: CognitiveRequest, context: Sequence[str]) -> CognitiveResponse:
        """Return what became of a question of an NPC."""
        ...

    async def cancel(self, npc: int, reason: str) -> None:
        """Say that nobody waits for the answers to NPC `npc` any more."""
        ...

    async def engine(self) -> tuple[str, str]:
        """Return base URL and model of the cortex's engine, "" where it has none of its own."""
        ...


class CortexLine:
    """The line to the cortex app of one environment."""

    def __init__(self, environment: str) -> None:
        """Lead to the app of `environment`; nothing is looked up yet."""
        self._app = cortex_app(environment)
        self._handle: Any = None

    async def think(self, request: CognitiveRequest, context: Sequence[str]) -> CognitiveResponse:
        """See `Line.think`."""
        found: CognitiveResponse = await self._call("think", request, FOR_NPCS, list(context))
        return found

    async def cancel(self, npc: int, reason: str) -> None:
        """See `Line.cancel`."""
        await self._call("cancel", npc, reason)

    async def engine(self) -> tuple[str, str]:
        """See `Line.engine`."""
        url, model = await self._call("engine")
        return str(url), str(model)

    async def _call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401  whatever the app returns
        try:
            if self._handle is None:
                self._handle = await asyncio.to_thread(self._find)
            return await getattr(self._handle, method).remote(*arguments)
        except (ray.exceptions.RayError, RuntimeError) as error:  # Serve's own are RuntimeErrors or Ray's
            self._handle = None
            raise CortexError(f"the cortex does not answer: {type(error).__name__}: {error}"[:500]) from error

    def _find(self) -> Any:  # noqa: ANN401  a Serve handle
        from ray import serve
        from ray.serve.exceptions import RayServeException

        try:
            return serve.get_app_handle(self._app)
        except RayServeException as error:
            raise CortexError(f"there is no app {self._app} now: {error}"[:500]) from error
