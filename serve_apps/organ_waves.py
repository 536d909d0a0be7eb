"""The organs' cells: every operation makes its cell emit a wave, to the thalamus by Ray and to all by the bus.

At most one call to a shard is under way and what is said meanwhile waits in a bounded line, so a thalamus that is being
revived costs waves and never an operation. Source: docs/domain.md sections 1 and 2 (speech_stt, speech_tts,
vision_detect).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

import ray

from nimmer.bus.life_messages import WaveSignal
from nimmer.clock import Clock
from nimmer.life.driven_cells import NO_ORGAN, ORGAN_CELLS
from nimmer.life.senses import declared, meaning
from nimmer.life.sensor_cell import SensorCell
from nimmer.life.thalamus import shard_of
from nimmer.life.wave import CellKind, Wave

MOST_WAITING = 500
HEAR_S = 5.0
CELL_OF = {"vision": "vision_detect", "stt": "speech_stt", "tts": "speech_tts"}
Said = tuple[str, Wave]
Hear = Callable[[int, list[Said]], Awaitable[object]]
"""Hands waves to one shard; raises what Ray raises."""
Tell = Callable[[CellKind, WaveSignal], Awaitable[None]]
"""Says a wave on the bus."""


def thalamus_of(namespace: str) -> Hear:
    """Return what hands waves to the shards of the run in `namespace`."""

    async def hear(shard: int, batch: list[Said]) -> object:
        actor = ray.get_actor(f"thalamus-{shard}", namespace=namespace)
        return await actor.hear.remote(batch)

    return hear


class OrganWaves:
    """The three cells of one host."""

    def __init__(
        self, host: str, shards: int, price_scale: float, hear: Hear, tell: Tell, clock: Clock
    ) -> None:
        """Make resting cells; `hear` reaches the thalamus, `tell` the bus."""
        self.sent = 0
        self.dropped = 0
        """Waves the thalamus did not hear."""
        self._source = f"organs.{host}"
        self._shards = shards
        self._hear = hear
        self._tell = tell
        self._clock = clock
        self._cells = {
            kind.name: SensorCell(kind, declared(kind), price_scale, None, NO_ORGAN) for kind in ORGAN_CELLS
        }
        self._waiting: deque[Said] = deque()
        self._work = asyncio.Event()

    async def emit(self, organ: str, raw: Mapping[str, float]) -> Wave | None:
        """Let the cell of `organ` read `raw` and send its wave on its way; None when it made none of it."""
        cell = self._cells[CELL_OF[organ]]
        wave = cell.poll(raw, self._clock.monotonic_s())
        if wave is None:
            return None
        self._waiting.append((self._source, wave))
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._work.set()
        kind = cell.kind
        await self._tell(kind, WaveSignal(kind.domain, wave.confidence, wave.cost, meaning(wave)))  # type: ignore[arg-type]  # numbers and words
        return wave

    async def run(self) -> None:
        """Bring waves to the thalamus until cancelled."""
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                source, wave = self._waiting.popleft()
                await self._send(source, wave)

    async def _send(self, source: str, wave: Wave) -> None:
        kind = next(cell.kind for cell in self._cells.values() if cell.kind.code == wave.cell)
        try:
            async with asyncio.timeout(HEAR_S):
                await self._hear(shard_of(kind.domain, self._shards), [(source, wave)])
            self.sent += 1
        except (TimeoutError, ValueError, ray.exceptions.RayError):
            self.dropped += 1  # heard or not, nobody knows: said twice, a wave would agree with itself
