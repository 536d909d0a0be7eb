"""The printed table of docs/domain.md section 6, number by number."""

import pytest

from nimmer.life.economy import BIRTH_LEVEL, ORGAN_COSTS, PENALTIES, REWARDS, SAMPLES, VENTURES
from nimmer.life.lifeforce import REASONS


@pytest.mark.parametrize(
    ("reason", "amount"),
    [
        ("object", 20), ("dimension", 5), ("vector", 2), ("reidentified", 3), ("measurement", 5),
        ("prediction", 8), ("reflex", 50), ("avoided", 5), ("area", 3), ("docked", 10), ("survived", 5),
        ("presented", 5), ("label", 5), ("interaction", 3),
    ],
)  # fmt: skip
def test_what_success_pays(reason: str, amount: float) -> None:
    assert REWARDS[reason] == amount


@pytest.mark.parametrize(
    ("reason", "amount"), [("wrong", 5), ("collision", 10), ("timeout", 2), ("sensor", 3)]
)
def test_what_failure_costs(reason: str, amount: float) -> None:
    assert PENALTIES[reason] == amount


@pytest.mark.parametrize(
    ("organ", "amount"),
    [
        ("stt", 5), ("stt_base", 3), ("tts", 4), ("tts_fast", 2), ("vision_yolo", 8), ("motor_forward", 2),
        ("turn", 1.5), ("sensor_read", 0.5), ("speech_queue", 0.5), ("language_id", 0.2),
    ],
)  # fmt: skip
def test_what_an_organ_costs(organ: str, amount: float) -> None:
    assert ORGAN_COSTS[organ] == amount


def test_nothing_is_in_the_table_that_is_not_printed() -> None:
    assert (len(REWARDS), len(PENALTIES), len(ORGAN_COSTS), len(VENTURES)) == (14, 4, 10, 3)


@pytest.mark.parametrize(
    ("venture", "success", "failure"),
    [("vision", 17.0, -8.0), ("stt", 3.0, -5.0), ("scan_station", 31.4, -32.6)],
)
def test_the_net_of_a_venture(venture: str, success: float, failure: float) -> None:
    assert VENTURES[venture].success == pytest.approx(success)
    assert VENTURES[venture].failure == pytest.approx(failure)


def test_vision_pays_25_for_its_8() -> None:
    assert VENTURES["vision"] == (ORGAN_COSTS["vision_yolo"], 25.0)
    assert VENTURES["stt"].costs == ORGAN_COSTS["stt"]


def test_the_samples_of_income() -> None:
    assert [tuple(SAMPLES[name]) for name in ("active", "idle", "failing")] == [(5, 50), (5, 0), (5, -20)]
    physical, reward = SAMPLES["active"]
    assert 0.05 <= physical / (physical + reward) <= 0.10


def test_an_organism_starts_with_100() -> None:
    assert BIRTH_LEVEL == 100.0


def test_every_amount_has_one_reason_of_its_own() -> None:
    assert len(set(REASONS)) == len(REASONS)
    assert {*REWARDS, *PENALTIES} <= set(REASONS)


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        REWARDS["object"] = 1e6  # type: ignore[index]  # the point of the test
