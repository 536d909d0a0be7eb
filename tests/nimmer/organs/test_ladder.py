import pytest

from nimmer.organs.ladder import Rung, budget, price, rung


@pytest.mark.parametrize(
    ("level", "least"),
    [(100.0, Rung.FULL), (47.5, Rung.FULL), (47.4, Rung.BASE), (27.5, Rung.BASE), (27.4, Rung.HEARING),
     (15.0, Rung.HEARING), (14.9, Rung.SILENCE), (0.0, Rung.SILENCE)],
)  # fmt: skip
def test_the_rungs_lie_where_the_domain_puts_them(level: float, least: Rung) -> None:
    assert rung(budget(level), 1.0) is least


def test_a_beat_spends_at_most_fifteen() -> None:
    assert budget(1000.0) == 15.0


def test_hearing_and_speaking_together_cost_the_rung() -> None:
    for on in (Rung.FULL, Rung.BASE):
        assert (price("stt", on, 1.0) or 0) + (price("tts", on, 1.0) or 0) == on.value
    assert price("tts", Rung.HEARING, 1.0) is None


def test_prices_and_rungs_scale_alike() -> None:
    assert rung(0.095, 0.01) is Rung.FULL
    assert rung(0.0949, 0.01) is Rung.BASE
    assert price("vision", Rung.FULL, 0.01) == pytest.approx(0.08)
