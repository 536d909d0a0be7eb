from hypothesis import given
from hypothesis import strategies as st

from nimmer.cortex.allowance import Allowance


def test_an_asker_may_ask_so_often_a_minute_and_then_a_little_more_as_time_goes_by() -> None:
    allowance = Allowance(per_minute=3, lifeforce=100.0)
    assert [allowance.admit("npc 1", 1.0, 0.0) for _ in range(3)] == ["", "", ""]
    assert "cortex.npc_per_minute" in allowance.admit("npc 1", 1.0, 0.0)
    assert allowance.admit("npc 2", 1.0, 0.0) == ""
    assert allowance.admit("npc 1", 1.0, 20.0) == ""


def test_lifeforce_is_reserved_and_what_was_not_spent_is_given_back() -> None:
    allowance = Allowance(per_minute=100, lifeforce=12.0)
    assert allowance.admit("npc 1", 5.0, 0.0) == ""
    assert allowance.admit("npc 1", 5.0, 0.0) == ""
    assert "cortex.npc_lifeforce" in allowance.admit("npc 1", 5.0, 0.0)
    allowance.settle("npc 1", reserved := 5.0, spent=2.0)
    assert reserved
    assert allowance.admit("npc 1", 5.0, 0.0) == ""


def test_a_refused_request_takes_nothing() -> None:
    allowance = Allowance(per_minute=1, lifeforce=10.0)
    assert allowance.admit("npc 1", 4.0, 0.0) == ""
    for _ in range(5):
        assert allowance.admit("npc 1", 4.0, 0.0) != ""
    assert allowance.admit("npc 1", 6.0, 60.0) == ""


def test_a_budget_no_purse_can_hold_is_refused_with_the_setting() -> None:
    assert "cortex.npc_lifeforce" in Allowance(5, 3.0).admit("npc 1", 5.0, 0.0)
    assert "cortex.npc_lifeforce" in Allowance(5, 0.0).admit("npc 1", 0.5, 0.0)


@given(st.lists(st.tuples(st.floats(0.0, 20.0), st.floats(0.1, 8.0)), max_size=60))
def test_in_any_stretch_no_more_is_let_in_than_a_full_purse_and_what_the_time_brings(
    asks: list[tuple[float, float]],
) -> None:
    allowance, now_s, spent, calls = Allowance(6, 20.0), 0.0, 0.0, 0
    for step_s, budget in asks:
        now_s += step_s
        if allowance.admit("npc 1", budget, now_s) == "":
            spent += budget
            calls += 1
    assert spent <= 20.0 * (1 + now_s / 60) + 1e-6
    assert calls <= 6 * (1 + now_s / 60) + 1e-6
