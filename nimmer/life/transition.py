"""The words of a gate: its states, why it changes, what the governor may order, and the record of one change.

Source: docs/domain.md sections 3.1 and 7 (GateTransition) and 13 point 18.
"""

from enum import IntEnum
from typing import NamedTuple

SOURCE_ATTENTION = 65533
SOURCE_VERIFIED = 65534
SOURCE_GOVERNOR = 65535
"""Who is named as the trigger of a transition that no wave caused: cells that are in no table."""
PSEUDO_SOURCES = {SOURCE_ATTENTION: "attention", SOURCE_VERIFIED: "verified", SOURCE_GOVERNOR: "governor"}

Trigger = tuple[int, float, float, tuple[float, ...]]
"""What a transition says of a wave: cell, confidence, time in s, and what was said."""


class GateState(IntEnum):
    """What a gate is doing; each state knows its successors."""

    CLOSED = -1
    STABLE = 0
    OPEN = 1

    @property
    def successors(self) -> "tuple[GateState, ...]":
        """Return the states one transition can reach: OPEN and CLOSED lie two steps apart."""
        return (GateState.CLOSED, GateState.OPEN) if self is GateState.STABLE else (GateState.STABLE,)


class Cause(IntEnum):
    """Why a gate changed."""

    CORRELATION = 0
    REFLEX = 1
    VERIFIED = 2
    GOVERNOR = 3
    DECAY = 4
    ATTENTION = 5


PSEUDO_OF_CAUSE = {
    Cause.VERIFIED: SOURCE_VERIFIED,
    Cause.GOVERNOR: SOURCE_GOVERNOR,
    Cause.ATTENTION: SOURCE_ATTENTION,
}
"""Who gave the order behind a transition that needs no wave."""


class Override(IntEnum):
    """What the governor holds a gate to."""

    FORCE_CLOSE = -1
    AUTO = 0
    FORCE_OPEN = 1


class Transition(NamedTuple):
    """One change of one gate, in the words of the arena's transition record.

    gate: index in its table; tier: where waves are routed from now on; value: A; correlation: of the wave that
    triggered it; cost: lifeforce; triggers: 1 to 4, never none; node: key of the pattern that opened the gate, 0
    when none did.
    """

    gate: int
    from_state: int
    to_state: int
    cause: int
    tier: int
    value: float
    correlation: float
    cost: float
    weight: float
    time_s: float
    triggers: tuple[Trigger, ...]
    node: int = 0
