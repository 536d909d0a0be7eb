"""What holds for every table and every life: bounded walks, prices that add up, states that round-trip."""

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nimmer.errors import NerveError
from nimmer.life.action import FLAT_ACTIONS, MOVES, Action
from nimmer.life.charging import ChargingMemory
from nimmer.life.evolution import EvolutionRules
from nimmer.life.nerve import Claim, Nerve
from nimmer.life.nerve_checks import check
from nimmer.life.nerve_run import MOST_COMMANDS, MOST_READS, MOST_STATES, Mode, Run, RunOutcome
from nimmer.life.nerve_spec import DISABLED, Edge, NerveSpec
from nimmer.life.nerve_table import load_nerves, make_nerves, vocabulary_of
from nimmer.life.nerve_way import Way
from nimmer.life.scene import Scene, Ways
from nimmer.life.vocabulary import Guard, Vocabulary
from nimmer.minds.pathfinder import Pathfinder
from nimmer.world.levels import load_levels
from tests.nimmer.life.nerve_scenes import percept, scene

NEIGHBOURS: list[list[int]] = load_levels()[1].graph.neighbours.tolist()
GUARDS = 4


def _asks(bit: int) -> Guard:
    return Guard(lambda sight, memory: bool(sight.percept.news >> bit & 1), ("energy",))


TOY = Vocabulary(
    name="charging",
    number=3,
    guards={f"bit_{bit}": _asks(bit) for bit in range(GUARDS)},
    acts={"go": lambda sight, memory: MOVES[sight.percept.news % 4], "pass": lambda sight, memory: None},
    memory=ChargingMemory,
    signature=lambda sight, memory: (sight.percept.news % 4,),
)
STATES = ("IDLE", "DISABLED", "A", "B", "C", "D")
WALKED = ("IDLE", "A", "B", "C", "D")

edges = st.builds(
    Edge,
    st.sampled_from(WALKED),
    st.sampled_from(WALKED),
    st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    st.sampled_from(sorted(TOY.guards)),
    st.sampled_from(["", "", "go", "pass"]),
    st.sampled_from([None, None, None, *RunOutcome]),
)
guards = st.sampled_from(sorted(TOY.guards))
chain = st.tuples(
    *(
        guards.map(lambda when, origin=origin, to=to: Edge(origin, to, 0.5, when))  # type: ignore[misc]  # bound per edge
        for origin, to in zip(WALKED, (*WALKED[1:], "IDLE"), strict=True)
    )
)


@st.composite
def tables(draw: st.DrawFn) -> NerveSpec:
    """Draw a table that the checks pass."""
    own = [*draw(st.lists(edges, max_size=8)), *draw(chain)]
    spec = NerveSpec(
        "charging", "battery_gate", ("energy",), (), 8.0, STATES, tuple(draw(st.permutations(own))),
        meanwhile=(("B", "go"),), monitoring=(), holds=("C",), pays=((RunOutcome.SUCCESS, 1.0),),
    )  # fmt: skip
    try:
        return check(spec, TOY)
    except NerveError as error:
        assert "cycle" in str(error)  # noqa: PT017  # nothing else is wrong with what is drawn
        assume(False)
        raise


class Traced(Nerve):
    """A nerve that tells which edges it walked, and whether it was deliberating."""

    __slots__ = ("walked", "walks")

    def __init__(self, *args: Any, **more: Any) -> None:  # noqa: ANN401  # what a nerve takes
        super().__init__(*args, **more)
        self.walked: list[tuple[int, float]] = []
        self.walks: list[int] = []

    def step(self, scene: Scene, weight: float) -> Claim | None:
        self.walks.append(0)
        return super().step(scene, weight)

    def _take(self, way: Way, run: Run, scene: Scene) -> Action | None:
        due = self.due
        action = super()._take(way, run, scene)
        self.walked.append((way.number, self.due - due))
        self.walks[-1] += 1
        return action


RULES = EvolutionRules(compile_successes=2, compile_weight=0.5, demote_weight=0.4)
lives = st.lists(st.tuples(st.integers(0, 15), st.sampled_from([0.1, 0.3, 0.9])), min_size=1, max_size=60)


def sight(tick: int, bits: int) -> Scene:
    return scene(percept(tick, news=bits), MOVES[0])


@given(tables(), lives, st.floats(0.01, 2.0))
@settings(deadline=None)
def test_no_walk_exceeds_its_bound_and_every_run_costs_the_sum_of_its_edges(
    spec: NerveSpec, life: list[tuple[int, float]], price_scale: float
) -> None:
    one = Traced(spec, TOY, price_scale, rules=RULES)
    rules = one.evolution.rules
    factors = {rules.deliberate_price, rules.match_price, rules.reflex_price}
    before = 0
    for tick, (bits, weight) in enumerate(life):
        one.step(sight(tick, bits), weight)
        if one.finished:
            (run,) = one.finished
            walked = one.walked[before:]
            before = len(one.walked)
            one.finished.clear()
            printed = sum(spec.edges[number].cost for number, _ in walked) * price_scale
            assert run.cost == pytest.approx(sum(price for _, price in walked))
            assert printed - 1e-9 <= run.cost <= rules.deliberate_price * printed + 1e-9
            if run.mode == Mode.DELIBERATE:
                surcharge = (rules.deliberate_price - 1.0) * printed
                assert run.cost == pytest.approx(printed + surcharge)
            assert len(run.states) <= MOST_STATES
            assert len(set(run.states)) == len(run.states)
            assert len(run.reads) <= MOST_READS
            assert len(run.commands) <= MOST_COMMANDS
    for number, price in one.walked:
        cost = spec.edges[number].cost * price_scale
        assert any(price == pytest.approx(cost * factor) for factor in factors)
    assert one.bounded == 0
    assert max(one.walks) <= len(spec.edges)
    assert one.collect() == pytest.approx(sum(price for _, price in one.walked))


@given(tables(), lives, st.integers(0, 60))
@settings(deadline=None)
def test_a_nerve_restored_in_the_middle_of_a_run_lives_the_same_life(
    spec: NerveSpec, life: list[tuple[int, float]], at: int
) -> None:
    one, other = Nerve(spec, TOY, rules=RULES), Nerve(spec, TOY, rules=RULES)
    for tick, (bits, weight) in enumerate(life[:at]):
        one.step(sight(tick, bits), weight)
    one.finished.clear()
    other.restore(json.loads(json.dumps(one.state())))
    assert other.state() == one.state()
    for tick, (bits, weight) in enumerate(life[at:], start=at):
        assert other.step(sight(tick, bits), weight) == one.step(sight(tick, bits), weight)
    assert other.finished == one.finished
    assert other.state() == one.state()


@given(tables(), st.lists(st.tuples(st.integers(0, 15), st.booleans(), st.booleans()), max_size=40))
@settings(deadline=None)
def test_a_nerve_that_is_not_able_never_claims_and_is_disabled(
    spec: NerveSpec, life: list[tuple[int, bool, bool]]
) -> None:
    one = Nerve(spec, TOY, rules=RULES)
    for tick, (bits, works, gate_open) in enumerate(life):
        able = one.able(lambda _, works=works: works)  # type: ignore[misc]  # bound per turn
        claim = None
        if able and (gate_open or one.holding):
            claim = one.step(sight(tick, bits), 0.3)
        else:
            one.rest(able, sight(tick, bits))
            assert not one.running
        assert able or (claim is None and one.current == DISABLED)
        assert not able or one.current != DISABLED


@st.composite
def scenes(draw: st.DrawFn, tick: int, guide: Pathfinder) -> Scene:
    """Draw anything a body could see on a 5x5 grid, broken sides included."""
    node = draw(st.integers(0, 24))
    distance = st.sampled_from([15.0, 25.0, 40.0, 115.0])
    seen = percept(
        tick, node, draw(st.integers(0, 3)), energy=draw(st.sampled_from([0.05, 0.3, 0.95])),
        at_well=int(node % 5 == 0), news=draw(st.integers(0, 3)), here_known=draw(st.integers(0, 1)),
        neighbour=(*NEIGHBOURS[node], -1, -1, -1, -1), distance_cm=tuple(draw(distance) for _ in range(8)),
        neighbour_occupants=tuple(draw(st.integers(0, 4)) for _ in range(8)),
        neighbour_known=tuple(draw(st.integers(0, 1)) for _ in range(8)),
    )  # fmt: skip
    guide.notice(seen)
    side = st.one_of(st.none(), distance)
    return scene(
        seen, draw(st.sampled_from(FLAT_ACTIONS)), Ways(draw(distance), draw(side), draw(side)),
        new_area=draw(st.booleans()), learned=draw(st.integers(0, 1)), silent=draw(st.booleans()), guide=guide,
    )  # fmt: skip


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_the_bodys_nerves_live_through_anything_and_the_same_after_a_restart(data: st.DataObject) -> None:
    guide = Pathfinder(NEIGHBOURS)
    nerves, twins = (make_nerves(load_nerves(), 0.01, rules=RULES) for _ in range(2))
    weight = data.draw(st.sampled_from([0.1, 0.3, 0.6, 0.9]))
    for tick in range(data.draw(st.integers(1, 40))):
        seen = data.draw(scenes(tick + 1, guide))
        for one in nerves:
            claim = one.step(seen, weight)
            assert claim is None or claim.action in FLAT_ACTIONS
            assert (
                one.vocabulary is not vocabulary_of("exploration")
                or claim is None
                or claim.action == seen.wish
            )
    last = data.draw(scenes(100, guide))
    for one, twin in zip(nerves, twins, strict=True):
        one.finished.clear()
        assert one.bounded == 0
        twin.restore(json.loads(json.dumps(one.state())))
        assert twin.step(last, weight) == one.step(last, weight)
        assert (twin.state(), twin.finished) == (one.state(), one.finished)
        assert len(json.dumps(one.state())) < 12_000
