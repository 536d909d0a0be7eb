"""The training world of the governor: whole villages under scarcity, epoch by epoch, many at a time.

    observe -> the governor proposes -> the envelope bounds -> an epoch of world ticks -> tally -> observe ...

The world is the real one (`nimmer.world.step`): the same map, houses, energy and talk. An NPC acts in a world tick only
as often as its rate and its quota let it. Triggers come, are noticed or missed; questions queue at the cortex;
everything is paid in CPU and lifeforce. Which numbers are measured and which assumed: `nimmer.world.scarcity`.
Source: docs/domain.md section 8, "Governor"; docs/governor.md.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nimmer.life.governor import Envelope
from nimmer.life.governor_arrays import bounded
from nimmer.life.governor_observation import npc_features, world_features
from nimmer.life.percept import Column
from nimmer.minds.governor_net import Proposal
from nimmer.world.level import Level
from nimmer.world.observation import observe_features
from nimmer.world.rules import Rules
from nimmer.world.scarce_compute import Compute
from nimmer.world.scarce_cortex import CortexQueue
from nimmer.world.scarce_fortune import Draws, Fortune
from nimmer.world.scarce_score import Tally
from nimmer.world.scarce_triggers import Triggers
from nimmer.world.scarcity import KINDS, QUESTION, ScarcityModel
from nimmer.world.state import Village
from nimmer.world.step import step
from nimmer.world.walker import Walker

Numbers = NDArray[np.float64]
Columns = dict[str, Numbers]
BODY_KINDS = QUESTION
"""The kinds before the question are a body's gates of the same index."""
_THIRSTY = 0.2
"""Energy below which a battery trigger can come, as the battery gate's salience says."""
_CROWD = 0.5
"""Share of a node's room for others from which danger begins more often."""


class ScarceVillage:
    """W villages of N NPCs on one level, governed once an epoch."""

    def __init__(
        self,
        level: Level,
        rules: Rules,
        model: ScarcityModel,
        npcs: int,
        cpu_share: Numbers,
        seeds: tuple[int, ...],
        copies: int = 1,
    ) -> None:
        """Begin; the first epoch is observed at once.

        Args:
            level: where they live.
            rules: of the world.
            model: of the scarcity.
            npcs: N.
            cpu_share: `(len(seeds),)` the CPU each scenario has, as a share of what all NPCs at the highest rate would
                use; never less than the floors.
            seeds: one per scenario.
            copies: governors that each get every scenario; W = copies * scenarios.

        Raises LevelError when the level has no room for so many.
        """
        self.level, self.rules, self.model, self.npcs = level, rules, model, npcs
        self.fortune = Fortune(level, rules, model, npcs, seeds, copies)
        worlds = self.fortune.worlds
        self.envelope = Envelope(1.0)
        floors = self.envelope.limits.min_cpu_percent * npcs
        wanted = np.tile(np.asarray(cpu_share, np.float64), copies) * model.whole_percent(npcs)
        self.capacity = np.maximum(wanted, floors)
        self.village = self.fortune.born()
        self.epoch = 0
        shape = (worlds, npcs)
        self._compute = Compute(model, self.fortune.tick_ms, self.fortune.effective)
        self._cortex = CortexQueue(model, shape)
        self._triggers = Triggers(model, self.fortune.episodes)
        self._walker = Walker(level, shape)
        self._features = observe_features(level, rules, self.village)
        self.lifeforce = self.fortune.lifeforce.copy()
        self._hz = np.full(shape, 10.0)
        self._cpu = np.broadcast_to((self.capacity / npcs)[:, None], shape).copy()
        self._gates = np.zeros((*shape, len(KINDS)), np.int8)
        self._forced = np.zeros(shape)
        self._permission = np.zeros(shape, np.bool_)
        self._priority = np.zeros(shape)
        self.total = Tally.nothing(shape)
        self._last = self.total
        self._income, self._expense = np.ones(shape), np.ones(shape)
        self._answer_ms = np.zeros(worlds)
        self._overdue = np.zeros(worlds)

    def begin(self, village: Village, lifeforce: Numbers) -> None:
        """Begin with another `village` and `lifeforce` `(W, N)` than fortune's, before the first epoch."""
        self.village, self.lifeforce = village, lifeforce
        self._features = observe_features(self.level, self.rules, village)

    def columns(self) -> tuple[Columns, Columns]:
        """Return what the governor sees in its own units: the columns of NPCs `(W, N)`, and of the villages `(W,)`."""
        compute, cortex = self._compute, self._cortex
        features: NDArray[Any] = self._features
        since = self.total.minus(self._last)
        triggers = self._triggers.open
        npcs: Columns = {
            "coverage": self.village.facts / self.level.nodes,
            "energy": self.village.energy.astype(np.float64),
            "lifeforce": self.lifeforce,
            "balance": self._income / np.maximum(self._expense, 1e-9),
            "lateness_p99_ms": compute.late_ms,
            "ticks_kept": np.where(compute.due > 0, compute.done / np.maximum(compute.due, 1.0), 1.0),
            "tick_hz": self._hz,
            "cpu_percent": self._cpu,
            "cpu_used_percent": compute.used_ms / (10.0 * self.model.epoch_s),
            "gained": since.gained,
            "earned": since.earned,
            "met": since.met.sum(axis=2),
            "missed": since.missed.sum(axis=2),
            "gates_open": triggers[..., :BODY_KINDS].sum(axis=2),
            "urgent": (triggers[..., 0] | triggers[..., 1]).astype(np.float64),
            "wants_cortex": (triggers[..., QUESTION] | cortex.open).astype(np.float64),
            "cortex_wait_ms": cortex.waited_ms * cortex.open,
            "occupants": features[..., Column.COMPANY] * (self.rules.node_capacity - 1.0),
            "news": features[..., Column.NEWS] * float(self.level.nodes),
        }
        worlds = np.ones(self.capacity.shape)
        village: Columns = {
            "level": worlds * self.level.number,
            "capacity_percent": self.capacity,
            "cortex_slots": worlds * self.model.slots,
            "cortex_queue": cortex.waiting.sum(axis=1).astype(np.float64),
            "cortex_p95_ms": self._answer_ms,
            "cortex_stuck": (self._overdue > 0).astype(np.float64),
            "lifeforce_budget": self.lifeforce.sum(axis=1),
        }
        return npcs, village

    def observe(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return `(W, N, NPC_FEATURES)` and `(W, WORLD_FEATURES)` float32, as the live governor sees them."""
        npcs, village = self.columns()
        return npc_features(npcs), world_features(npcs, village)

    def live(self, proposal: Proposal) -> Tally:
        """Govern one epoch by `proposal`, as the envelope bounds it; return what this epoch brought."""
        self._hz, self._cpu = bounded(
            self.envelope,
            (proposal.tick_hz, proposal.cpu_percent),
            (self._hz, self._cpu),
            self.capacity,
        )
        self._gates[..., :BODY_KINDS] = proposal.gates[..., :BODY_KINDS]
        self._forced = (proposal.gates > 0).sum(axis=-1).astype(np.float64)
        self._permission, self._priority = proposal.permission, proposal.priority
        self._compute.begin_epoch()
        self._compute.allot(self._hz, self._cpu)
        self._last = self.total.copied()
        self._income, self._expense = np.zeros_like(self._income), np.zeros_like(self._expense)
        self._answer_ms, self._overdue = np.zeros_like(self._answer_ms), np.zeros_like(self._overdue)
        for at, draws in enumerate(self.fortune.epoch()):
            self._turn(draws, self.fortune.stuck(self.epoch, at / self.model.epoch_ticks))
        self.epoch += 1
        self._promote()
        return self.total.minus(self._last)

    def _turn(self, draws: Draws, stuck: NDArray[np.bool_]) -> None:
        model = self.model
        acts = self._compute.turn()
        learned = self._step(acts, draws)
        price = model.look_price * model.dear
        looking = acts & (self.lifeforce >= price)
        income = np.full(acts.shape, model.income_per_s * model.tick_s) + model.fact_pays * learned
        expense = price * looking
        gained, spent = self._nerves(acts, looking, draws)
        asked, paid = self._questions(draws, stuck)
        self._earn(income + gained + asked, expense + spent + paid)

    def _step(self, acts: NDArray[np.bool_], draws: Draws) -> NDArray[np.bool_]:
        verbs, slots = self._walker.decide(self.village, self._features, acts, draws.steps)
        before = self.village.facts
        self.village, outcome = step(self.level, self.rules, self.village, verbs, slots, acts)
        self._features = observe_features(self.level, self.rules, self.village)
        self.total.gained[:] += (self.village.facts - before) / self.level.nodes
        return np.asarray(outcome.learned >= 0)

    def _nerves(
        self, acts: NDArray[np.bool_], looking: NDArray[np.bool_], draws: Draws
    ) -> tuple[Numbers, Numbers]:
        """Let triggers come and nerves run; return what that earned and cost in lifeforce, `(W, N)` each."""
        model, features = self.model, self._features
        causes = np.ones(self._gates.shape, np.bool_)
        causes[..., 1] = features[..., Column.ENERGY] < _THIRSTY
        causes[..., 2] = features[..., Column.HERE_KNOWN] == 0
        causes[..., 3] = features[..., Column.NEWS] > 0
        causes[..., QUESTION] = ~self._cortex.open
        crowded = features[..., Column.COMPANY] >= _CROWD
        heard = self._triggers.turn(causes, crowded, looking, self._gates, draws.triggers)
        runs = heard.noticed[..., :BODY_KINDS]
        succeeded = runs & (draws.success[..., :BODY_KINDS] < model.succeeds)
        missed = heard.missed.copy()
        missed[..., :BODY_KINDS] |= runs & ~succeeded
        alarms = acts & (draws.alarm < model.false_alarm * self._forced)
        asks = heard.noticed[..., QUESTION]
        permitted = asks & self._permission
        missed[..., QUESTION] |= asks & ~permitted
        self._cortex.ask(permitted, self._priority)
        busy = runs.sum(axis=-1) + alarms
        work = model.nerve_ticks * busy + model.call_ticks * permitted
        self._compute.spend(work * self._compute.tick_ms)
        self.total.noticed[:] += heard.noticed
        self.total.met[..., :BODY_KINDS] += succeeded
        self.total.missed[:] += missed
        self.total.calls[:] += permitted
        gained: Numbers = succeeded @ np.array(model.met_pays[:BODY_KINDS])
        spent: Numbers = model.run_price * model.dear * busy + model.call_price * model.dear * permitted
        penalties: Numbers = missed @ np.array(model.missed_costs)
        return gained, spent + penalties

    def _questions(self, draws: Draws, stuck: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
        """Let the cortex work; return what answers earned and what was in vain, `(W, N)` each."""
        model, cortex = self.model, self._cortex
        answered, late = cortex.turn(1000.0 * model.tick_s, draws.answer, stuck)
        self.total.met[..., QUESTION] += answered
        self.total.missed[..., QUESTION] += late
        ended = answered | late
        np.maximum(self._answer_ms, (cortex.waited_ms * ended).max(axis=1), out=self._answer_ms)
        self._overdue += late.sum(axis=1)
        earned = np.where(answered, model.met_pays[QUESTION], 0.0)
        return earned, np.where(late, model.missed_costs[QUESTION], 0.0)

    def _earn(self, income: Numbers, expense: Numbers) -> None:
        before = self.lifeforce
        self.lifeforce = np.clip(before + income - expense, 0.0, np.maximum(before, self.model.most))
        self.total.earned[:] += self.lifeforce - before
        self.total.cpu_ms[:] = self._last.cpu_ms + self._compute.used_ms
        self._income += income
        self._expense += expense

    def _promote(self) -> None:
        """Let villages that know everything begin to learn anew, with the energy they have."""
        passed = (self.village.facts == self.level.nodes).all(axis=1)
        if passed.any():
            fresh = self.fortune.reborn(passed, self.epoch, self.village.tick)
            self.village = replace(self.village.with_worlds(passed, fresh), energy=self.village.energy)
            self._features = observe_features(self.level, self.rules, self.village)
