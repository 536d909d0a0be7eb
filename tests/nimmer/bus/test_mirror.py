import json
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.arena.layout import TRAIL, TRANSITION
from nimmer.bus.message import GateTransition, NpcState, TrainingFrame, TriggerSignal, decode
from nimmer.bus.mirror import FRAME_ROWS, StateMirror, TransitionMirror, training_frame
from nimmer.bus.wave_mirror import Records
from nimmer.errors import MessageError
from nimmer.life.wave import CellKind, Field

OFFSET_S = 1_700_000_000.0
RUN = "0123456789abcdef"
CELLS = (
    CellKind(0, "distance_front", "distance", 2, 0.5, (Field("distance_cm"),)),
    CellKind(1, "energy", "battery", 1, 0.1, (Field("charging", "category", choices=("no", "yes")),)),
)
HEARD: dict[str, int | float | bool | str] = {"distance_cm": 25.5}
FELT: dict[str, int | float | bool | str] = {"charging": "yes"}
CAUSES = ("correlation", "reflex")


@dataclass(frozen=True)
class Gate:
    name: str
    domain: str


GATES = (Gate("collision_avoidance_gate", "distance"), Gate("battery_gate", "battery"))


def transition(**changes: float) -> Records:
    record = np.zeros(1, dtype=TRANSITION)
    record["time_s"], record["to_state"], record["tier"] = 2.5, 1, 4
    record["value"], record["correlation"], record["cost"], record["weight"] = 1.01, 0.9, 0.3, 0.1
    record["triggers"] = 2
    record["trigger_cell"][0, :2] = (0, 1)
    record["trigger_confidence"][0, :2] = (0.7, 0.5)
    record["trigger_time_s"][0, :2] = (2.0, 2.25)
    record["trigger_values"][0, :2, 0] = (25.5, 1.0)
    for name, value in changes.items():
        record[name] = value
    return record


def transitions() -> TransitionMirror:
    return TransitionMirror("dev", OFFSET_S, GATES, CELLS, CAUSES)


def trail(**changes: float) -> Records:
    record = np.zeros(1, dtype=TRAIL)
    record["npc_tick"], record["world_tick"], record["time_s"], record["level"] = 41, 80, 4.0, 1
    record["node"], record["verb"], record["nerve"] = 12, 1, 2
    record["gates"] = 0b00_01_10_01  # stable, open, stable, closed
    record["energy"], record["lifeforce"], record["reward"], record["coverage"] = 0.8, 95.5, -0.1, 0.04
    record["lateness_us"], record["compute_us"] = 250.0, 120.0
    for name, value in changes.items():
        record[name] = value
    return record


def test_a_transition_names_its_gate_states_and_triggers() -> None:
    ((on, payload, _),) = transitions().encode(RUN, transition(), np.array([7]))
    assert on == "dev.thalamus.gate.open"
    assert decode(on, payload).body == GateTransition(
        gate_id="npc.7.collision_avoidance_gate",
        domain="distance",
        from_state="stable",
        to_state="open",
        state_value=1.01,
        correlation_score=0.9,
        routed_to_tier=4,
        lifeforce_cost=0.3,
        trigger_signals=[
            TriggerSignal("npc.7.distance_front", 0.7, "2023-11-14T22:13:22.000Z", HEARD),
            TriggerSignal("npc.7.energy", 0.5, "2023-11-14T22:13:22.250Z", FELT),
        ],
        cause="correlation",
        weight=0.1,
    )
    assert decode(on, payload).header.source.entity_type == "gate"


@pytest.mark.parametrize(("state", "token"), [(-1, "close"), (0, "stable"), (1, "open")])
def test_the_new_state_is_in_the_subject(state: int, token: str) -> None:
    ((on, payload, _),) = transitions().encode(RUN, transition(to_state=state), np.array([7]))
    assert on == f"dev.thalamus.gate.{token}"
    decode(on, payload)


@pytest.mark.parametrize(
    "wrong",
    [
        transition(gate=2),
        transition(cause=2),
        transition(tier=6),
        transition(to_state=2),
        transition(value=float("nan")),
        transition(correlation=1.5),
        transition(cost=float("inf")),
        transition(weight=-0.5),
        transition(triggers=5),
        transition(trigger_cell=2),
        transition(trigger_confidence=float("nan")),
        transition(trigger_time_s=float("nan")),
    ],
)
def test_what_is_no_transition_is_counted(wrong: Records) -> None:
    mirror = transitions()
    messages = mirror.encode(RUN, np.concatenate([wrong, transition()]), np.array([1, 2]))
    assert (len(messages), mirror.refused) == (1, 1)


def test_the_same_transition_of_the_same_run_has_the_same_id() -> None:
    ids = {transitions().encode(RUN, transition(), np.array([7]))[0].message_id for _ in range(3)}
    assert len(ids) == 1
    others = {
        transitions().encode(RUN, transition(to_state=0), np.array([7]))[0].message_id,
        transitions().encode(RUN, transition(), np.array([8]))[0].message_id,
        transitions().encode(RUN[::-1], transition(), np.array([7]))[0].message_id,
    }
    assert len(others | ids) == 4


@given(st.binary(min_size=TRANSITION.itemsize, max_size=TRANSITION.itemsize))
def test_any_bytes_of_a_transition_are_mirrored_readably_or_refused(raw: bytes) -> None:
    mirror = transitions()
    messages = mirror.encode(RUN, np.frombuffer(raw, dtype=TRANSITION), np.array([3]))
    assert len(messages) + mirror.refused == 1
    for on, payload, _ in messages:
        decode(on, payload)


def test_a_trail_step_becomes_the_npcs_state() -> None:
    ((on, payload),) = StateMirror("dev", OFFSET_S, gates=4).encode(trail(), np.array([7]))
    assert on == "dev.npc.7.state"
    assert decode(on, payload).body == NpcState(
        npc_id=7,
        node=12,
        needs={"energy": 0.8},
        last_action="move",
        reward=-0.1,
        tick=41,
        tick_latency_ms=0.25,
        cortex_wait_ms=0.0,
        lf=95.5,
        world_tick=80,
        level=1,
        coverage=0.04,
        gates=[0, 1, 0, -1],
        nerve=2,
        compute_ms=0.12,
    )


@given(st.binary(min_size=TRAIL.itemsize, max_size=TRAIL.itemsize))
def test_any_bytes_of_a_trail_are_mirrored_readably_or_refused(raw: bytes) -> None:
    mirror = StateMirror("dev", OFFSET_S, gates=8)
    messages = mirror.encode(np.frombuffer(raw, dtype=TRAIL), np.array([3]))
    assert len(messages) + mirror.refused == 1
    for message in messages:
        decode(*message)


def test_a_training_frame_holds_every_column_of_every_row() -> None:
    rows = np.concatenate([trail(), trail(reward=float("nan"), npc_tick=42)])
    frame = training_frame("dev", RUN, rows, np.array([7, 8]), OFFSET_S)
    body = decode(frame.subject, frame.payload).body
    assert isinstance(body, TrainingFrame)
    assert (body.run, body.rows) == (RUN, 2)
    assert body.columns["npc"] == [7, 8]
    assert body.columns["npc_tick"] == [41, 42]
    assert body.columns["reward"][1] is None
    assert body.columns["unix_s"][0] == OFFSET_S + 4.0
    assert set(body.columns) == set(TRAIL.names or ()) - {"pad", "time_s"} | {"npc", "unix_s"}
    assert json.loads(frame.payload)["header"]["message_id"] == frame.message_id


def test_the_same_rows_give_the_same_id_and_others_another() -> None:
    npcs = np.array([7])
    first = training_frame("dev", RUN, trail(), npcs, OFFSET_S).message_id
    assert training_frame("dev", RUN, trail(), npcs.astype(np.uint16), OFFSET_S + 1).message_id == first
    assert training_frame("dev", RUN, trail(node=3), npcs, OFFSET_S).message_id != first
    assert training_frame("dev", RUN, trail(), npcs + 1, OFFSET_S).message_id != first
    assert training_frame("dev", RUN[::-1], trail(), npcs, OFFSET_S).message_id != first


@pytest.mark.parametrize("count", [0, FRAME_ROWS + 1])
def test_a_frame_has_a_bounded_number_of_rows(count: int) -> None:
    with pytest.raises(MessageError, match=f"1 to {FRAME_ROWS} rows, not {count}"):
        training_frame("dev", RUN, np.zeros(count, dtype=TRAIL), np.zeros(count, dtype=np.int64), 0.0)


def test_a_full_frame_fits_into_a_message() -> None:
    rows = np.repeat(trail(), FRAME_ROWS)
    rows["lateness_us"] = np.linspace(0.1, 9999.9, FRAME_ROWS)
    frame = training_frame("dev", RUN, rows, np.arange(FRAME_ROWS), OFFSET_S)
    decode(frame.subject, frame.payload)
