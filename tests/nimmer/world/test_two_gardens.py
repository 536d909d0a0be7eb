"""The loop between the gardens, with whole bodies on both sides: weights move on real outcomes only.

virtual gates open first -> verified signals -> real gates open -> nerves act -> outcomes move real weights
-> the next rehearsal begins from what the real bodies remember
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from nimmer.life.behaviour import Lesson
from nimmer.life.body import Deed
from nimmer.life.gate import Cause
from nimmer.life.percept import Percept
from nimmer.minds.brain import Flags, Floats
from nimmer.world.forecast import Forecast, Forecaster, RealChange
from nimmer.world.garden import RealGarden
from nimmer.world.levels import load_levels
from nimmer.world.rules import Rules
from nimmer.world.virtual_garden import VirtualGarden
from tests.nimmer.world.virtual_folk import Whole, whole_folk

LEVELS, RULES, NPCS, FUTURES = load_levels(), Rules(), 12, 3
HORIZON_S, BEAT_S, BEATS = 2.0, 4.0, 25
Weights = list[list[float]]


class Handed(NamedTuple):
    gate: int
    confidence: float
    expires_s: float


class Real(Whole):
    """A body of the real garden: it is handed verified signals, and its lessons are kept."""

    def __init__(self, npc: int) -> None:
        super().__init__(npc, LEVELS[1], seed=1, real=True)
        self.handed: list[Handed] = []
        self.lessons: list[Lesson] = []

    def tick(
        self,
        percept: Percept,
        features: Floats,
        known: Flags,
        overrides: bytes | tuple[int, ...],
        now_s: float,
    ) -> Deed:
        deed = self.body.tick(percept, features, known, overrides, now_s, self.handed)
        self.handed = []
        self.lessons += deed.lessons
        return deed


def weights(bodies: Sequence[Whole]) -> Weights:
    return [[gate.trust.weight for gate in one.body.gates] for one in bodies]


class Gardens:
    """Both gardens side by side."""

    def __init__(self) -> None:
        newborn = RealGarden(LEVELS, RULES, 12, NPCS)
        newborn.begin(1)
        self.bodies = [Real(npc) for npc in range(NPCS)]
        snapshot = newborn.village.to_bytes()
        self.real = VirtualGarden(
            LEVELS, RULES, snapshot, self.bodies, checkpoint_ticks=0, rates=[10.0] * NPCS
        )
        self.virtual = [whole_folk(LEVELS[1], NPCS, seed) for seed in range(2, 2 + FUTURES)]
        self.forecaster = Forecaster()
        self.changes: list[RealChange] = []
        self.believed: list[RealChange] = []
        self.born = weights(self.bodies)

    def rehearse(self) -> list[Forecast]:
        now_s = self.real.time_s
        self.forecaster.judge(self.changes, now_s)
        self.changes = []
        futures = []
        for folk in self.virtual:
            for virtual, real in zip(folk, self.bodies, strict=True):
                virtual.wake()
                virtual.body.restore(json.loads(json.dumps(real.body.state())), 0.0)
            garden = VirtualGarden(
                LEVELS, RULES, self.real.village.to_bytes(), folk, checkpoint_ticks=0, rates=[10.0] * NPCS
            )
            futures.append(garden.run(round(HORIZON_S * 20)))
        return self.forecaster.foresee(futures, now_s, HORIZON_S)

    def beat(self) -> None:
        for seen in self.rehearse():
            if seen.verified:
                self.bodies[seen.npc].handed.append(
                    Handed(seen.gate, seen.confidence, self.real.time_s + HORIZON_S)
                )
        for lived in self.real.run(round(BEAT_S * 20)):
            self.changes += [
                RealChange(lived.npc, one.gate, lived.time_s, one.to_state, one.cause)
                for one in lived.transitions
            ]
        self.believed += [one for one in self.changes if one.cause == Cause.VERIFIED and one.to_state == 1]


@pytest.fixture(scope="module")
def gardens() -> Gardens:
    both = Gardens()
    for _ in range(BEATS):
        both.beat()
    return both


def test_real_gates_open_on_verified_signals_and_not_on_more(gardens: Gardens) -> None:
    assert 0 < len(gardens.believed) <= gardens.forecaster.verified


def test_real_weights_are_the_sum_of_what_outcomes_taught(gardens: Gardens) -> None:
    for body, born in zip(gardens.bodies, gardens.born, strict=True):
        for gate, began in zip(body.body.gates, born, strict=True):
            taught = sum(lesson.delta for lesson in body.lessons if lesson.gate == gate.index)
            assert gate.trust.weight == pytest.approx(began + taught)
    assert any(body.lessons for body in gardens.bodies)


def test_a_rehearsal_begins_from_the_learned_weights_and_leaves_them_alone(gardens: Gardens) -> None:
    learned = weights(gardens.bodies)
    assert learned != gardens.born
    remembered = [json.dumps(one.body.state()) for one in gardens.bodies]
    gardens.rehearse()
    assert [json.dumps(one.body.state()) for one in gardens.bodies] == remembered
    gardens.virtual[0][0].wake()
    gardens.virtual[0][0].body.restore(json.loads(remembered[0]), 0.0)
    assert weights(gardens.virtual[0])[0] == learned[0]


def test_a_virtual_gate_asks_for_a_quarter_less_than_its_real_one() -> None:
    real, virtual = Real(0).body, Whole(0, LEVELS[1]).body
    virtual.restore(real.state())
    for here, there in zip(real.gates, virtual.gates, strict=True):
        assert here.spec.real
        assert not there.spec.real
        assert here.spec.threshold - there.spec.threshold == pytest.approx(0.25)


def test_what_is_not_borne_out_is_believed_less(gardens: Gardens) -> None:
    seen = gardens.forecaster
    assert seen.made == seen.borne_out + seen.missed + sum(len(one.forecasts) for one in seen._pending)
    assert seen.borne_out > seen.missed  # what all futures hold mostly comes
    doubted = [key for key, judged in seen._judged.items() if "0" in judged]
    assert all(seen.credibility(*key) < 1.0 for key in doubted)
