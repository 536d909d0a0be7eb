"""Body of what the governor saw when it decided: one row of features per living NPC, and one of the village.

Source: docs/domain.md section 8 (in: every NPC's state and the world as a whole); docs/governor.md has each feature.
"""

from typing import Annotated

from msgspec import Meta, Struct

from nimmer.bus.life_messages import Count, Name, NpcId, Share


class GovernorObserved(Struct, frozen=True, forbid_unknown_fields=True):
    """What the governor saw at the beginning of an epoch, all of it 0..1.

    names: of the columns of features; npcs: whose row is whose, the living ones only; world_names: of the entries of
    world. A reader must go by the names: a later release may see more.
    """

    epoch: Count
    names: list[Name]
    npcs: list[NpcId]
    features: list[list[Share]]
    world_names: list[Name]
    world: Annotated[list[Share], Meta(max_length=1000)]
