"""Section 13 of docs/domain.md by number: what each of the twenty contradictions came to, in one test each.

The figures themselves are in the files of their sections; the reasons are in docs/decisions from 0006 on. Point 16
(training beside the cortex) has nothing built yet.
"""

import re
from pathlib import Path

import msgspec
import pytest

from nimmer.arena.outbox import OUTBOXES
from nimmer.bus.garden_messages import VerificationOutcome
from nimmer.bus.life_messages import GateTransition
from nimmer.bus.message import Header, Source
from nimmer.bus.subject import parse
from nimmer.config.settings import Settings
from nimmer.life.action import STAY, Verb
from nimmer.life.balance import HEARTBEAT_HZ
from nimmer.life.collision_avoidance import CLEAR_CM, clearer_side, risk
from nimmer.life.economy import ORGAN_COSTS, PENALTIES
from nimmer.life.evolution import EvolutionRules
from nimmer.life.gate import BOUND, RELEASE, SOURCE_GOVERNOR, Cause, ResonantGate
from nimmer.life.gates import BODY_GATES, SHARED_GATES
from nimmer.life.lifeforce import BEAT_S
from nimmer.life.nerve import arbitrate
from nimmer.life.rubric import MARKS, Points
from nimmer.life.scene import Ways
from nimmer.life.senses import declared, kind_named
from nimmer.life.sensor_cell import SensorCell
from nimmer.life.wave import Wave
from nimmer.world.rules import Rules
from nimmer.world.virtual_correlation import aggregate

ROOT = Path(__file__).parents[2]
COLLISION = BODY_GATES[0]


def near(gate: ResonantGate, ticks: int, ways: tuple[float, ...]) -> int:
    """Let front, left and right say `ways` (cm) at 20 Hz and return how often the gate opened."""
    for tick in range(ticks):
        for cell, distance_cm in enumerate(ways):
            gate.hear(Wave(cell, tick * 0.05, 0.9, 0.5, (distance_cm, float(cell), 0.0)))
    return gate.opens


def test_13_1_a_gate_opens_at_theta_and_is_held_until_0_5() -> None:
    assert COLLISION.threshold == pytest.approx(0.95)
    assert RELEASE == 0.5


def test_13_2_a_lies_within_1_5_and_the_sample_of_1_02_can_be_said() -> None:
    assert BOUND == 1.5
    said = {
        "gate_id": "g", "domain": "d", "from_state": "stable", "to_state": "open", "state_value": 1.02,
        "correlation_score": 0.87, "routed_to_tier": 2, "lifeforce_cost": 0.3, "trigger_signals": [],
    }  # fmt: skip
    assert msgspec.convert(said, GateTransition).state_value == 1.02


def test_13_3_decay_per_wave_would_end_at_0_933_and_the_aggregate_is_the_last_row() -> None:
    second = (0.0 + 0.7 * 0.8) * 0.95
    third = (second + 0.5 * 0.9) * 0.95
    assert (second, third) == pytest.approx((0.532, 0.933), abs=5e-4)  # printed is 1.01
    assert aggregate([[1.0, 0.9, 0.85], [0.9, 1.0, 0.88], [0.85, 0.88, 1.0]]) == 0.865


def test_13_4_the_front_alone_opens_the_collision_gate_and_free_sides_do_not_close_it() -> None:
    assert near(ResonantGate(COLLISION), 4, (20.0,)) == 1
    gate = ResonantGate(COLLISION)
    assert (near(gate, 40, (20.0, 200.0, 200.0)), gate.closes) == (1, 0)
    assert near(ResonantGate(COLLISION), 4, (20.0, 20.0, 20.0)) == 1


def test_13_5_the_risk_is_clamped_and_a_clear_side_has_more_than_50_cm() -> None:
    assert risk(Ways(0.0, 500.0, 500.0)) == 0.7
    assert CLEAR_CM == 50.0
    assert clearer_side(Ways(25.0, 45.0, 30.0)) == 0  # the sources' own example turned left at 45


def test_13_6_a_reflex_is_above_0_8_hybrid_begins_at_0_3_and_the_node_routes() -> None:
    rules = EvolutionRules()
    assert (rules.compile_weight, rules.hybrid_weight) == (0.8, 0.3)
    gate = ResonantGate(SHARED_GATES[2])  # math: w .3, which would route to tier 2
    for tick in range(9):
        gate.hear(Wave(10, 0.1 * tick, 0.7, 0.1, (0.0, 2.0, 3.0)))
    assert (gate.opens, gate.weight, gate.tier) == (1, 0.3, 4)  # a pattern never met before has .1: tier 4


def test_13_7_a_hundred_successes_compile_and_2_5_instead_of_10_is_75_percent() -> None:
    assert EvolutionRules().compile_successes == 100
    assert (10 - 2.5) / 10 == 0.75


def test_13_8_a_collision_costs_10_in_the_ledger_and_5_in_the_rubric() -> None:
    assert (PENALTIES["collision"], MARKS["collision"].points) == (10.0, -5.0)


def test_13_9_transitions_are_charged_0_5_a_poll_and_6_1_for_speech_until_measured() -> None:
    costs = [
        SensorCell(kind_named(name), declared(kind_named(name))).cell.poll_cost
        for name in ("distance_front", "speech_stt")
    ]
    assert costs == [pytest.approx(0.5), pytest.approx(6.1)]
    assert ORGAN_COSTS["stt"] == 5.0


def test_13_10_priorities_only_break_ties_for_the_motor() -> None:
    assert arbitrate([], STAY) == (0, STAY)


def test_13_11_decision_trails_are_kept_and_what_refers_is_a_uuid() -> None:
    tables = "".join(
        path.read_text("utf-8") for path in sorted((ROOT / "nimmer/stores/migrations").glob("*.sql"))
    )
    assert "create table decision_trails" in tables.lower()
    with pytest.raises(msgspec.ValidationError, match="original_signal_id"):
        msgspec.convert({"original_signal_id": "42"}, VerificationOutcome)


def test_13_12_a_heartbeat_is_1_s_and_a_beat_30_of_them() -> None:
    assert BEAT_S * HEARTBEAT_HZ == 30.0


def test_13_13_subjects_have_four_parts_and_any_detail_and_the_garden_is_in_the_header() -> None:
    assert parse("dev.thalamus.gate.open").topic.body is GateTransition
    assert parse("dev.nervous.cells.math.request").topic.pattern == "nervous.cells.math.request"
    assert Source("it", "gate", "virtual").garden == "virtual"
    assert "source" in Header.__struct_fields__


def test_13_14_a_node_has_room_for_4() -> None:
    assert Rules().node_capacity == Settings().world.node_capacity == 4


def test_13_15_obsolete_names_are_gone_and_the_governor_is_a_process() -> None:
    obsolete = re.compile(r"ollama|qwen2\.5|qwen3:32b|mqtt", re.IGNORECASE)
    assert [
        path for path in (ROOT / "nimmer").rglob("*.py") if obsolete.search(path.read_text("utf-8"))
    ] == []
    assert "governor" in OUTBOXES


def test_13_17_the_world_turns_at_20_hz_is_kept_every_200_ticks_and_governed_every_600() -> None:
    world = Settings().world
    assert (world.hz, world.snapshot_ticks, world.epoch_ticks) == (20.0, 200, 600)
    assert "TALK" in Verb.__members__


def test_13_18_an_override_is_a_transition_whose_trigger_is_the_governor() -> None:
    (step,) = ResonantGate(COLLISION).force(1, 0.0)
    assert (step.cause, step.triggers[0][0]) == (Cause.GOVERNOR, SOURCE_GOVERNOR)


def test_13_19_the_rubric_is_never_summed_with_lifeforce() -> None:
    with pytest.raises(TypeError):
        Points(100) + 1.0  # type: ignore[operator]  # that is the point


def test_13_20_an_identity_of_the_lab_is_a_ray_node_and_a_user_of_the_bus() -> None:
    assert "--resources" in (ROOT / "cluster.yaml").read_text("utf-8")
