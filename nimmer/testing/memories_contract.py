"""What every `Memories` must keep to: drivers inherit this suite and give it an empty one.

Source: docs/style.md, rule 10.
"""

from collections.abc import Sequence
from math import sqrt

from nimmer.stores.memories import Memories, Memory, Vector

RUN, OTHER = "0123456789abcdef", "fedcba9876543210"


def by_letters(texts: Sequence[str]) -> list[Vector]:
    """Return a unit vector per text: how often each letter stands in it. Alike texts have alike vectors."""
    found = []
    for text in texts:
        counts = [0.01 + text.lower().count(chr(97 + letter)) for letter in range(26)]
        length = sqrt(sum(count * count for count in counts))
        found.append([count / length for count in counts])
    return found


def memory(call: str, text: str, npc: int = 7, run: str = RUN) -> Memory:
    """Return a memory."""
    return Memory(run, call, npc, 40, text)


class MemoriesContract:
    """Inherit it and give a fixture `memories`: an empty one that embeds with `by_letters`."""

    async def test_the_likest_is_recalled_first(self, memories: Memories) -> None:
        """Likeness is that of the vectors."""
        kept = [memory("a", "zzz zzz"), memory("b", "the red well"), memory("c", "the red house")]
        await memories.remember(kept)
        assert await memories.recall(RUN, 7, "well well the red", 2) == ["the red well", "the red house"]

    async def test_an_npc_recalls_its_own_run_and_nobody_elses(self, memories: Memories) -> None:
        """Not another's, and not of another village."""
        await memories.remember(
            [memory("a", "mine"), memory("b", "mine too", npc=8), memory("a", "mine once", run=OTHER)]
        )
        assert await memories.recall(RUN, 7, "mine", 9) == ["mine"]
        assert await memories.recall(OTHER, 8, "mine", 9) == []

    async def test_a_memory_kept_twice_is_one_with_the_newer_text(self, memories: Memories) -> None:
        """Run and call make it one of its kind."""
        await memories.remember([memory("a", "before")])
        await memories.remember([memory("a", "after")])
        assert await memories.count() == 1
        assert await memories.recall(RUN, 7, "after", 9) == ["after"]

    async def test_nothing_is_asked_for_and_nothing_comes(self, memories: Memories) -> None:
        """Neither an empty batch nor no room for memories is an error."""
        await memories.remember([])
        assert await memories.recall(RUN, 7, "mine", 0) == []
        assert await memories.count() == 0

    async def test_what_is_cleared_is_gone_and_can_be_kept_again(self, memories: Memories) -> None:
        """So a rebuild begins from nothing."""
        await memories.remember([memory("a", "mine")])
        await memories.clear()
        assert await memories.count() == 0
        await memories.remember([memory("b", "mine again")])
        assert await memories.recall(RUN, 7, "mine", 9) == ["mine again"]

    async def test_one_that_was_closed_works_again(self, memories: Memories) -> None:
        """Closing gives back a connection, not the memories."""
        await memories.remember([memory("a", "mine")])
        await memories.close()
        assert await memories.count() == 1

    async def test_more_than_one_batch_is_kept_whole(self, memories: Memories) -> None:
        """A rebuild brings many at once."""
        await memories.remember([memory(f"c{number}", f"memory {number}") for number in range(600)])
        assert await memories.count() == 600
