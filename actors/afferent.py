"""The afferent path: a shell's waves on their way to the shards of the thalamus, without anybody waiting.

At most one call to each shard is under way; what is said meanwhile waits in a bounded queue, and what does not fit
is dropped, the oldest first, counted, and reported once. A thalamus that is being revived costs waves, never its
speakers. Source: docs/domain.md sections 1 (cell: emits without knowing listeners) and 12.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import ray

from actors.shell import Shell
from nimmer.life.gates import SHARED_GATES
from nimmer.life.senses import CELLS
from nimmer.life.thalamus import shard_of
from nimmer.life.wave import Wave

Said = tuple[str, Wave]
"""Who speaks, and what."""
Call = Callable[[int, list[Said]], Awaitable[Any]]
"""Hands waves to one shard and returns when it has heard them; raises what Ray raises."""

MOST_WAITING = 2000
"""Waves that wait for one shard."""
MOST_AT_ONCE = 500
HEAR_S = 5.0
"""A shard that has not answered by then is being revived."""
BIRTH_S = 60.0
"""What the first answer of a shard may take: a village's actors are born at one time."""
AGAIN_S = 0.25
_HEARD = frozenset(gate.domain for gate in SHARED_GATES)


class Afferent:
    """The way from one shell to all shards."""

    def __init__(self, shell: Shell, shards: int, call: Call | None = None) -> None:
        """Lead from `shell` to `shards` shards.

        call: how a shard is reached; default: by its actor's name.
        """
        self._shell = shell
        self._call = call or self._ask
        self._actors: dict[int, Any] = {}
        self._waiting: tuple[deque[Said], ...] = tuple(deque(maxlen=MOST_WAITING) for _ in range(shards))
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._shard_of = {kind.code: shard_of(kind.domain, shards) for kind in CELLS if kind.domain in _HEARD}
        self._born: set[int] = set()
        self._reported = False
        self.sent = self.dropped = 0

    def send(self, source: str, wave: Wave) -> bool:
        """Send one wave of `source` on its way; False when no shared gate listens to it. Never blocks, never raises.

        Must be called in the shell's event loop.
        """
        shard = self._shard_of.get(wave.cell)
        if shard is None:
            return False
        waiting = self._waiting[shard]
        if len(waiting) == MOST_WAITING:
            self._drop(1)
        waiting.append((source, wave))
        if shard not in self._under_way:
            self._under_way[shard] = asyncio.get_running_loop().create_task(self._empty(shard))
        return True

    def send_all(self, waves: list[Said]) -> None:
        """Send several, as `send` does."""
        for source, wave in waves:
            self.send(source, wave)

    async def _empty(self, shard: int) -> None:
        """Hand over what waits for `shard`, batch by batch, until nothing does."""
        waiting = self._waiting[shard]
        try:
            while waiting and not self._shell.stopping.is_set():
                batch = [waiting.popleft() for _ in range(min(len(waiting), MOST_AT_ONCE))]
                try:
                    await asyncio.wait_for(
                        self._call(shard, batch), HEAR_S if shard in self._born else BIRTH_S
                    )
                    self._born.add(shard)
                    self.sent += len(batch)
                except (TimeoutError, ray.exceptions.RayError):
                    # heard or not, nobody knows: said twice, a wave would agree with itself
                    self._actors.pop(shard, None)
                    self._drop(len(batch))
                    await self._shell.clock.sleep_s(AGAIN_S)
        finally:
            del self._under_way[shard]

    async def _ask(self, shard: int, batch: list[Said]) -> None:
        if shard not in self._actors:
            name = f"thalamus-{shard}"
            try:
                self._actors[shard] = ray.get_actor(name, namespace=self._shell.charter.namespace)
            except ValueError:  # Ray's word for: nobody of that name now
                raise TimeoutError(f"there is no actor {name} now") from None
        await self._actors[shard].hear.remote(batch)

    def _drop(self, count: int) -> None:
        self.dropped += count
        if not self._reported:
            self._reported = True
            self._shell.report(
                "waves-dropped",
                self._shell.entity,
                "the thalamus does not hear its waves; further ones are only counted",
                count,
            )

    def status(self) -> dict[str, int]:
        """Return how many waves went, were dropped and wait."""
        return {
            "sent": self.sent,
            "dropped": self.dropped,
            "waiting": sum(len(waiting) for waiting in self._waiting),
        }

    async def close(self) -> None:
        """Let go of what is under way; to be called when the shell stops."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
