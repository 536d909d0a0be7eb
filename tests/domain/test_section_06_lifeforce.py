"""Section 6 of docs/domain.md by number: attention and its beat, the equations, rewards and penalties."""

from itertools import pairwise
from math import exp, inf
from types import SimpleNamespace

import pytest

from nimmer.life.attention import Attention, Mode
from nimmer.life.balance import Standing, balance, heartbeat_hz, reserve_s, standing
from nimmer.life.beat_budget import BEAT_MS, BeatBudget, plan
from nimmer.life.economy import BIRTH_LEVEL, ORGAN_COSTS, PENALTIES, REWARDS, SAMPLES, VENTURES
from nimmer.life.lifeforce import BEAT_S, Lifeforce
from nimmer.life.prices import Prices, Tariff
from nimmer.life.profile import Profile, Sample
from nimmer.life.rubric import MARKS, Points
from nimmer.life.vigour import State, Vigour, next_state


def gate(
    state: int, value: float = 1.0, weight: float = 0.1, tier: int = 2, domain: str = "distance"
) -> SimpleNamespace:
    spec = SimpleNamespace(domain=domain, tier=tier)
    return SimpleNamespace(discrete_state=state, value=value, weight=weight, tier=tier, override=0, spec=spec)


def mode_of(*gates: SimpleNamespace) -> Mode:
    return Attention().update(gates, 0.0)


OPEN, STABLE = 1, 0


# The modes of attention


def test_6_a_reflex_in_the_last_second_comes_first() -> None:
    attention = Attention()
    attention.opened(0, 10.0)
    crowd = [gate(OPEN) for _ in range(6)]
    assert attention.update(crowd, 10.999) is Mode.REFLEX
    assert attention.update(crowd, 11.0) is Mode.OVERWHELMED


@pytest.mark.parametrize(
    ("opened", "mode"),
    [
        (1, Mode.FOCUSED),
        (3, Mode.FOCUSED),
        (4, Mode.ALERT),
        (5, Mode.ALERT),
        (6, Mode.OVERWHELMED),
    ],
)
def test_6_one_to_three_open_gates_focus_four_or_five_alert_more_overwhelm(opened: int, mode: Mode) -> None:
    assert mode_of(*[gate(OPEN)] * opened) is mode


def test_6_a_spent_budget_overwhelms() -> None:
    attention = Attention()
    while attention.budget_left_ms:
        attention.opened(1, 0.0)
    assert attention.update([gate(OPEN)], 0.0) is Mode.OVERWHELMED


def test_6_open_speech_is_a_dialogue() -> None:
    assert mode_of(gate(OPEN), gate(OPEN, domain="speech")) is Mode.DIALOGUE


@pytest.mark.parametrize(("value", "mode"), [(0.25, Mode.ALERT), (-0.25, Mode.ALERT), (0.249, Mode.IDLE)])
def test_6_a_value_of_0_25_alerts(value: float, mode: Mode) -> None:
    assert mode_of(gate(STABLE, value=value)) is mode


def test_6_when_overwhelmed_the_lowest_w_times_a_is_closed_first_and_never_tier_0() -> None:
    attention = Attention()
    gates = [gate(OPEN, 1.0, 0.1 * number) for number in (5, 4, 3, 2, 6)]
    gates += [gate(OPEN, 1.0, 0.01, tier=0), gate(OPEN, 0.6, 0.3)]  # w * A: .01 of tier 0, and .18
    attention.update(gates, 0.0)
    assert attention.to_close(gates) is gates[6]


def test_6_after_the_last_gate_comes_settle_in_which_state_is_written_and_then_idle() -> None:
    attention = Attention()
    modes = [attention.update(seen, 0.0) for seen in ([gate(OPEN)], [gate(STABLE, 0.0)], [gate(STABLE, 0.0)])]
    assert modes == [Mode.FOCUSED, Mode.SETTLE, Mode.IDLE]


def test_6_modes_go_from_idle_over_alert_to_one_of_three_and_settle_back_to_idle() -> None:
    for engaged in (Mode.REFLEX, Mode.FOCUSED, Mode.DIALOGUE):
        path = (Mode.IDLE, Mode.ALERT, engaged, Mode.SETTLE, Mode.IDLE)
        assert all(after in before.successors for before, after in pairwise(path))


# The beat of attention


def test_6_a_beat_is_30_000_ms_and_30_heartbeats_of_1_hz() -> None:
    assert (BEAT_MS, BEAT_S) == (30_000, 30.0)


def test_6_a_beat_spends_100_and_200_before_anything() -> None:
    budget = BeatBudget()
    assert budget.left_ms == 30_000 - 100 - 200
    assert budget.spending()[:2] == (100, 200)


def test_6_a_tier_0_gate_costs_50_ms_one_of_tier_1_or_2_100() -> None:
    assert [plan(1, 0, 0, 0).gates, plan(0, 1, 0, 0).gates] == [50, 100]
    budget = BeatBudget()
    budget.open_gate(2)
    assert budget.gates == 100


def test_6_organs_take_2000_each_up_to_40_percent_of_the_remainder() -> None:
    assert plan(0, 0, 1, 0).organs == 2000
    assert BeatBudget().organs_left_ms == int(29_700 * 0.4)  # 11,880: below the cap of 12,000
    assert plan(0, 0, 99, 0).organs == 10_000
    assert plan(0, 100, 99, 0).organs == 6_000  # 40 % of 19,700 are 7,880


def test_6_cognition_takes_4000_each_up_to_50_percent_of_the_remainder_and_8000() -> None:
    assert plan(0, 0, 0, 1).cognition == 4000
    assert plan(0, 0, 0, 99).cognition == 8000  # half of 29,700 would be three
    assert plan(0, 220, 0, 99).cognition == 0  # half of 7,700 is less than one


def test_6_what_is_subtracted_is_what_was_spent_and_no_cap() -> None:
    assert plan(0, 0, 1, 1).virtual == 30_000 - 100 - 200 - 2000 - 4000


def test_6_the_rest_goes_to_the_virtual_garden_when_it_is_more_than_1000() -> None:
    assert plan(0, 0, 0, 0).virtual == 29_700
    assert plan(0, 286, 0, 0).virtual == 1100
    left = plan(0, 287, 0, 0)
    assert (left.virtual, left.idle) == (0, 1000)


# Equations


def test_6_lifeforce_never_falls_below_0() -> None:
    ledger = Lifeforce(1.0, 0.0)
    assert ledger.charge("collision", 10.0) == 1.0
    assert (ledger.level, ledger.unpaid) == (0.0, 9.0)


def test_6_the_level_is_what_was_there_and_income_less_costs() -> None:
    ledger = Lifeforce(100.0, 60.0)
    ledger.charge("sense", 2.5)
    ledger.advance(3.0)
    assert ledger.level == 100.0 + 3.0 * 1.0 - 2.5


def test_6_an_organism_starts_at_100() -> None:
    assert BIRTH_LEVEL == Lifeforce().level == 100.0


@pytest.mark.parametrize(
    ("income", "expense", "word"),
    [
        (2.0, 1.0, Standing.THRIVING),
        (1.0, 1.0, Standing.BALANCED),
        (0.5, 1.0, Standing.DECLINING),
        (0.0, 1.0, Standing.CRITICAL),
        (1.0, 0.0, Standing.DORMANT),
    ],
)
def test_6_lambda_is_income_over_expense_and_has_a_word(
    income: float, expense: float, word: Standing
) -> None:
    assert standing(balance(income, expense)) is word


def test_6_income_samples_are_5_and_50_5_and_0_and_5_and_minus_20() -> None:
    assert {name: tuple(flow) for name, flow in SAMPLES.items()} == {
        "active": (5.0, 50.0),
        "idle": (5.0, 0.0),
        "failing": (5.0, -20.0),
    }


def test_6_physical_income_is_5_to_10_percent_of_an_active_body_s() -> None:
    active = SAMPLES["active"]
    assert 0.05 <= active.physical / (active.physical + active.reward) <= 0.1


def test_6_the_heart_beats_at_1_hz_times_the_sigmoid_of_the_level() -> None:
    assert heartbeat_hz(20.0) == 0.5  # at L_thr
    assert heartbeat_hz(30.0) == pytest.approx(1.0 / (1.0 + exp(-1.0)))  # one L_scale above
    assert heartbeat_hz(1000.0) == pytest.approx(1.0)


def test_6_the_reserve_is_the_level_over_what_goes_out_less_what_comes_in() -> None:
    assert reserve_s(100.0, 1.0, 3.0) == 50.0
    assert reserve_s(100.0, 3.0, 1.0) == inf


@pytest.mark.parametrize(
    ("share", "lam", "urgent", "state"),
    [
        (0.19, 0.69, False, State.ASLEEP),
        (0.20, 0.69, False, State.SILENT),  # not below 20 %
        (0.19, 0.70, False, State.SILENT),  # not below .7
        (0.19, 0.69, True, State.SILENT),
    ],
)
def test_6_slumber_is_lambda_below_0_7_and_l_below_20_percent_and_nothing_urgent(
    share: float, lam: float, urgent: bool, state: State
) -> None:
    assert next_state(share, lam, urgent, State.SILENT) is state


@pytest.mark.parametrize(
    ("share", "lam", "urgent", "wakes"),
    [
        (0.51, 1.21, False, True),
        (0.50, 1.21, False, False),
        (0.51, 1.2, False, False),
        (0.1, 0.1, True, True),
    ],
)
def test_6_it_wakes_at_lambda_above_1_2_and_l_above_50_percent_or_when_urgent(
    share: float, lam: float, urgent: bool, wakes: bool
) -> None:
    assert (next_state(share, lam, urgent, State.ASLEEP) is not State.ASLEEP) is wakes


def test_6_costs_are_alpha_joules_beta_compute_gamma_mb_s_and_delta_elapsed() -> None:
    sample = Sample(cpu_s=3.0, joules=2.0, mb=5.0, elapsed_s=7.0)
    assert Tariff(alpha=1.0, beta=10.0, gamma=100.0, delta=1000.0).cost(sample) == 2 + 30 + 3500 + 7000


def test_6_printed_prices_hold_until_measured() -> None:
    sample = Sample(cpu_s=1.0, joules=None, mb=0.0, elapsed_s=0.0)
    profile = Profile("here", "2026-11-24T12:00:00Z", 1, {"cell.distance_front": sample})
    prices = Prices.measured(profile, Tariff(beta=0.25), scale=1.0)
    assert (prices.cell("distance_front", 0.5), prices.cell("energy", 0.1)) == (0.25, 0.1)


# Rewards and penalties


@pytest.mark.parametrize(
    ("reason", "pays"),
    [
        ("object", 20.0),
        ("dimension", 5.0),
        ("vector", 2.0),
        ("reidentified", 3.0),
        ("measurement", 5.0),
        ("prediction", 8.0),
        ("reflex", 50.0),
        ("avoided", 5.0),
        ("area", 3.0),
        ("docked", 10.0),
        ("survived", 5.0),
        ("presented", 5.0),
        ("label", 5.0),
        ("interaction", 3.0),
    ],
)
def test_6_rewards(reason: str, pays: float) -> None:
    assert REWARDS[reason] == pays
    assert Lifeforce(0.0, 0.0).reward(reason, pays) == pays


@pytest.mark.parametrize(
    ("reason", "costs"), [("wrong", 5.0), ("collision", 10.0), ("timeout", 2.0), ("sensor", 3.0)]
)
def test_6_penalties(reason: str, costs: float) -> None:
    assert PENALTIES[reason] == costs
    assert Lifeforce(100.0, 0.0).charge(reason, costs) == costs


def test_6_vision_nets_17_or_loses_8_and_pays_25() -> None:
    vision = VENTURES["vision"]
    assert (vision.success, vision.failure, vision.pays) == (17.0, -8.0, 25.0)


def test_6_stt_pays_3_or_costs_5() -> None:
    assert (VENTURES["stt"].success, VENTURES["stt"].failure) == (3.0, -5.0)


def test_6_a_scan_station_nets_31_4_or_loses_32_6() -> None:
    scan = VENTURES["scan_station"]
    assert (scan.success, scan.failure) == pytest.approx((31.4, -32.6))


@pytest.mark.parametrize(
    ("mark", "points", "lifeforce"),
    [("cell", 0.1, 0.3), ("nerve", 1.0, 2.0), ("organism", 5.0, 8.0), ("human", 2.0, 0.0)],
)
def test_6_the_training_rubric(mark: str, points: float, lifeforce: float) -> None:
    assert MARKS[mark] == (points, lifeforce)


def test_6_the_rubric_is_a_currency_of_its_own() -> None:
    with pytest.raises(TypeError):
        Points(100) + 5.0  # type: ignore[operator]  # lifeforce is a plain number


@pytest.mark.parametrize(
    ("organ", "price"),
    [
        ("stt", 5.0),
        ("stt_base", 3.0),
        ("tts", 4.0),
        ("tts_fast", 2.0),
        ("vision_yolo", 8.0),
        ("motor_forward", 2.0),
        ("turn", 1.5),
        ("sensor_read", 0.5),
        ("speech_queue", 0.5),
        ("language_id", 0.2),
    ],
)
def test_6_organ_costs(organ: str, price: float) -> None:
    assert ORGAN_COSTS[organ] == price


def test_6_a_poor_body_is_silent_then_looks_less_then_moves_slower() -> None:
    vigour = Vigour()
    found = []
    for level in (100.0, 15.0, 8.0, 3.0):
        vigour.update(level, 1.0, False, 0.0)
        found.append((vigour.may_speak, [vigour.senses(tick) for tick in (0, 1)], vigour.may_move(1)))
    assert found == [
        (True, [0, 0], True),
        (False, [0, 0], True),
        (False, [0, 1], True),
        (False, [1, 2], False),
    ]


def test_6_at_0_a_body_halts_until_it_is_recharged() -> None:
    vigour = Vigour()
    assert vigour.update(0.0, 0.0, False, 0.0) is State.HALTED
    assert not vigour.may_move(0)
    assert vigour.update(4.9, 0.0, False, 1.0) is State.HALTED
    assert vigour.update(5.0, 1.0, False, 2.0) is not State.HALTED
