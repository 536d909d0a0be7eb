"""What an NPC remembers, for its questions, and how an answer becomes a memory; iris away costs memories only.

Source: docs/domain.md section 10 (retrieved memories from iris, answers become memories); docs/boundary.md.
"""

from collections.abc import Sequence

from actors.shell import log
from nimmer.bus.cortex_messages import CognitiveRequest
from nimmer.cortex.asker import Asker
from nimmer.cortex.asking import question_of
from nimmer.errors import EngineError, StoreError
from nimmer.stores.memories import Memories, Memory


class Recollection:
    """The memories of one run's NPCs."""

    def __init__(self, run: str, memories: Memories | None, most: int) -> None:
        """Give a question at most `most` of `memories`; None where there is no iris."""
        self._run = run
        self._memories = memories
        self._most = most
        self._away = False
        self.recalled = self.remembered = self.lost = 0
        """Texts given to questions; answers remembered; recalls and memories that iris did not take."""

    async def about(self, asker: Asker, request: CognitiveRequest) -> list[str]:
        """Return what `asker` remembers that is like its question, the likest first."""
        return await self.like(asker.npc, question_of(request))

    async def like(self, npc: int, text: str) -> list[str]:
        """Return what NPC `npc` remembers that is like `text`, the likest first."""
        if self._memories is None or not self._most:
            return []
        try:
            found = await self._memories.recall(self._run, npc, text, self._most)
        except (StoreError, EngineError) as error:
            self._note(error)
            return []
        self._away = False
        self.recalled += len(found)
        return found

    async def keep(self, memories: Sequence[Memory]) -> None:
        """Remember; what iris does not take can be had from PostgreSQL again."""
        if self._memories is None:
            return
        try:
            await self._memories.remember(memories)
        except (StoreError, EngineError) as error:
            self._note(error)
        else:
            self._away = False
            self.remembered += len(memories)

    async def close(self) -> None:
        """Let go of iris."""
        if self._memories is not None:
            await self._memories.close()

    def status(self) -> dict[str, object]:
        """Return what was recalled, remembered and lost, and whether iris is there."""
        return {
            "recalled": self.recalled,
            "remembered": self.remembered,
            "lost": self.lost,
            "there": self._memories is not None and not self._away,
        }

    def _note(self, error: Exception) -> None:
        self.lost += 1
        if not self._away:
            self._away = True
            log.warning("memories: %s", error)
