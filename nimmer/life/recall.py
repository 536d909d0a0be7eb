"""A command as a pattern keeps it: one whole number, relative to where the body looks where that matters.

Bits: verb, then direction (0 none, 1 front, 2 left, 3 right, 4 back, 5 + slot as it is); the edge that acted is
kept above them by the nerve, so that a command is only ever recalled in the place it was given.
"""

from nimmer.life.action import MOVES, Action, Verb
from nimmer.life.scene import Scene
from nimmer.minds.pathfinder import BLOCKED_CM

BITS = 9
"""Bits of a command without its edge."""
_VERB = 5
_DIRECTIONS = 31
_SLOTS = 5


def remembered(action: Action, scene: Scene, turns: bool) -> int:
    """Return `action` as a number; `turns`: it turns with the body (go left), else it is a slot of the map."""
    verb, slot = action
    if verb != Verb.MOVE:
        return verb << _VERB
    around = scene.around
    if turns and slot in around:
        return verb << _VERB | around.index(slot) + 1
    return verb << _VERB | _SLOTS + slot


def recalled(code: int, scene: Scene) -> Action | None:
    """Return the action that `code` means here, None where that way is none or blocked."""
    verb, direction = code >> _VERB & 15, code & _DIRECTIONS
    if verb != Verb.MOVE:
        return Action(verb)
    slot = direction - _SLOTS if direction >= _SLOTS else scene.around[direction - 1]
    if not 0 <= slot < len(MOVES) or scene.percept.distance_cm[slot] < BLOCKED_CM:
        return None
    return MOVES[slot]
