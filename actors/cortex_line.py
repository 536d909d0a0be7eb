"""The boundary's line to the cortex app: what it asks there, as a port. Source: docs/domain.md sections 9 and 10."""

from collections.abc import Sequence
from typing import Protocol

from actors.app_line import AppLine
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
        self._line = AppLine(cortex_app(environment), CortexError)

    async def think(self, request: CognitiveRequest, context: Sequence[str]) -> CognitiveResponse:
        """See `Line.think`."""
        found: CognitiveResponse = await self._line.call("think", request, FOR_NPCS, list(context))
        return found

    async def cancel(self, npc: int, reason: str) -> None:
        """See `Line.cancel`."""
        await self._line.call("cancel", npc, reason)

    async def engine(self) -> tuple[str, str]:
        """See `Line.engine`."""
        url, model = await self._line.call("engine")
        return str(url), str(model)
