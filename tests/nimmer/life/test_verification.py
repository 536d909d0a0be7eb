"""Outcomes and verified signals: docs/domain.md sections 3.1 (6), 3.4 and 4 by number."""

import pytest

from nimmer.life.verification import (
    Outcome,
    Verification,
    VerifiedSignal,
    correlation_adjustment,
    node_delta,
    weight_delta,
)


@pytest.mark.parametrize(
    ("outcome", "sign"), [(Outcome.CONFIRMED, 1), (Outcome.PARTIAL, 0), (Outcome.FAILED, -1)]
)
def test_section_3_4_what_an_outcome_moves(outcome: Outcome, sign: int) -> None:
    assert weight_delta(outcome) == sign * 0.02
    assert correlation_adjustment(outcome) == sign * 0.05
    assert node_delta(outcome) == sign * 0.1
    told = Verification("0a", "distance", outcome)
    assert (told.gate_weight_delta, told.correlation_adjustment) == (sign * 0.02, sign * 0.05)


@pytest.mark.parametrize(
    ("confidence", "correlation", "opens", "qualifies"),
    [(0.9, 0.85, True, True), (0.89, 0.84, False, False), (1.0, 1.0, True, True), (1.1, 1.1, False, False)],
)
def test_sections_3_1_and_4_which_signals_qualify_and_which_open(
    confidence: float, correlation: float, opens: bool, qualifies: bool
) -> None:
    signal = VerifiedSignal("distance", confidence, correlation)
    assert (signal.opens, signal.qualifies) == (opens, qualifies)
