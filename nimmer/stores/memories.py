"""The port to iris: what NPCs remember of the cortex's answers, found again by likeness.

PostgreSQL is the truth: everything here can be made again from `cortex_calls` (`nimmer iris rebuild`). A memory is of
one call of one run, and belongs to one NPC of that run: houses of another run's village are none of its memories.
Source: docs/domain.md section 11 (iris collections); docs/boundary.md.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

Vector = list[float]
Embed = Callable[[Sequence[str]], list[Vector]]
"""Returns one vector of unit length per text, all of the same length."""


class Memory(NamedTuple):
    """One answer remembered: run and call make it one of its kind; `text` is what is found and given."""

    run: str
    call: str
    npc: int
    world_tick: int
    text: str


class Memories(Protocol):
    """What the NPCs of one environment remember. Every method raises StoreUnavailableError when iris is away."""

    async def remember(self, memories: Sequence[Memory]) -> None:
        """Keep `memories`; one that is there already is kept once, with the newer text."""
        ...

    async def recall(self, run: str, npc: int, about: str, most: int) -> list[str]:
        """Return at most `most` texts of one NPC of one run, the likest to `about` first."""
        ...

    async def count(self) -> int:
        """Return how many memories there are."""
        ...

    async def clear(self) -> None:
        """Forget everything."""
        ...

    async def close(self) -> None:
        """Let go of the server; a memory that is used again comes back by itself."""
        ...
