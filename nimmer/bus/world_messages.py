"""Bodies of what the world says: deltas, snapshots, aggregates, and the quiz.

Source: docs/domain.md sections 7 and 8.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

from nimmer.bus.life_messages import Count, NpcId, Share

RunId = Annotated[str, Meta(pattern="^[0-9a-f]{16}$", description="a run: 16 hex digits")]


class WorldDelta(Struct, frozen=True, forbid_unknown_fields=True):
    """What changed in one world tick: one object per NPC that moved, learned or was refused."""

    tick: Count
    changes: list[dict[str, Any]]


class NpcPlace(Struct, frozen=True, forbid_unknown_fields=True):
    """Where one NPC stands and how it fares."""

    npc_id: NpcId
    node: int
    energy: Share
    coverage: Share


class WorldSnapshot(Struct, frozen=True, forbid_unknown_fields=True):
    """A snapshot was taken: where everyone stands, and the digest the whole state had (hex)."""

    run: RunId
    tick: Count
    level: Count
    digest: str
    npcs: list[NpcPlace]


class WorldAggregate(Struct, frozen=True, forbid_unknown_fields=True):
    """The world at a glance.

    occupants: NPCs per node; known_share: share of NPCs that know each node's house, 0..1; wells: nodes with
    a well; rows and columns: of the grid, 0 for an irregular graph; coverage and energy: means, 0..1.
    """

    tick: Count
    level: Count
    coverage: Share
    energy: Share
    occupants: list[Count]
    known_share: list[Share]
    wells: list[Count]
    rows: Count = 0
    columns: Count = 0


class QuizRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Ask the oracle to question every NPC on every location now; reading only, free of charge."""


class QuizSheet(Struct, frozen=True, forbid_unknown_fields=True):
    """One NPC's result: share of right answers and the nodes it does not know or has wrong."""

    npc_id: NpcId
    coverage: Share
    missing: list[Count]


class QuizReport(Struct, frozen=True, forbid_unknown_fields=True):
    """The oracle's verdict; passed only when every NPC answered every location rightly."""

    run: RunId
    tick: Count
    level: Count
    passed: bool
    coverage: Share
    locations: Count
    npcs: list[QuizSheet]
