"""Where the boundary's wording comes from: the cortex's own engine, or a small server of a functiongemma's weights.

The cortex's engine is found anew after a failure, for a restarted one may be elsewhere. Weights of one's own get a child
process like the cortex's, started with the first wording, on the CPU. Source: docs/boundary.md, "Who words".
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from nimmer.clock import Clock
from nimmer.cortex.wording import Messages, Said
from nimmer.engines.engine import chat
from nimmer.engines.http_engine import HttpEngine
from nimmer.errors import EngineError

Place = Callable[[], Awaitable[tuple[str, str]]]
"""Returns base URL and model of an engine, "" where there is none."""
WITHIN_S = 4.0
"""The longest one try may take."""
TEMPERATURE = 0.3
"""Above 0: a try that went wrong is not simply repeated."""


class EngineWords:
    """Words written by an engine that somebody else runs; the port is `nimmer.engines.model_mapper.Words`."""

    def __init__(self, place: Place, within_s: float = WITHIN_S) -> None:
        """Ask the engine at `place`, looked up when it is needed; `within_s` is the longest one try may take."""
        self._place = place
        self._within_s = within_s
        self._base, self._model = "", ""
        self._engine = HttpEngine(lambda: self._base)

    async def chat(self, asked: Messages, under: Mapping[str, Any] | None, max_tokens: int) -> Said:
        """Return what the engine wrote, as JSON `under` a schema when one is given.

        Raises EngineError when there is none or it fails, TimeoutError when it is slow.
        """
        if not self._base:
            self._base, self._model = await self._place()
        if not self._base:
            raise EngineError("the cortex has no engine of its own to word with: set boundary.weights")
        try:
            found = await chat(
                self._engine,
                asked,
                max_tokens=max_tokens,
                within_s=self._within_s,
                model=self._model,
                schema=under,
                extra={"temperature": TEMPERATURE},
            )
        except EngineError:
            self._base = ""
            raise
        return Said(found.text, found.finish == "stop", found.completion_tokens)

    async def close(self) -> None:
        """Let go of connections."""
        await self._engine.close()


class OwnWords(EngineWords):
    """Words written by an engine of our own, started with the first of them."""

    def __init__(self, weights: str, log: Path, clock: Clock, within_s: float = WITHIN_S) -> None:
        """Prepare to serve the GGUF file `weights`, its output in `log`; nothing runs yet."""
        # the plan of an engine is made from settings, whose library nobody without weights of its own need load
        from nimmer.config.cortex import CortexSettings
        from nimmer.engines.keeper import ChildKeeper
        from nimmer.engines.plan import plan

        settings = CortexSettings(engine="embedded", weights=Path(weights), model="functiongemma", slots=2)
        self._keeper = ChildKeeper(lambda: plan(settings), log, clock)
        self._keeping: asyncio.Task[None] | None = None
        super().__init__(self._here, within_s)

    async def close(self) -> None:
        """End the engine and let go of connections."""
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await self._keeper.stop()
        await super().close()

    async def _here(self) -> tuple[str, str]:
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keeper.run())
        if not self._keeper.ready:
            raise EngineError(f"the boundary's engine is not ready: {self._keeper.reason}")
        return self._keeper.url, "functiongemma"


def wording_engine(weights: str, log: Path, cortex: Place, clock: Clock) -> EngineWords:
    """Return who words: the GGUF file `weights` where there is one, else the cortex's own engine."""
    return OwnWords(weights, log, clock) if weights else EngineWords(cortex)
