"""What became of an opening, and what that teaches: the numbers of the loop between the two gardens.

    virtual gate opens -> VerifiedSignal -> real gate acts -> outcome -> weight of the virtual gate

Source: docs/domain.md sections 3.1 (6), 3.4 (learning), 4 (the loop) and 7 (VerifiedSignal, VerificationOutcome).
"""

from enum import IntEnum
from typing import NamedTuple

WEIGHT_DELTA = 0.02
CORRELATION_ADJUSTMENT = 0.05
NODE_DELTA = 0.1
VERIFIED_ENOUGH = 0.9
"""From this verification confidence on, a verified signal opens its real gate directly."""
QUALIFYING_CORRELATION = 0.85
"""From this correlation on, a virtual opening is a candidate for the real garden."""


class Outcome(IntEnum):
    """What the world said to an act."""

    FAILED = -1
    PARTIAL = 0
    CONFIRMED = 1


def weight_delta(outcome: Outcome) -> float:
    """Return by how much the weight of the gate moves."""
    return WEIGHT_DELTA * outcome


def correlation_adjustment(outcome: Outcome) -> float:
    """Return by how much the virtual garden is to believe such correlations more, or less."""
    return CORRELATION_ADJUSTMENT * outcome


def node_delta(outcome: Outcome) -> float:
    """Return by how much the weight of the node moves."""
    return NODE_DELTA * outcome


class VerifiedSignal(NamedTuple):
    """What the virtual garden hands to the real one. Confidences are 0..1, the correlation -1..1.

    transition: message id of the virtual gate's opening.
    """

    domain: str
    verification_confidence: float
    virtual_correlation_score: float
    transition: str = ""
    semantic_summary: str = ""

    @property
    def qualifies(self) -> bool:
        """Return whether the virtual opening was sure enough to be tried in the real garden at all."""
        return QUALIFYING_CORRELATION <= self.virtual_correlation_score <= 1.0

    @property
    def opens(self) -> bool:
        """Return whether the real gate believes it without correlating anew."""
        return VERIFIED_ENOUGH <= self.verification_confidence <= 1.0


class Verification(NamedTuple):
    """What became of one verified signal, as it is told back.

    original_signal: message id of the VerifiedSignal; discrepancy: how far the result was from the expected one.
    """

    original_signal: str
    domain: str
    outcome: Outcome
    discrepancy: float = 0.0

    @property
    def gate_weight_delta(self) -> float:
        """Return what the virtual gate's weight moves by."""
        return weight_delta(self.outcome)

    @property
    def correlation_adjustment(self) -> float:
        """Return by how much such correlations are believed more, or less."""
        return correlation_adjustment(self.outcome)
