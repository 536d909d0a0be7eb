"""The gates of this village as two tables: those of every NPC's body, and those all share in the thalamus.

The tables say what every garden shares. A body says which garden it lives in (`GateSpec.in_garden`): in the real one
its gates ask for .25 more. The shared gates ask for the plain threshold. See docs/life.md.
Source: docs/domain.md section 3.3 (initial gates).
"""

from nimmer.life.correlation import Condition
from nimmer.life.gate_spec import GateSpec

NEAR_CM = 30.0
"""Nearer than this is in the way."""

BODY_GATES: tuple[GateSpec, ...] = (
    GateSpec(
        "collision_avoidance_gate",
        "distance",
        tier=2,
        weight=0.1,
        salience=(Condition("distance_cm", below=NEAR_CM),),
        allow_self=("distance_front",),
    ),
    GateSpec(
        "battery_gate",
        "battery",
        tier=1,
        weight=0.3,
        salience=(Condition("percentage", below=20.0),),
        allow_self=("energy",),
    ),
    GateSpec(
        "exploration_gate",
        "exploration",
        tier=2,
        weight=0.1,
        salience=(Condition("here_known", below=0.5), Condition("unknown_neighbours", above=0.5)),
        allow_self=("novelty",),
    ),
    GateSpec(
        "conversation_gate",
        "social",
        tier=2,
        weight=0.1,
        salience=(Condition("news", above=0.5),),
        allow_self=("social",),
    ),
    GateSpec(
        "motor_feedback_gate",
        "motor",
        tier=0,
        weight=0.9,
        salience=(Condition("stall_detected", above=0.5),),
    ),
)
"""Index = gate number in every record of an NPC."""

ALL_STABLE = 0x5555
"""Packed states of eight gates of which nobody has said anything yet."""


def gate_states(packed: int, gates: int = len(BODY_GATES)) -> list[int]:
    """Return the states by gate number, -1 closed, 0 stable, 1 open; packed: two bits per gate, state + 1.

    2, which is no state, where the bits are damaged.
    """
    return [(packed >> 2 * gate & 3) - 1 for gate in range(gates)]


def named_gate_states(packed: int) -> dict[str, int]:
    """Return the states of the body's gates by name, as `gate_states` does."""
    return {spec.name: state for spec, state in zip(BODY_GATES, gate_states(packed), strict=True)}


SHARED_GATES: tuple[GateSpec, ...] = (
    GateSpec(
        "danger_reflex_gate", "danger", tier=0, weight=0.9, salience=(Condition("celsius", above=80.0),)
    ),
    GateSpec(
        "host_battery_gate",
        "battery",
        tier=1,
        weight=0.3,
        salience=(Condition("percentage", below=20.0),),
        allow_self=("host_battery", "battery_monitor"),
    ),
    GateSpec("math_gate", "math", tier=1, weight=0.3, allow_self=("math",)),
    GateSpec("speech_gate", "speech", tier=3, weight=0.1, allow_self=("speech_stt",)),
    GateSpec("vision_gate", "vision", tier=3, weight=0.1, allow_self=("vision_detect",)),
    GateSpec(
        "device_distance_gate",
        "distance",
        tier=2,
        weight=0.1,
        salience=(Condition("distance_cm", below=NEAR_CM),),
        allow_self=("distance_front",),
    ),
    GateSpec(
        "device_motor_gate",
        "motor",
        tier=0,
        weight=0.9,
        salience=(Condition("stall_detected", above=0.5),),
    ),
    GateSpec("device_motion_gate", "motion", tier=1, weight=0.3),
    GateSpec("device_light_gate", "light", tier=1, weight=0.3),
)
"""The gates of the thalamus: what hosts, devices, organs and the math cell say to everyone.

Speech and vision come from one emitter each, so they may corroborate themselves. Motion and light care for every
wave, so they take two sensors: one that may agree with itself would be open for good.
"""
