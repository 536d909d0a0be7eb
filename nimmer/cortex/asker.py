"""An NPC that asks, as the boundary sees it in the tick it asked: what it perceives, who is with it, what it did.

Everything here is numbers and words of this program; what people or models wrote is not among it.
Source: docs/domain.md sections 8 (percept) and 10 (context: conversation partners, what the NPC knows, last trails).
"""

from dataclasses import dataclass
from typing import NamedTuple


class Partner(NamedTuple):
    """Another NPC on the same node: its number, how many houses somebody here knows and it does not, its permission."""

    npc: int
    news: int
    permitted: bool


@dataclass(frozen=True, slots=True)
class Asker:
    """One NPC that asks.

    generation: its birth; world_tick: of the question; energy, coverage: 0..1; lifeforce: what its ledger holds;
    news: houses its company knows and it does not; known of houses: what it knows of the level; priority: 0..10;
    free: slots with a way ahead; lead: the free slot toward the nearest house it does not know, None where there is no
    way or nothing unknown; gates: open ones by name; doing: its last deeds, oldest first.
    """

    npc: int
    generation: int
    world_tick: int
    level: int
    node: int
    energy: float
    coverage: float
    lifeforce: float
    here_known: bool
    at_well: bool
    news: int
    known: int
    houses: int
    priority: int = 5
    free: tuple[int, ...] = ()
    lead: int | None = None
    gates: tuple[str, ...] = ()
    doing: tuple[str, ...] = ()
    partners: tuple[Partner, ...] = ()

    @property
    def name(self) -> str:
        """Return how commands name it: `npc.7`."""
        return f"npc.{self.npc}"
