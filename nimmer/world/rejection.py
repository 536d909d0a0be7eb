"""Why the world refuses an action, as a code that fits a record and as a sentence for a human.

Source: docs/domain.md section 8 (world server: reject illegal moves with reason).
"""

from enum import IntEnum


class Rejection(IntEnum):
    """The world's answer to one proposed action; 0 means it was carried out."""

    ACCEPTED = 0
    NO_EDGE = 1
    NODE_FULL = 2
    NOBODY_HERE = 3
    NO_CORTEX = 4
    EXHAUSTED = 5
    UNKNOWN_VERB = 6
    PAST_TICK = 7
    DEAD = 8
    NOT_READY = 9

    @property
    def reason(self) -> str:
        """Return what to tell whoever proposed the action."""
        return _REASONS[self]


_REASONS = {
    Rejection.ACCEPTED: "accepted",
    Rejection.NO_EDGE: "there is no edge in that direction; move through a slot that has a neighbour",
    Rejection.NODE_FULL: "the node behind that edge is full; wait or take another way",
    Rejection.NOBODY_HERE: "there is nobody here to talk to; meet another NPC on the same node",
    Rejection.NO_CORTEX: "this NPC may not ask the cortex now; the governor permits it",
    Rejection.EXHAUSTED: "the NPC has no energy and has just moved; without energy it moves only every few ticks",
    Rejection.UNKNOWN_VERB: "no such verb; known are stay, move, look, talk and ask_cortex",
    Rejection.PAST_TICK: "the action was chosen on an observation that is too old; observe again",
    Rejection.DEAD: "the NPC is not alive; it is being born again",
    Rejection.NOT_READY: "the world is not running yet",
}
