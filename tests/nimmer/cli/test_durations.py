import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.cli.durations import duration_s, spoken
from nimmer.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("10m", 600), ("2h", 7200), ("7d", 604_800), ("1.5h", 5400), (" 5 M ", 300)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "-3m", "10 min", "1h30m", "1e3s", "nan s", "5 weeks"])
def test_another_form_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ConfigError, match="such as 30s, 10m, 2h or 7d"):
        duration_s(text)


@pytest.mark.parametrize("text", ["0s", "0.0h", "4000d", "9" * 400 + "s"])
def test_a_duration_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="out of range"):
        duration_s(text)


@given(st.integers(1, 3_000_000))
def test_whole_seconds_round_trip(seconds: int) -> None:
    assert duration_s(f"{seconds}s") == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (5.9, "5 s"),
        (130, "2 min 10 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (12_000, "3 h 20 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_duration_is_spoken_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert spoken(seconds) == words
