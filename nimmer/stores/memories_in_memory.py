"""Memories kept in this process: the twin of iris, for tests. It keeps to `nimmer.testing.memories_contract`."""

from collections.abc import Sequence

from nimmer.stores.memories import Embed, Memory, Vector


class InMemoryMemories:
    """Memories in a dictionary."""

    def __init__(self, embed: Embed) -> None:
        """Start empty."""
        self._embed = embed
        self._kept: dict[tuple[str, str], tuple[Memory, Vector]] = {}

    async def remember(self, memories: Sequence[Memory]) -> None:
        """See `Memories.remember`."""
        vectors = self._embed([one.text for one in memories]) if memories else []
        for one, vector in zip(memories, vectors, strict=True):
            self._kept[one.run, one.call] = (one, vector)

    async def recall(self, run: str, npc: int, about: str, most: int) -> list[str]:
        """See `Memories.recall`."""
        (wanted,) = self._embed([about])
        mine = [kept for kept in self._kept.values() if (kept[0].run, kept[0].npc) == (run, npc)]
        mine.sort(key=lambda kept: -sum(one * other for one, other in zip(kept[1], wanted, strict=True)))
        return [memory.text for memory, _ in mine[:most]]

    async def count(self) -> int:
        """See `Memories.count`."""
        return len(self._kept)

    async def clear(self) -> None:
        """See `Memories.clear`."""
        self._kept.clear()

    async def close(self) -> None:
        """See `Memories.close`."""
