"""A cortex for tests: its parts, its rows, and the settings it was made of."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from openai import AsyncOpenAI

from nimmer.bus.cortex_messages import CognitiveRequest, SuggestedAction
from nimmer.clock import SystemClock
from nimmer.config.cortex import CortexSettings
from nimmer.engines.keeper import Keeper
from nimmer.stores.tables import Row
from nimmer.stores.traces import RowBatch
from serve_apps.cortex import Cortex
from serve_apps.place import Place

CLOCK = SystemClock()
KEYS = {"operator": "operator-" + "k" * 20, "guest": "guest-" + "k" * 20}


@dataclass
class Kept:
    """A cortex that runs, and the rows it left."""

    cortex: Cortex
    rows: list[Row] = field(default_factory=list)
    url: str = ""

    async def row(self, number: int = -1) -> Row:
        """Return a row once all are here."""
        await self.cortex._post.drain(20.0)
        return self.rows[number]

    async def ready(self, within_s: float = 600.0) -> None:
        """Return when the engine is ready."""
        deadline_s = CLOCK.monotonic_s() + within_s
        while not (found := await self.cortex.status()).ready:
            assert CLOCK.monotonic_s() < deadline_s, found.reason
            await CLOCK.sleep_s(0.02)

    @asynccontextmanager
    async def client(self, identity: str = "guest") -> AsyncIterator[AsyncOpenAI]:
        """The official client, as anybody would use it."""
        async with AsyncOpenAI(base_url=self.url, api_key=KEYS.get(identity, identity), max_retries=0) as one:
            yield one


@asynccontextmanager
async def cortex(settings: CortexSettings, place: Place, keeper: Keeper | None = None) -> AsyncIterator[Kept]:
    """A cortex on a free port, with the keys of `KEYS`."""
    file = Path(place.state_dir) / "keys.json"
    file.write_text(json.dumps(KEYS))
    file.chmod(0o600)
    rows: list[Row] = []

    async def keep(batch: RowBatch) -> object:
        rows.extend(batch.rows)
        return len(batch.rows)

    settings = settings.model_copy(update={"port": 0})
    one = Cortex(settings, replace(place, keys_file=str(file)), keeper=keeper, keep=keep)
    await one.start()
    try:
        yield Kept(one, rows, (await one.status()).url)
    finally:
        await one.stop()


def question(npc_id: int | None = 7, **more: object) -> CognitiveRequest:
    """Somebody asked NPC 7 something."""
    fields: dict[str, object] = {
        "event_type": "speech_heard",
        "domain": "speech",
        "confidence": 0.8,
        "structured_input": {"transcript": "Where is the well?", "speaker": 3},
        "suggested_actions": [SuggestedAction("leave", 0.2), SuggestedAction("answer", 0.9)],
        "npc_id": npc_id,
        "world_tick": 1200,
    }
    return CognitiveRequest(**(fields | more))  # type: ignore[arg-type]  # fields by name
