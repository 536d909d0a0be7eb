"""A nerve: the small machine that walks any table of states, woken by a gate, claiming the body's motor.

    each tick: notice the scene; from the present state take the first edge whose guard holds, and the next,
    until an edge acts (the world must answer first), the run ends, nothing holds, or, deliberating, one was taken

What the words of a table mean is in its vocabulary (collision_avoidance.py, exploration.py, charging.py,
conversation.py), how the nerve grows in evolution.py. When several claim the motor the highest priority moves.
Source: docs/domain.md section 5 and section 13 point 10.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from nimmer.life.action import Action
from nimmer.life.evolution import Evolution, EvolutionRules
from nimmer.life.nerve_run import MOST_COMMANDS, Mode, NerveRun, Run, RunOutcome
from nimmer.life.nerve_spec import DISABLED, IDLE, NerveSpec
from nimmer.life.nerve_statistics import NerveStatistics
from nimmer.life.nerve_way import Way, make_map
from nimmer.life.pricing import Pricing
from nimmer.life.recall import BITS, recalled, remembered
from nimmer.life.scene import Scene
from nimmer.life.senses import kind_named
from nimmer.life.vocabulary import Act, Memory, Signature, Vocabulary

MOST_EDGES = 32
"""No walk takes more edges in one tick; a checked table never comes near it."""
MOST_FINISHED = 32
"""Finished runs kept for a body that does not take them."""


class Claim(NamedTuple):
    """A nerve's wish for the motor in this tick."""

    priority: float
    nerve: int
    action: Action


class Nerve:
    """One nerve of one body. The body calls `step` or `rest` once a tick, then `collect`, then takes `finished`."""

    __slots__ = (
        "_acted",
        "_acted_tick",
        "_awake",
        "_codes",
        "_holds",
        "_meanwhile",
        "_recall",
        "_run",
        "_situation",
        "_waited",
        "_watch",
        "_ways",
        "_weight",
        "activations",
        "bounded",
        "current",
        "due",
        "evolution",
        "finished",
        "memory",
        "number",
        "optional",
        "pays",
        "required",
        "spec",
        "spent",
        "statistics",
        "vocabulary",
    )

    def __init__(
        self,
        spec: NerveSpec,
        vocabulary: Vocabulary,
        price_scale: float = 1.0,
        prices: Pricing | None = None,
        rules: EvolutionRules | None = None,
        memory: Memory | None = None,
    ) -> None:
        """Rest in IDLE.

        Args:
            spec: a table that `nerve_checks.check` has passed with this `vocabulary`.
            vocabulary: what its words mean.
            price_scale: factor on every printed price, where `prices` says nothing.
            prices: measured prices.
            rules: the thresholds of growth; the published ones when left out.
            memory: one with ports or settings of its own; the vocabulary's plain one when left out.
        """
        self.spec = spec
        self.vocabulary = vocabulary
        self.number = vocabulary.number
        self.required = tuple(kind_named(cell).code for cell in spec.required)
        self.optional = tuple(kind_named(cell).code for cell in spec.optional)
        self.memory = vocabulary.memory() if memory is None else memory
        self.evolution = Evolution(EvolutionRules() if rules is None else rules)
        self.statistics = NerveStatistics()
        self.finished: list[NerveRun] = []
        scale = price_scale if spec.pays_often else 1.0
        self.pays = tuple(dict(spec.pays).get(outcome, 0.0) * scale for outcome in RunOutcome)

        def price(printed: float) -> float:
            return printed * price_scale if prices is None else prices.nerve(spec.name, printed)

        self._ways, self._watch, self._meanwhile, self._holds = make_map(spec, vocabulary, price)
        self.current = IDLE
        self.activations = 0
        self.bounded = 0
        self.due = 0.0
        self.spent = 0.0
        self._weight = 0.0
        self._awake = False
        self._waited = False
        self._clear()

    def _clear(self) -> None:
        """Have no run."""
        self._run: Run | None = None
        self._acted: Action | None = None
        self._acted_tick = -1
        self._situation: Signature | None = None
        self._recall: tuple[int, ...] | None = None
        self._codes: list[int] = []

    @property
    def name(self) -> str:
        """Return the nerve's name."""
        return self.spec.name

    @property
    def states(self) -> tuple[str, ...]:
        """Return the names of its states; `current` indexes them."""
        return self.spec.states

    @property
    def running(self) -> bool:
        """Return whether a run is going on: then `rest` wants to see the scene."""
        return self._run is not None

    @property
    def holding(self) -> bool:
        """Return whether the run may be finished although the gate let go (STABLE, not CLOSED)."""
        return self._holds[self.current] and self._run is not None

    def able(self, operational: Callable[[int], bool]) -> bool:
        """Return whether every required cell works; `operational` answers for a cell's code."""
        for code in self.required:  # noqa: SIM110  a generator costs more than the test
            if not operational(code):
                return False
        return True

    def missing(self, operational: Callable[[int], bool]) -> tuple[int, ...]:
        """Return the codes of the cells it does without: any means degraded, a required one disabled."""
        return tuple(code for code in (*self.required, *self.optional) if not operational(code))

    def mode(self, weight: float) -> Mode:
        """Return the mode of the run going on, else that of one begun now behind a gate of this `weight`."""
        return self.evolution.mode(weight) if self._run is None else self._run.mode

    def collect(self) -> float:
        """Return what is owed since the last call, in lifeforce, and owe nothing."""
        due = self.due
        if due:
            self.due = 0.0
            self.spent += due
        return due

    def rest(self, able: bool, scene: Scene | None = None) -> None:
        """Go to IDLE, or to DISABLED when not `able`: free from everywhere. A run going on ends, judged by `scene`."""
        if not self._awake and able == (self.current != DISABLED):
            return
        if self._run is not None:
            outcome = RunOutcome.ABANDONED
            if scene is not None:
                self.memory.notice(scene)
                self._credit(self._run, scene)
                outcome = self.memory.verdict(scene)
            self._end(self._run, outcome, scene)
        self.memory.pause()
        self._awake = self._waited = False
        self.current = IDLE if able else DISABLED

    def step(self, scene: Scene, weight: float) -> Claim | None:
        """Return this nerve's claim on the motor for this tick: its gate, of this `weight`, is open, and it is able."""
        self._awake = True
        self._weight = weight
        if self.current == DISABLED:
            self.current = IDLE
        self.memory.notice(scene)
        run = self._run
        if run is None:
            return self._walk(scene, None)
        self._credit(run, scene)
        watched = self._watch[self.current]
        if watched:
            self._owe(run, watched * scene.elapsed_s)
        percept = scene.percept
        if percept[0] == self._acted_tick:  # the world has not moved since: insist, free of charge
            return self._claim(scene.wish if self.vocabulary.follows else self._acted)
        if percept.rejection:
            self._recall = None  # what was remembered did not go as it did then: think
        return self._walk(scene, run)

    def _walk(self, scene: Scene, run: Run | None) -> Claim | None:
        walked = 0
        while True:
            way = self._next(scene)
            if way is None:
                self._waited = True
                break
            run = self._rouse(run, scene)
            action = self._take(way, run, scene)
            if way.outcome is not None or way.to == IDLE:
                self._finish(way, run, scene)
                if way.act is None:
                    break
            if way.act is not None:
                return self._claim(action)
            walked += 1
            if self._enough(run, walked):
                break
        meanwhile = self._meanwhile[self.current]
        return None if meanwhile is None else self._claim(meanwhile(scene, self.memory))

    def _enough(self, run: Run, walked: int) -> bool:
        if walked >= MOST_EDGES:
            self.bounded += 1
            return True
        return self._slow(run) and walked >= self.evolution.rules.deliberate_edges

    @staticmethod
    def _slow(run: Run) -> bool:
        """Return whether the run is deliberated: not trusted, not recognised, or off the compiled path."""
        return run.strayed or run.mode == Mode.DELIBERATE or (run.mode == Mode.HYBRID and not run.matched)

    def _next(self, scene: Scene) -> Way | None:
        memory = self.memory
        for way in self._ways[self.current]:
            if way[0](scene, memory):
                return way
        return None

    def _rouse(self, run: Run | None, scene: Scene) -> Run:
        """Return the run that walks on, begun where there was none; latency counts from the last wait."""
        if run is not None:
            if self._waited:
                run.roused_s = scene.now_s
                self._waited = False
            return run
        self._waited = False
        self.activations += 1
        mode = self.evolution.choose(self._weight)
        run = self._run = Run(self.activations, mode, self.current, scene.now_s, scene.percept.tick)
        self.memory.begin(scene)
        return run

    def _take(self, way: Way, run: Run, scene: Scene) -> Action | None:
        """Walk one edge, owe its price, and return what it claims."""
        if run.mode == Mode.HYBRID:
            if not run.acted:
                self._recognise(run, scene)
        elif run.mode == Mode.REFLEX:
            compiled = self.evolution.compiled
            run.strayed = run.strayed or (way.to != IDLE and way.to not in (compiled or ()))
        run.thought = run.thought or (not run.acted and self._slow(run))
        self._owe(run, way.price * self._factor(run))
        run.reads |= way.reads
        self.current = way.to
        if way.outcome is None and way.to != IDLE:
            run.enter(way.to)
        if way.watch:
            self._owe(run, way.watch * scene.elapsed_s)
        return None if way.act is None else self._do(way, way.act, run, scene)

    def _recognise(self, run: Run, scene: Scene) -> None:
        """See whether the situation is a known one; it may still change until the nerve acts."""
        signature = self.vocabulary.signature(scene, self.memory)
        if signature != self._situation:
            found = self.evolution.library.find(signature)
            self._situation = signature
            self._recall = None if found is None else found.commands
            run.matched = found is not None

    def _factor(self, run: Run) -> float:
        rules = self.evolution.rules
        if self._slow(run):
            return rules.deliberate_price
        return rules.match_price if run.mode == Mode.HYBRID else rules.reflex_price

    def _credit(self, run: Run, scene: Scene) -> None:
        if scene.mover == self.number or scene.mover < 0:
            run.reward += scene.rewarded

    def _owe(self, run: Run, amount: float) -> None:
        run.cost += amount
        self.due += amount

    def _do(self, way: Way, act: Act, run: Run, scene: Scene) -> Action | None:
        """Act: as remembered where this edge acted in the same place of the pattern, else as the act says."""
        action = act(scene, self.memory)
        if action is not None and not self.vocabulary.follows:
            codes, recall = self._codes, self._recall
            if recall is not None:
                known = recall[len(codes)] if len(codes) < len(recall) else -1
                if known >> BITS == way.number:
                    action = recalled(known, scene) or action
                else:
                    self._recall = None
            if len(codes) < MOST_COMMANDS:
                codes.append(way.number << BITS | remembered(action, scene, self.vocabulary.turns))
        run.act(action, scene.now_s)
        self._acted = action
        self._acted_tick = scene.percept.tick
        return action

    def _claim(self, action: Action | None) -> Claim | None:
        return None if action is None else Claim(self.spec.priority, self.number, action)

    def _finish(self, way: Way, run: Run, scene: Scene) -> None:
        outcome = way.outcome
        self._end(run, self.memory.verdict(scene) if outcome is None else outcome, scene)

    def _end(self, run: Run, outcome: RunOutcome, scene: Scene | None) -> None:
        run.reward += self.pays[outcome]
        situation = self._situation if run.acted else None
        event = self.evolution.settle(run, outcome, self._weight, situation, tuple(self._codes))
        now_s, tick = (
            (run.started_s, run.started_tick) if scene is None else (scene.now_s, scene.percept.tick)
        )
        finished = run.end(self.number, outcome, event, now_s, tick)
        self.statistics.add(finished)
        self.finished.append(finished)
        del self.finished[:-MOST_FINISHED]
        self._clear()

    def state(self) -> dict[str, object]:
        """Return what the nerve must remember, as plain JSON values; finished runs are the body's to take first."""
        return {
            "table": self.spec.digest(),
            "current": self.states[self.current],
            "activations": self.activations,
            "bounded": self.bounded,
            "due": self.due,
            "spent": self.spent,
            "weight": self._weight,
            "awake": self._awake,
            "waited": self._waited,
            "acted": None if self._acted is None else [int(part) for part in self._acted],
            "acted_tick": self._acted_tick,
            "situation": None if self._situation is None else list(self._situation),
            "recall": None if self._recall is None else list(self._recall),
            "codes": list(self._codes),
            "run": None if self._run is None else self._run.state(),
            "memory": self.memory.state(),
            "evolution": self.evolution.state(),
            "statistics": self.statistics.state(),
        }

    def restore(self, state: Mapping[str, Any], shift_s: float = 0.0) -> None:
        """Take back what `state` returned, times shifted by `shift_s`.

        A state of another table keeps its sums and its memory; paths and patterns of states that no longer are
        the same are forgotten. Raises KeyError, TypeError or ValueError when it is not this nerve's.
        """
        self.activations, self.bounded = int(state["activations"]), int(state["bounded"])
        self.due, self.spent = float(state["due"]), float(state["spent"])
        self.statistics.restore(state["statistics"])
        self.memory.restore(state["memory"], shift_s)
        self._clear()
        if state["table"] != self.spec.digest():
            self.current, self._awake = IDLE, False
            return
        self.evolution.restore(state["evolution"])
        self.current = self.states.index(state["current"])
        self._weight = float(state["weight"])
        self._awake, self._waited = bool(state["awake"]), bool(state["waited"])
        self._acted_tick = int(state["acted_tick"])
        acted, situation, recall = state["acted"], state["situation"], state["recall"]
        self._acted = None if acted is None else Action(int(acted[0]), int(acted[1]))
        self._situation = None if situation is None else tuple(int(one) for one in situation)
        self._recall = None if recall is None else tuple(int(one) for one in recall)
        self._codes = [int(one) for one in state["codes"]]
        self._run = None if state["run"] is None else Run.restored(state["run"], shift_s)


def arbitrate(claims: Iterable[Claim], brain: Action) -> tuple[int, Action]:
    """Return who moves the body and how: the highest claim (the first of equals), else nerve 0 with the brain's."""
    best: Claim | None = None
    for claim in claims:
        if best is None or claim.priority > best.priority:
            best = claim
    return (0, brain) if best is None else (best.nerve, best.action)
