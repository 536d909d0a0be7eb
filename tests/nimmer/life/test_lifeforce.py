"""The ledger: never negative, equations of docs/domain.md section 6."""

import json
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.lifeforce import Lifeforce


def test_income_flows_with_time() -> None:
    ledger = Lifeforce(10.0, income_per_minute=6.0)
    ledger.advance(10.0)
    assert ledger.level == pytest.approx(11.0)


def test_a_charge_never_takes_more_than_there_is() -> None:
    ledger = Lifeforce(1.0)
    assert ledger.charge("sense", 1.5) == 1.0
    assert (ledger.level, ledger.unpaid, ledger.charged) == (0.0, 0.5, {"sense": 1.5})


def test_balance_is_income_over_expense() -> None:
    ledger = Lifeforce(100.0, income_per_minute=60.0)
    assert (ledger.balance, ledger.reserve_s) == (inf, inf)
    for _ in range(600):
        ledger.charge("sense", 2.0)
        ledger.advance(1.0)
    assert ledger.balance == pytest.approx(0.5)
    ledger.reward("fact", 50.0)
    assert ledger.reserve_s == pytest.approx(ledger.level / 1.0, rel=1e-3)


def test_nonsense_amounts_change_nothing() -> None:
    ledger = Lifeforce(5.0)
    for amount in (nan, inf, -1.0):
        ledger.charge("sense", amount)
        ledger.reward("fact", amount)
        ledger.advance(amount)
    assert (ledger.level, ledger.charged, ledger.rewarded) == (5.0, {}, {})
    with pytest.raises(ValueError, match="0 or more"):
        Lifeforce(-1.0)


moves = st.lists(
    st.tuples(st.sampled_from(["charge", "reward", "advance"]), st.floats(0.0, 1e6)), max_size=50
)


@given(moves)
def test_the_level_is_never_negative_and_survives_a_restart(moves: list[tuple[str, float]]) -> None:
    ledger = Lifeforce()
    for kind, amount in moves:
        if kind == "advance":
            ledger.advance(amount)
        else:
            getattr(ledger, kind)("reason", amount)
        assert ledger.level >= 0.0
    other = Lifeforce()
    other.restore(json.loads(json.dumps(ledger.state())))
    assert other.state() == ledger.state()
