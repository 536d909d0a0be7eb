"""Reaction times against the budgets of docs/domain.md section 3.3."""

import json
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.life.reactions import BUCKETS, Reactions


@pytest.mark.parametrize(
    ("tier", "within_s", "beyond_s"),
    [(0, 0.0099, 0.01), (1, 0.0499, 0.05), (2, 0.199, 0.2), (3, 1.99, 2.0), (4, 3.99, 4.0)],
)
def test_section_3_3_a_reaction_must_take_less_than_its_budget(
    tier: int, within_s: float, beyond_s: float
) -> None:
    reactions = Reactions()
    reactions.note(tier, within_s)
    assert reactions.tiers[tier].over == 0
    reactions.note(tier, beyond_s)
    (row,) = reactions.summary()
    assert (row["tier"], row["events"], row["over_budget"]) == (tier, 2, 1)
    assert row["budget_ms"] == pytest.approx(beyond_s * 1e3)
    assert row["worst_ms"] == pytest.approx(beyond_s * 1e3)


def test_section_3_3_partnership_has_no_budget() -> None:
    reactions = Reactions()
    reactions.note(5, 1e6)
    assert reactions.summary()[0]["budget_ms"] is None
    assert reactions.tiers[5].over == 0


def test_what_is_no_time_or_no_tier_is_counted_and_changes_nothing() -> None:
    reactions = Reactions()
    for tier, latency_s in ((6, 0.1), (-1, 0.1), (0, nan), (0, inf), (0, -inf)):
        reactions.note(tier, latency_s)
    assert (reactions.refused, reactions.summary()) == (5, [])
    reactions.note(0, -0.5)  # two clocks: no time at all
    assert (reactions.tiers[0].events, reactions.tiers[0].worst_s) == (1, 0.0)


@given(st.lists(st.floats(1e-6, 100.0), min_size=1, max_size=300), st.floats(0.01, 1.0))
@settings(max_examples=100, deadline=None)
def test_a_percentile_is_never_too_low_and_at_most_a_tenth_too_high(times: list[float], share: float) -> None:
    reactions = Reactions()
    for time_s in times:
        reactions.note(1, time_s)
    one = reactions.tiers[1]
    exact = sorted(times)[max(int(-(-share * len(times) // 1)) - 1, 0)]
    assert exact * (1 - 1e-9) <= one.quantile(share) <= exact * 1.0906
    assert one.mean_s == pytest.approx(sum(times) / len(times))
    assert one.worst_s == max(times)
    assert len(one.buckets) == BUCKETS
    other = Reactions()
    other.restore(json.loads(json.dumps(reactions.state())))
    assert other.state() == reactions.state()
    assert other.summary() == reactions.summary()
