"""Why a virtual gate opened, by number."""

import pytest

from nimmer.life.gate import ResonantGate, Transition
from nimmer.life.gates import BODY_GATES
from nimmer.life.senses import BODY_CELLS, DISTANCE_FRONT, DISTANCE_LEFT, DISTANCE_RIGHT, ENERGY
from nimmer.life.wave import Wave
from nimmer.world.virtual_correlation import Signal, aggregate, certainty, resonance, signals_of

COLLISION = BODY_GATES[0]
BATTERY = BODY_GATES[1]
FRONT, LEFT, RIGHT = 0.0, 1.0, 2.0


def near(cell: int, direction: float, cm: float = 15.0, at_s: float = 1.0, sure: float = 0.9) -> Signal:
    return Signal(cell, sure, at_s, (cm, direction, 0.0))


def test_the_domains_sample_comes_to_its_printed_number() -> None:
    sample = [[1.0, 0.9, 0.85], [0.9, 1.0, 0.88], [0.85, 0.88, 1.0]]
    assert aggregate(sample) == pytest.approx(0.865)
    assert round(aggregate(sample), 2) in (0.86, 0.87)  # printed .87


def test_nobody_and_one_alone_agree_with_nobody() -> None:
    assert aggregate([]) == 0.0
    assert aggregate([[1.0]], alone=0.45) == 0.45
    assert resonance(BATTERY, [Signal(ENERGY, 1.0, 1.0, (8.0, 0.0))], alone=0.5).aggregate == 0.5


def test_two_walls_at_one_distance_agree_fully() -> None:
    found = resonance(COLLISION, [near(DISTANCE_FRONT, FRONT), near(DISTANCE_LEFT, LEFT)])
    assert found.matrix == [[1.0, 1.0], [1.0, 1.0]]
    assert found.aggregate == 1.0


def test_a_free_side_is_no_contradiction_to_a_wall_ahead() -> None:
    signals = [
        near(DISTANCE_RIGHT, RIGHT, 200.0),
        near(DISTANCE_FRONT, FRONT),
        near(DISTANCE_LEFT, LEFT, 25.0),
    ]
    found = resonance(COLLISION, signals)
    assert found.matrix[0] == [1.0, 0.0, 0.0]
    assert found.aggregate == found.matrix[2][1] == pytest.approx((2 + 0.9 + 1) / 4)


def test_the_wave_that_opened_the_gate_comes_last() -> None:
    gate = ResonantGate(COLLISION, 0, BODY_CELLS)
    opened: tuple[Transition, ...] = ()
    waves: list[Wave] = []
    for tick in range(20):
        at_s = 1.0 + tick / 20
        waves = [
            Wave(cell, at_s, 0.9, 0.0, (cm, direction, 0.0))
            for cell, direction, cm in ((0, FRONT, 15.0), (1, LEFT, 15.0), (2, RIGHT, 115.0))
        ]
        for wave in waves:
            opened = opened or gate.hear(wave)
        if opened:
            break
    signals = signals_of(opened[0])
    assert [signal.cell for signal in signals][-1] in (DISTANCE_FRONT, DISTANCE_LEFT)
    assert signals[-1].time_s == at_s == max(signal.time_s for signal in signals)
    assert opened[0].correlation == pytest.approx(resonance(COLLISION, signals).aggregate, abs=0.15)


def test_signals_are_in_the_order_of_their_time_and_a_pseudo_cell_is_left_out() -> None:
    triggers = ((65534, 1.0, 2.0, ()), (1, 0.9, 2.0, (15.0, 1.0, 0.0)), (0, 0.6, 1.5, (16.0, 0.0, 0.0)))
    one = Transition(0, 0, 1, 0, 2, 1.0, 0.9, 0.3, 0.1, 2.0, triggers)
    assert signals_of(one) == (
        Signal(0, 0.6, 1.5, (16.0, 0.0, 0.0)),
        Signal(1, 0.9, 2.0, (15.0, 1.0, 0.0)),
    )


def test_equal_meanings_have_equal_hashes_whenever_they_were_said() -> None:
    one = near(DISTANCE_FRONT, FRONT, at_s=1.0)
    assert one.semantic_hash == near(DISTANCE_FRONT, FRONT, at_s=9.0, sure=0.3).semantic_hash
    assert one.semantic_hash != near(DISTANCE_FRONT, FRONT, 16.0).semantic_hash
    assert len(one.semantic_hash) == 16


def test_agreeing_waves_leave_each_other_less_room_to_be_wrong() -> None:
    assert certainty(BATTERY, [Signal(ENERGY, 0.9, 1.0, (15.0, 0.0))]) == pytest.approx(0.9)
    both = [near(DISTANCE_FRONT, FRONT, sure=0.6), near(DISTANCE_LEFT, LEFT, sure=0.9)]
    assert certainty(COLLISION, both) == pytest.approx(0.96)
    assert certainty(COLLISION, [*both, near(DISTANCE_RIGHT, RIGHT, 200.0)]) == pytest.approx(0.96)
    assert certainty(COLLISION, []) == 0.0
