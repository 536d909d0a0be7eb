"""Whom people speak with: what one NPC perceives, what it knows and remembers of what was said, what it answers.

Facts are looked up in code and given to the cortex, which words them; it is told nothing the NPC does not know.
Source: docs/domain.md section 10 (context); docs/conversation.md.
"""

from pathlib import Path

from actors.app_line import AppLine
from actors.charter import Charter
from actors.recollection import Recollection
from nimmer.arena.memory import Arena
from nimmer.arena.slot import Slot
from nimmer.bus.cortex_messages import CognitiveRequest, CognitiveResponse, SuggestedAction
from nimmer.cortex.acquaintance import draft, facts_about
from nimmer.cortex.apps import cortex_app
from nimmer.cortex.asking import QUESTION
from nimmer.cortex.prompt import SAY
from nimmer.cortex.remembrance import remembrance
from nimmer.engines.embedding import WordVectors
from nimmer.errors import ArenaError, CortexError, OrganError
from nimmer.life.percept import Percept, unpack
from nimmer.stores.iris import Iris
from nimmer.stores.memories import Memory
from nimmer.world.levels import load_levels

SPEAKER = "conversation"
PRIORITY = 8
"""Of what a person waits for: above NPCs, below a reflex."""
LONGEST_MS = 120_000
"""The longest time limit a request may name."""
MOST_HEARD = 1000
"""Characters of what was said that the cortex is given."""


class Interlocutor:
    """Every NPC of one arena, as people may speak with it."""

    def __init__(
        self,
        charter: Charter,
        arena: Arena,
        cortex: AppLine | None = None,
        recollection: Recollection | None = None,
    ) -> None:
        """Read `arena`; cortex and recollection are those of `charter` when not given. Raises LevelError."""
        self._charter = charter
        self._arena = arena
        self._levels = load_levels(Path(charter.levels_file) if charter.levels_file else None)
        self._cortex = cortex or AppLine(cortex_app(charter.environment), CortexError)
        self._recollection = recollection or Recollection(charter.run, _iris(charter), charter.memories)

    def perceives(self, npc: int) -> Percept:
        """Return what NPC `npc` perceives now. Raises OrganError when there is none, or it perceives nothing yet."""
        if npc >= self._charter.npcs:
            raise OrganError(f"there is no NPC {npc}; this village has 0..{self._charter.npcs - 1}")
        try:
            record = Slot(self._arena, npc).percept()
        except ArenaError:
            record = None
        percept = None if record is None else unpack(record)
        if percept is None or not percept.tick:
            raise OrganError(f"npc {npc} perceives nothing yet; ask again")
        return percept

    async def recalls(self, npc: int, percept: Percept, heard: str) -> list[str]:
        """Return what `npc` knows and remembers that has to do with what it heard, facts before memories."""
        level = self._levels[percept.level]
        known = Slot(self._arena, npc).known[: level.nodes]
        # the first fact is what it is to say; memories come last, they are the first to be cut
        return facts_about(heard, level, known, percept.node)[1:] + await self._recollection.like(npc, heard)

    async def thinks(self, npc: int, percept: Percept, heard: str, known: list[str]) -> str:
        """Return what `npc` answers. Raises CortexError with the cortex's own reason when it does not answer."""
        level = self._levels[percept.level]
        houses = Slot(self._arena, npc).known[: level.nodes]
        facts = facts_about(heard, level, houses, percept.node)
        say = draft(heard, facts, npc, percept.node, percept.occupants, int(houses.sum()), level.nodes)
        request = CognitiveRequest(
            event_type="conversation",
            domain="social",
            confidence=1.0,
            structured_input={QUESTION: heard[:MOST_HEARD], SAY: say},
            suggested_actions=[SuggestedAction("answer", 1.0)],
            npc_id=npc,
            priority=PRIORITY,
            response_timeout_ms=min(self._charter.cortex_timeout_ms, LONGEST_MS),
        )
        found: CognitiveResponse = await self._cortex.call("think", request, SPEAKER, known)
        if found.outcome != "answered":
            raise CortexError(f"the cortex gave no answer ({found.outcome}): {found.reason}")
        answer = found.result.answer
        text = remembrance(heard[:MOST_HEARD], answer, [])
        memory = Memory(self._charter.run, found.request_id, npc, percept.tick, text)
        await self._recollection.keep([memory])
        return answer

    async def close(self) -> None:
        """Let go of iris."""
        await self._recollection.close()


def _iris(charter: Charter) -> Iris | None:
    return Iris(charter.chroma_url, charter.environment, WordVectors()) if charter.chroma_url else None
