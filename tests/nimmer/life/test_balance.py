"""Lambda, reserve and heartbeat: equations of docs/domain.md section 6."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.balance import HEARTBEAT_HZ, Standing, balance, heartbeat_hz, reserve_s, standing


@pytest.mark.parametrize(
    ("income", "expense", "word"),
    [
        (55.0, 20.0, Standing.THRIVING),
        (5.0, 5.0, Standing.BALANCED),
        (5.0, 10.0, Standing.DECLINING),
        (0.1, 10.0, Standing.CRITICAL),
        (0.0, 10.0, Standing.CRITICAL),
        (5.0, 0.0, Standing.DORMANT),
    ],
)
def test_lambda_has_a_word(income: float, expense: float, word: Standing) -> None:
    assert standing(balance(income, expense)) is word


def test_the_reserve_is_level_over_drain() -> None:
    assert reserve_s(100.0, 5.0, 10.0) == 20.0
    assert reserve_s(100.0, 10.0, 10.0) == inf
    assert reserve_s(100.0, 10.0, 5.0) == inf


def test_the_heart_beats_at_half_its_base_at_the_threshold() -> None:
    assert HEARTBEAT_HZ == 1.0
    assert heartbeat_hz(20.0) == 0.5
    assert heartbeat_hz(100.0) == pytest.approx(0.99966, abs=1e-5)
    assert heartbeat_hz(0.0) == pytest.approx(0.1192, abs=1e-4)
    assert heartbeat_hz(20.0, 10.0) == 5.0


@given(st.floats(0.0, 1e9), st.floats(0.0, 1e9))
def test_who_has_more_never_beats_slower(low: float, more: float) -> None:
    assert 0.0 < heartbeat_hz(low) <= heartbeat_hz(low + more) <= 1.0
