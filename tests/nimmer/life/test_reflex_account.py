"""Rent and reward of reflexes: docs/domain.md section 6, slumber jobs."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.reflex_account import TERMS, ReflexAccounts


@pytest.mark.parametrize(
    ("kind", "rent", "reward"),
    [("motor", 0.5, 5), ("sensor", 1, 3), ("heuristic", 2, 10), ("identity", 0.1, 1)],
)
def test_the_terms(kind: str, rent: float, reward: float) -> None:
    accounts = ReflexAccounts()
    accounts.open("one", kind)
    assert accounts.balance("one") == 100.0
    assert accounts.trigger("one") == reward
    assert accounts.balance("one") == 100.0 + reward
    assert accounts.pay_rent() == ()
    assert accounts.balance("one") == 100.0 + reward - rent
    assert len(TERMS) == 4


def test_a_motor_reflex_nobody_needs_lasts_200_cycles() -> None:
    accounts = ReflexAccounts()
    accounts.open("dodge", "motor")
    for _ in range(199):
        assert accounts.pay_rent() == ()
    assert accounts.pay_rent() == ("dodge",)
    assert "dodge" not in accounts
    assert (accounts.balance("dodge"), accounts.trigger("dodge"), accounts.deleted) == (0.0, 0.0, 1)


def test_opening_twice_keeps_the_account_there_is() -> None:
    accounts = ReflexAccounts()
    accounts.open("dodge", "motor")
    accounts.trigger("dodge")
    accounts.open("dodge", "motor")
    assert accounts.balance("dodge") == 105.0
    accounts.close("dodge")
    accounts.close("dodge")
    assert "dodge" not in accounts


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'knee' is no kind of reflex; there are motor, sensor"):
        ReflexAccounts().open("jerk", "knee")


moves = st.lists(
    st.tuples(st.sampled_from(["open", "trigger", "rent"]), st.sampled_from(list(TERMS))), max_size=80
)


@given(moves)
def test_an_account_is_what_came_in_less_its_rent_and_survives_a_restart(
    moves: list[tuple[str, str]],
) -> None:
    accounts, expected = ReflexAccounts(), dict[str, float]()
    for move, kind in moves:
        if move == "open":
            accounts.open(kind, kind)
            expected.setdefault(kind, 100.0)
        elif move == "trigger":
            paid = accounts.trigger(kind)
            if kind in expected:
                expected[kind] += paid
        else:
            gone = accounts.pay_rent()
            expected = {name: left - TERMS[name].rent for name, left in expected.items()}
            assert set(gone) == {name for name, left in expected.items() if left < 5e-7}
            expected = {name: left for name, left in expected.items() if name not in gone}
    for name in TERMS:
        assert accounts.balance(name) == pytest.approx(expected.get(name, 0.0))
    other = ReflexAccounts()
    other.restore(json.loads(json.dumps(accounts.state())))
    assert other.state() == accounts.state()


@pytest.mark.parametrize("account", [["knee", 5], ["motor", -5], ["motor", "5"], ["motor"]])
def test_a_broken_account_is_refused(account: list[object]) -> None:
    with pytest.raises(ValueError, match=r"account|unpack"):
        ReflexAccounts().restore({"accounts": {"one": account}, "deleted": 0})
