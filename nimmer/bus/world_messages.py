"""Bodies of what the world says: deltas, snapshots, aggregates, and the quiz.

Source: docs/domain.md sections 7 and 8.
"""

from typing import Annotated, Any, Literal

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
    """One NPC's result: share of right answers, the first nodes it does not know or has wrong, how many there are."""

    npc_id: NpcId
    coverage: Share
    missing: list[Count]
    missed: Count = 0


class HouseGap(Struct, frozen=True, forbid_unknown_fields=True):
    """A house an NPC does not know, or has wrong: what it is, and what is believed of it (empty: nothing)."""

    node: Count
    traits: list[str]
    believed: list[str] = []


class Laggard(Struct, frozen=True, forbid_unknown_fields=True):
    """An NPC that knows least.

    missing: houses it does not know or has wrong; gaps: the first of them; since_tick: world tick at which it last
    learned one, or came to the level.
    """

    npc_id: NpcId
    coverage: Share
    missing: Count
    gaps: list[HouseGap]
    since_tick: Count


class HouseMissed(Struct, frozen=True, forbid_unknown_fields=True):
    """A house that many miss: what it is, and how many NPCs do not know it rightly."""

    node: Count
    traits: list[str]
    npcs: Count


class Lag(Struct, frozen=True, forbid_unknown_fields=True):
    """Who holds the village back: NPCs that know all, NPCs that know least, the first of them, the hardest houses."""

    complete: Count
    lagging: Count
    laggards: list[Laggard]
    hardest: list[HouseMissed]


class QuizReport(Struct, frozen=True, forbid_unknown_fields=True):
    """The oracle's verdict; passed only when every NPC answered every location rightly."""

    run: RunId
    tick: Count
    level: Count
    passed: bool
    coverage: Share
    locations: Count
    npcs: list[QuizSheet]
    lag: Lag | None = None


class LevelChange(Struct, frozen=True, forbid_unknown_fields=True):
    """The village went up or down a level after `tick`, and why."""

    run: RunId
    tick: Count
    kind: Literal["promotion", "demotion"]
    level_from: Count
    level_to: Count
    reason: str


class CurriculumStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the village stands in its curriculum.

    levels: how many there are; first: the one it began on; arrived_tick: when it came to this one; quizzes: held on
    it; stalled: failed ones since the coverage last grew; demote_after: so many send it down, 0 never; next_tick: of
    the next quiz that is held in any case; changes: the newest last.
    """

    tick: Count
    level: Count
    name: str
    levels: Count
    first: Count
    locations: Count
    coverage: Share
    passed: bool
    arrived_tick: Count
    quizzes: Count
    stalled: Count
    demote_after: Count
    next_tick: Count
    lag: Lag
    changes: list[LevelChange]
