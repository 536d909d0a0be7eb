"""What an NPC wrote into its diary, as messages that any client can read."""

from typing import Any, TypeVar

import numpy as np
import pytest
from msgspec import Struct

from nimmer.arena.layout import BEAT, LEDGER, NERVE_TRAIL, TRANSITION
from nimmer.bus.diary_mirror import DiaryMirror
from nimmer.bus.message import LifeforceBalance, LifeforceSum, NerveTrail, VerificationOutcome, decode
from nimmer.bus.mirror import TransitionMirror
from nimmer.life.gates import BODY_GATES
from nimmer.life.lifeforce import REASONS
from nimmer.life.nerve_table import built_in_nerves
from nimmer.life.senses import CELLS

B = TypeVar("B", bound=Struct)
RUN = "0123456789abcdef"
OFFSET_S = 1_700_000_000.0
NPC = np.array([7])


def mirror() -> DiaryMirror:
    return DiaryMirror("dev", RUN, OFFSET_S, built_in_nerves())


def trail(**changes: float) -> np.ndarray[Any, Any]:
    record = np.zeros(1, NERVE_TRAIL)
    record["serial"], record["npc_tick"], record["opened_tick"] = 41, 205, 200
    record["started_s"], record["acted_s"], record["time_s"] = 1.0, 1.1, 1.25
    record["nerve"], record["outcome"], record["gate"] = 1, 1, 0
    record["states"], record["state"][0, :3] = 3, (2, 3, 4)
    record["reads"], record["read"][0, :1] = 1, 0
    record["commands"], record["verb"][0, :2], record["slot"][0, :2] = 2, (1, 0), (3, -1)
    record["cost"], record["reward"], record["weight"], record["weight_delta"] = 0.1, 0.05, 0.1, 0.02
    record["latency_ms"] = 100.5
    for name, value in changes.items():
        record[name] = value
    return record


def body_of(frame: tuple[str, bytes, str], kind: type[B]) -> B:
    found = decode(frame[0], frame[1]).body
    assert isinstance(found, kind)
    return found


def test_a_nerve_trail_speaks_in_words() -> None:
    (frame,) = mirror().nerve_trails(trail(), NPC)
    assert frame.subject == "dev.nervous.nerves.collision_avoidance.trail"
    body = body_of(frame, NerveTrail)
    assert (body.npc_id, body.serial, body.mode, body.outcome, body.cause) == (
        7,
        41,
        "deliberate",
        "success",
        "correlation",
    )
    assert body.states == ["DETECT", "EVALUATE", "EVADE"]
    assert body.reads == ["distance_front/v1"]
    assert body.commands == ["move 3", "stay"]
    assert (body.latency_ms, body.cost, body.weight_delta) == (100.5, 0.1, 0.02)


def test_a_nerve_that_never_acted_has_no_latency() -> None:
    (frame,) = mirror().nerve_trails(trail(acted_s=0.0), NPC)
    assert body_of(frame, NerveTrail).latency_ms is None


@pytest.mark.parametrize(
    ("outcome", "word"), [(0, "partial"), (1, "confirmed"), (2, "failed"), (3, "failed")]
)
def test_an_outcome_refers_to_the_very_opening_it_came_of(outcome: int, word: str) -> None:
    (frame,) = mirror().outcomes(trail(outcome=outcome), NPC)
    body = body_of(frame, VerificationOutcome)
    assert (body.outcome, body.domain, body.gate_id) == (word, "distance", "npc.7.collision_avoidance_gate")
    opening = np.zeros(1, TRANSITION)
    opening["npc_tick"], opening["to_state"], opening["time_s"] = 200, 1, 0.9
    transitions = TransitionMirror("dev", OFFSET_S, BODY_GATES, CELLS, ("correlation",))
    assert transitions.encode(RUN, opening, NPC)[0].message_id == body.original_signal_id


def test_a_record_no_message_can_carry_is_counted_and_the_others_go_on() -> None:
    one = mirror()
    records = np.concatenate([trail(reward=float("inf")), trail(), trail(cost=float("nan"))])
    frames = one.nerve_trails(records, np.array([7, 7, 8]))
    assert len(frames) == 1
    assert one.refused == 2


def test_the_same_record_has_the_same_id_and_another_npc_another() -> None:
    (first,), (again,) = mirror().outcomes(trail(), NPC), mirror().outcomes(trail(), NPC)
    (other,) = mirror().outcomes(trail(), np.array([8]))
    assert first.message_id == again.message_id != other.message_id


def test_a_ledger_sum_names_its_reason_and_millionths() -> None:
    record = np.zeros(1, LEDGER)
    record["beat"], record["amount_micro"], record["unpaid_micro"], record["entries"] = 3, 1_250_000, 5, 40
    record["reason"] = REASONS.index("sense")
    (frame,) = mirror().ledger(record, NPC)
    assert frame.subject == "dev.economy.lifeforce.charge"
    assert body_of(frame, LifeforceSum) == LifeforceSum("npc.7", 3, "charge", "sense", 1_250_000, 5, 40)


def test_a_dormant_body_has_no_lambda() -> None:
    record = np.zeros(2, BEAT)
    record["level_micro"], record["balance"], record["attention"] = 100_000_000, (np.inf, 1.25), 2
    dormant, living = mirror().beats(record, np.array([7, 7]))
    assert body_of(dormant, LifeforceBalance).lambda_ is None
    found = body_of(living, LifeforceBalance)
    assert (found.lambda_, found.attention, found.vigour, found.level_micro) == (
        1.25,
        "focused",
        "full",
        100_000_000,
    )
