"""Makes the message that closes the loop: what came of a real deed, told to the virtual garden.

Source: docs/domain.md sections 3.4 (learning) and 7 (VerificationOutcome).
"""

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET

from nimmer.bus.garden_messages import Feedback, Outcome, VerificationOutcome
from nimmer.bus.life_messages import Scalar
from nimmer.life import verification

_WORDS: Final[Mapping[int, Outcome]] = {1: "confirmed", 0: "partial", -1: "failed"}
_DISCREPANCY: Final[Mapping[int, float]] = {1: 0.0, 0: 0.5, -1: 1.0}


def verification_outcome(
    original_signal_id: str,
    domain: str,
    outcome: int,
    *,
    expected: Mapping[str, Scalar],
    actual: Mapping[str, Scalar],
    gate_id: str = "",
    weight_delta: float | None = None,
    correlation_adjustment: float | None = None,
    reward: float | None = None,
) -> VerificationOutcome:
    """Return the message of one outcome: 1 confirmed, 0 partial, -1 failed.

    Args:
        original_signal_id: uuid of the gate transition, or of the verified signal, that was acted on.
        domain: of its gate.
        outcome: what came of it.
        expected: what was expected, by name.
        actual: what happened, by name.
        gate_id: `npc.7.collision_avoidance_gate`.
        weight_delta: what the gate's weight moved by; the printed +-.02 when not given.
        correlation_adjustment: the printed +-.05 when not given.
        reward: lifeforce earned by it, where there was any.

    Raises ValueError for another outcome.
    """
    if outcome not in _WORDS:
        raise ValueError(f"outcome is {outcome}; it is 1 confirmed, 0 partial or -1 failed")
    known = verification.Outcome(outcome)
    return VerificationOutcome(
        original_signal_id,
        domain,
        _WORDS[outcome],
        dict(actual),
        dict(expected),
        _DISCREPANCY[outcome],
        Feedback(
            verification.correlation_adjustment(known)
            if correlation_adjustment is None
            else correlation_adjustment,
            verification.weight_delta(known) if weight_delta is None else weight_delta,
            UNSET if reward is None else reward,
        ),
        gate_id,
    )
