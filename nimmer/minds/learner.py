"""Learning as an NPC lives: a batch of experience, then a few bounded steps on it, one piece of work in a tick.

    128 ticks lived -> expectations and advantages (one piece) -> gradient steps (a piece each) -> forgotten

Steps that are not finite are refused and counted; the last good weights stay. A batch in which nothing went otherwise
than expected teaches nothing: Adam would make a full step out of its noise.
Source: docs/decisions/0030-learning-in-the-npc.md; Mnih et al., arXiv:1602.01783 (actor-critic), and the papers named
in `nimmer.minds.actor_critic`, `nimmer.minds.advantage` and `nimmer.minds.adam`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nimmer.errors import ConfigError
from nimmer.minds.actor_critic import ActorCritic, Lesson, Weighing
from nimmer.minds.adam import Adam
from nimmer.minds.advantage import advantages
from nimmer.minds.brain import Floats
from nimmer.minds.experience import ROWS, Experience
from nimmer.minds.mlp import stacked

FASTEST = 0.1
"""The highest learning rate there is."""
_COUNTS = ("batches", "quiet", "refused")


@dataclass(frozen=True, slots=True)
class LearningRules:
    """How an NPC learns.

    rate: of Adam; discount, trace: gamma and lambda per tick; passes: steps on each batch; norm: the longest
    gradient; surprise: spread of the advantages below which a batch teaches nothing; drift: nats the policy may move
    on one batch before its remaining steps are left out.
    """

    rate: float = 3e-4
    discount: float = 0.97
    trace: float = 0.95
    passes: int = 4
    norm: float = 0.5
    surprise: float = 0.02
    drift: float = 0.02
    weighing: Weighing = field(default_factory=Weighing)

    def __post_init__(self) -> None:
        """Refuse a rate that is none. Raises ConfigError naming the range."""
        if not 0.0 < self.rate <= FASTEST:
            raise ConfigError(f"the learning rate is {self.rate}; it is above 0 and at most {FASTEST}")


class Learner:
    """Learns on one NPC's weights `flat`, in place; see `nimmer.minds.mlp.Mlp.flat`.

    batches: lived through; steps: taken on these weights, in earlier lives too; quiet: batches that taught nothing; refused: steps that were not finite.
    """

    def __init__(
        self, flat: Floats, hidden: int, rules: LearningRules, steps: int = 0, rows: int = ROWS
    ) -> None:
        """Take the memory that learning needs; `steps` were taken before, `rows` ticks make a batch."""
        self.experience = Experience(rows)
        self.batches = self.quiet = self.refused = 0
        self.steps = steps
        self._rules = rules
        self._flat = flat
        self._layers = stacked(flat, hidden)
        self._studied = Experience(rows)
        self._passes = ActorCritic(rows, hidden)
        self._adam = Adam(flat.size)
        self._lesson: Lesson | None = None
        self._left = 0

    def study(self) -> None:
        """Do one bounded piece of what there is to do: nothing, prepare a batch, or take one step on it."""
        if self._lesson is not None:
            self._step(self._lesson)
        elif self.experience.full:
            self._prepare()

    def _prepare(self) -> None:
        """Take the full batch, begin another, and work out how much better than expected everything went."""
        batch, self.experience = self.experience, self._studied
        self._studied = batch
        self.experience.begin_after(batch)
        self.batches += 1
        self._passes.forward(self._layers, batch.features)
        value = np.where(batch.over, np.float32(0.0), self._passes.value[:, 0])
        better = advantages(batch.reward, value, batch.follows, self._rules.discount, self._rules.trace)
        lived = batch.follows.astype(np.float32)
        own = batch.own * lived
        returns = (value + better).astype(np.float32)
        mine = better[own > 0.0]
        spread = float(mine.std()) if mine.size > 1 else 0.0
        if spread < self._rules.surprise:  # what is not a number goes on, and its step is refused
            self.quiet += 1
            return
        advantage = ((better - mine.mean()) / spread).astype(np.float32)
        self._lesson = Lesson(
            batch.possible, batch.action, batch.log_probability, advantage, returns, own, lived
        )
        self._left = self._rules.passes

    def _step(self, lesson: Lesson) -> None:
        """Take one step on the batch that is being learned from; the last one forgets it."""
        rules, passes, features = self._rules, self._passes, self._studied.features
        passes.forward(self._layers, features)
        moved = passes.learn(self._layers, features, lesson, rules.weighing)
        self._left -= 1
        if moved > rules.drift:
            self._left = 0
        elif self._adam.step(self._flat, passes.gradient, rules.rate, rules.norm):
            self.steps += 1
        else:
            self.refused += 1
            self._left = 0
        if self._left <= 0:
            self._lesson = None

    def state(self) -> dict[str, int]:
        """Return what happened so far, as plain JSON values; weights and steps are kept in a file, experience is not."""
        return {name: getattr(self, name) for name in _COUNTS}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is no learner's."""
        self.batches, self.quiet, self.refused = (int(state[name]) for name in _COUNTS)
