"""How many operations are under way, and how many of them unfold what they were given at a time.

A picture or a sound may unfold to a hundred times its size; so who asks has a place before anything is fetched for him,
and decoding is done by few. Source: docs/organs.md, "Payloads".
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from nimmer.errors import OrganBusyError

DECODERS = 2
T = TypeVar("T")


class Places:
    """The places of one host. most: operations that may be under way or wait anywhere, from first to last."""

    def __init__(self, most: int) -> None:
        """Begin with all of them free."""
        self.taken = 0
        self._most = most
        self._decoders = asyncio.Semaphore(DECODERS)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a place. Raises OrganBusyError when there is none."""
        if self.taken >= self._most:
            raise OrganBusyError(f"{self._most} operations wait already (organs.queue); try again later")
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1

    async def decoded(self, read: Callable[[], T]) -> T:
        """Return what `read()` returns, from a thread: decoding takes longer than a loop may stand."""
        async with self._decoders:
            # cancelling does not stop the thread, so it keeps its turn until it is done
            task = asyncio.ensure_future(asyncio.to_thread(read))
            try:
                return await asyncio.shield(task)
            finally:
                if not task.done():
                    await asyncio.wait([task])
