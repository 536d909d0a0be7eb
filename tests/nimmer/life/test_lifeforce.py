"""The ledger: never negative, equations of docs/domain.md section 6."""

import json
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.lifeforce import CHARGE, MICRO, REASONS, REWARD, Entry, Lifeforce


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


def signed(entries: tuple[Entry, ...]) -> int:
    return sum(one.amount_micro if one.kind == REWARD else -one.amount_micro for one in entries)


def booked(entries: tuple[Entry, ...]) -> dict[tuple[int, str], tuple[int, int, int]]:
    return {
        (one.kind, REASONS[one.reason]): (one.amount_micro, one.count, one.unpaid_micro) for one in entries
    }


life = st.lists(
    st.tuples(
        st.sampled_from(["charge", "reward", "advance", "beat"]),
        st.sampled_from([*REASONS, "no such reason"]),
        st.one_of(st.floats(0.0, 200.0), st.floats(0.0, 1e-5), st.sampled_from([nan, inf, -1.0, 1e300])),
    ),
    max_size=60,
)


BEAT = ("beat", "", 0.0)


def live(ledger: Lifeforce, moves: list[tuple[str, str, float]]) -> list[tuple[Entry, ...]]:
    """Return the entries of every beat that was closed."""
    closed: list[tuple[Entry, ...]] = []
    for kind, reason, amount in moves:
        if kind == "advance":
            ledger.advance(amount)
        elif kind == "beat":
            closed.append(ledger.close_beat())
        else:
            before, moved = ledger.micro, getattr(ledger, kind)(reason, amount)
            assert abs(ledger.micro - before) == round(moved * MICRO)
        assert ledger.micro >= 0
    return closed


@given(st.floats(0.0, 500.0), life)
def test_the_level_is_the_sum_of_rewards_less_charges_to_the_last_unit(
    level: float, moves: list[tuple[str, str, float]]
) -> None:
    ledger = Lifeforce(level)
    beats = live(ledger, moves)
    assert ledger.micro == sum(map(signed, beats)) + signed(ledger.entries()) == signed(ledger.totals())
    assert all(one.unpaid_micro == 0 for one in ledger.totals() if one.kind == REWARD)


@given(life, life)
def test_a_restored_ledger_goes_on_as_if_nothing_had_happened(
    before: list[tuple[str, str, float]], after: list[tuple[str, str, float]]
) -> None:
    ledger = Lifeforce()
    live(ledger, before)
    other = Lifeforce()
    other.restore(json.loads(json.dumps(ledger.state())))
    kept = [{key: sums for key, sums in booked(one).items() if sums[1]} for one in live(other, after)]
    assert kept == [booked(one) for one in live(ledger, after)]
    assert other.state() == ledger.state()


@given(life, life, life)
def test_rows_written_again_after_a_kill_replace_all_of_the_older_ones(
    before: list[tuple[str, str, float]],
    lost: list[tuple[str, str, float]],
    after: list[tuple[str, str, float]],
) -> None:
    rows: dict[tuple[int, int, int], Entry] = {}

    def write(beat: int, entries: tuple[Entry, ...]) -> None:
        rows.update({(beat, one.kind, one.reason): one for one in entries})

    def go(ledger: Lifeforce, moves: list[tuple[str, str, float]]) -> None:
        beat = ledger.beat
        for number, entries in enumerate(live(ledger, moves), start=beat):
            write(number, entries)
        write(ledger.beat, ledger.entries())

    first = Lifeforce()
    go(first, before)
    remembered = json.dumps(first.state())
    quiet = [move for move in lost if move[0] != "beat"]
    go(first, [*quiet, BEAT, *quiet])
    second = Lifeforce()
    second.restore(json.loads(remembered))
    go(second, [BEAT, *after])
    kept = tuple(one for (beat, _, _), one in rows.items() if beat <= second.beat)
    assert second.micro == signed(kept)


def test_birth_and_income_are_rewards_too() -> None:
    ledger = Lifeforce()
    ledger.advance(12.0)
    ledger.charge("sense", 0.5)
    assert booked(ledger.entries()) == {
        (CHARGE, "sense"): (500_000, 1, 0),
        (REWARD, "birth"): (100_000_000, 1, 0),
        (REWARD, "income"): (1_000_000, 1, 0),
    }
    assert ledger.micro == 100_500_000
    assert ledger.rewarded == {}


def test_income_loses_nothing_to_rounding() -> None:
    ledger = Lifeforce(0.0)
    for _ in range(20 * 60):
        ledger.advance(0.05)
    assert ledger.micro == pytest.approx(5 * MICRO, abs=1)


def test_what_cannot_be_paid_is_counted_apart() -> None:
    ledger = Lifeforce(1.0)
    ledger.charge("gate", 0.75)
    assert ledger.charge("nerve", 0.5) == 0.25
    assert ledger.charge("nerve", 0.5) == 0.0
    assert booked(ledger.entries())[CHARGE, "nerve"] == (250_000, 2, 750_000)
    assert (ledger.micro, ledger.unpaid) == (0, 0.75)


def test_a_reason_nobody_knows_is_booked_as_other() -> None:
    ledger = Lifeforce()
    ledger.charge("bribe", 1.0)
    assert booked(ledger.entries())[CHARGE, "other"] == (1_000_000, 1, 0)


def test_a_beat_is_30_s_of_lived_time() -> None:
    ledger = Lifeforce()
    ledger.advance(29.9)
    assert (ledger.beat, ledger.beat_over) == (0, False)
    ledger.advance(0.2)
    assert ledger.beat_over
    ledger.close_beat()
    assert (ledger.beat, ledger.begun_s, ledger.beat_over) == (1, 30.0, False)
    assert ledger.entries() == ()


def test_a_long_pause_ends_several_beats_and_leaves_no_number_out() -> None:
    ledger = Lifeforce()
    ledger.advance(75.0)
    closed = []
    while ledger.beat_over:
        closed.append((ledger.beat, signed(ledger.close_beat())))
    assert closed == [(0, 106_250_000), (1, 0)]
    assert (ledger.beat, ledger.begun_s) == (2, 60.0)


def test_the_first_beats_of_a_second_life_name_every_sum() -> None:
    ledger = Lifeforce()
    other = Lifeforce()
    other.restore(ledger.state())
    for _ in range(2):
        assert len(other.close_beat()) == 2 * len(REASONS)
    assert other.close_beat() == ()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("micro", 7),
        ("micro", "7"),
        ("micro", -1),
        ("past", {}),
        ("now", [["reward", "no such reason", 1, 1, 0]]),
        ("now", [["reward", "birth", -5, 1, 0]]),
        ("lived_s", nan),
        ("begun_s", 31.0),
        ("rates", [0.0, 0, 0, 0.0, nan, 0.0]),
    ],
)
def test_a_broken_ledger_is_refused(key: str, value: object) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Lifeforce().restore({**Lifeforce().state(), key: value})
