"""Training the governor by an evolution strategy: one readable loop over villages under scarcity.

    draw scenarios -> every candidate governs all of them -> rank -> move -> now and then: validate, keep the best

All candidates of a generation get the very same scenarios, so that what differs is their doing; every scenario counts
alike, whatever its budget, because scores are compared within it. A generation hangs on the seed and its number alone:
a training that was interrupted goes on bit for bit. numpy only.
Source: Salimans et al. 2017, "Evolution Strategies as a Scalable Alternative to Reinforcement Learning".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nimmer.chance import Chance
from nimmer.minds.governor_net import FORCED, GATES, PERMISSION, RATE, GovernorWeights, initial_weights
from nimmer.minds.strategy import Strategy, StrategySettings
from nimmer.world.level import Level
from nimmer.world.rules import Rules
from nimmer.world.scarce_score import Tally
from nimmer.world.scarce_village import ScarceVillage
from nimmer.world.scarcity import ScarcityModel
from nimmer.world.seeds import FIRST_EVALUATION_SEED, training_seed
from policies.governor_rivals import Net, Rival

Numbers = NDArray[np.float64]
LEVEL = 2
"""The level of the curriculum its villages live on: 100 houses, so that there is something to learn for a while."""


@dataclass(frozen=True, slots=True)
class Course:
    """What a governor is trained on.

    npcs: sizes of villages, one drawn per generation; least_share, most_share: CPU as a share of what all NPCs at the
    highest rate would use, drawn evenly on a logarithmic scale; scenarios: per generation; epochs: of an episode;
    validate_every: generations between two validations on `validation` scenarios of their own.
    """

    npcs: tuple[int, ...] = (8, 12, 16)
    least_share: float = 0.15
    most_share: float = 1.0
    scenarios: int = 3
    epochs: int = 10
    validation: int = 16
    validate_every: int = 10
    size: str = "small"
    strategy: StrategySettings = field(default_factory=StrategySettings)


_FULL_RATE, _SURE = 3.0, 2.0
"""Outputs that stand for nearly the highest rate, and for a sure permission."""


class Progress(NamedTuple):
    """How one generation went.

    score: mean village score of the candidates; spread: their standard deviation within a scenario, mean; validation:
    score of the search's mean on the validation scenarios, nan when not measured; best: the best of these so far.
    """

    generation: int
    score: float
    spread: float
    validation: float
    best: float


class GovernorTraining:
    """One training by evolution strategy, from seed to weights."""

    def __init__(
        self, level: Level, seed: int, course: Course | None = None, model: ScarcityModel | None = None
    ) -> None:
        """Begin at fresh weights. Raises ConfigError for a seed that is kept for evaluation."""
        self.seed = training_seed(seed)
        self.course = course or Course()
        self._level, self._model = level, model or ScarcityModel()
        self._chance = Chance(seed)
        self.strategy = Strategy(
            beginning(self.course.size, self._chance.generator("weights")), self.course.strategy
        )
        self.best_weights: GovernorWeights = self.strategy.weights()
        self.best = -np.inf
        course = self.course
        self._validation_seeds = scenario_seeds(self._chance.generator("validation"), course.validation)
        self._validation_shares = np.geomspace(course.least_share, course.most_share, course.validation)

    def generation(self) -> Progress:
        """Try one generation of candidates and move."""
        course, number = self.course, self.strategy.generation
        chance = self._chance.generator("generation", number)
        npcs = int(chance.choice(course.npcs))
        seeds = scenario_seeds(chance, course.scenarios)
        ratio = course.most_share / course.least_share
        shares = course.least_share * ratio ** chance.random(course.scenarios)
        candidates = self.strategy.ask(chance)
        copies = 2 * course.strategy.pairs
        tally = self.govern(Net(candidates), npcs, shares, seeds, copies)
        scores = tally.score().reshape(copies, course.scenarios)
        spread = scores.std(axis=0)
        self.strategy.tell(((scores - scores.mean(axis=0)) / np.maximum(spread, 1e-9)).mean(axis=1))
        validation = self.validate() if self.strategy.generation % course.validate_every == 0 else np.nan
        return Progress(
            self.strategy.generation, float(scores.mean()), float(spread.mean()), validation, self.best
        )

    def govern(
        self, rival: Rival, npcs: int, shares: Numbers, seeds: tuple[int, ...], copies: int = 1
    ) -> Tally:
        """Return what `rival` achieves in one episode of each scenario."""
        village = ScarceVillage(self._level, Rules(), self._model, npcs, shares, seeds, copies)
        return episode(village, rival, self.course.epochs)

    def validate(self) -> float:
        """Return the score of where the search stands on the validation scenarios, and keep the best weights."""
        return self.judge(self.strategy.weights())

    def judge(self, weights: GovernorWeights) -> float:
        """Return the score of `weights` on the validation scenarios, and keep them when no others were better."""
        npcs = self.course.npcs[len(self.course.npcs) // 2]
        tally = self.govern(Net(weights), npcs, self._validation_shares, self._validation_seeds)
        score = float(tally.score().mean())
        if score > self.best:
            self.best, self.best_weights = score, weights
        return score

    def state(self) -> dict[str, NDArray[np.float64]]:
        """Return what a checkpoint keeps; see `restore`."""
        best = {f"best.{name}": array.astype(np.float64) for name, array in self.best_weights.items()}
        return {**self.strategy.state(), "best": np.array([self.best]), **best}

    def restore(self, state: Mapping[str, NDArray[np.float64]]) -> None:
        """Take back what `state` returned. Raises WeightsError when it is of a net of another size."""
        self.strategy.restore(state)
        self.best = float(state["best"][0])
        self.best_weights = {name: state[f"best.{name}"].astype(np.float32) for name in self.best_weights}


def beginning(size: str, generator: np.random.Generator) -> GovernorWeights:
    """Return the weights a training begins with: what a good hand-written rule does.

    The CPU by need (which a net with a head of zeros does), the highest rate, so that the quota alone holds an NPC, the
    cortex for all, and the collision gate forced open, so that one look is enough.
    """
    weights = initial_weights(size, generator)
    weights["head_b"][[RATE, PERMISSION, GATES]] = _FULL_RATE, _SURE, 1.5 * FORCED
    return weights


def episode(village: ScarceVillage, rival: Rival, epochs: int) -> Tally:
    """Let `rival` govern `village` for so many epochs; return what came of it."""
    for epoch in range(epochs):
        village.live(rival(*village.columns(), epoch))
    return village.total


def scenario_seeds(generator: np.random.Generator, count: int) -> tuple[int, ...]:
    """Return `count` seeds for training scenarios, none of which is kept for evaluation."""
    return tuple(int(seed) for seed in generator.integers(0, FIRST_EVALUATION_SEED, count))
