"""From what was seen to what is known: which traits the house here has, going by the things in the frame.

The house here is the largest one. What belongs to it is told by where it is and how large: what is far away is
small. Of each group (colour, material, door, roof) the surest counts.
Source: docs/eye.md, "From things to traits".
"""

from collections.abc import Iterable, Sequence

from nimmer.eye.box import Box
from nimmer.eye.labels import FAR_WELL, FITTINGS, GROUPS, HOUSE, SMOKE, TRAITS, WELL, YARD
from nimmer.eye.seen import Seen

SURE = 0.35
"""From this confidence on a trait is believed."""
_FAR_FOOT = 0.03
"""A well whose foot is this much of the frame above the house's is away from it."""
_NEAR_SIZE = 0.16
"""A well at the house is at least this high; one 3 m away is lower, a neighbour's well lower still."""
_FAR_SIZE = 0.08
_SMOKE_SIZE = 0.17
"""Smoke from the roof here is at least this high; that of a neighbour is lower."""


def traits_seen(
    seen: Sequence[Seen], vocabulary: Iterable[str] = TRAITS, sure: float = SURE
) -> tuple[str, ...]:
    """Return the traits of the house here, in the order of `vocabulary`; words nobody can see are never among them."""
    certain = [one for one in seen if one.confidence >= sure]
    house = house_here(certain)
    found = {trait for one in certain if (trait := _trait(one, house)) is not None}
    for group in GROUPS:
        rivals = [one for one in certain if one.label in group and one.label in found]
        if rivals:
            surest = max(rivals, key=lambda one: one.confidence)
            found -= set(group) - {surest.label}
    return tuple(word for word in vocabulary if word in found)


def house_here(seen: Iterable[Seen]) -> Box | None:
    """Return the box of the largest house, or None."""
    return max((one.box for one in seen if one.label == HOUSE), key=lambda box: box.area, default=None)


def _trait(one: Seen, house: Box | None) -> str | None:
    """Return the trait a thing stands for, or None when it is none or belongs to another house."""
    if one.label in YARD or one.label in FITTINGS or any(one.label in group for group in GROUPS):
        return one.label
    if one.label == WELL:
        return _which_well(one.box, house)
    if one.label == SMOKE and one.box.height >= _SMOKE_SIZE:
        return SMOKE
    return None


def _which_well(box: Box, house: Box | None) -> str | None:
    if house is None or box.bottom > house.bottom - _FAR_FOOT or box.height >= _NEAR_SIZE:
        return WELL
    return FAR_WELL if box.height >= _FAR_SIZE else None
