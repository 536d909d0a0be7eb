"""The tables of gates, and how their states are packed into a record."""

from nimmer.life.gates import ALL_STABLE, BODY_GATES, gate_states, named_gate_states


def test_two_bits_per_gate_are_its_state_and_damage_is_no_state() -> None:
    assert gate_states(0b10_01_00, 3) == [-1, 0, 1]
    assert gate_states(0b11, 1) == [2]
    assert gate_states(ALL_STABLE, 8) == [0] * 8


def test_states_are_named_by_the_bodys_gates_in_their_order() -> None:
    assert list(named_gate_states(ALL_STABLE)) == [gate.name for gate in BODY_GATES]
    assert named_gate_states(0b10)["collision_avoidance_gate"] == 1
