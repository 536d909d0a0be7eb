"""The governor's net against its rivals: the same villages, the same budgets, the same envelope, seeds nobody trained on.

Every rival governs the same villages at every budget. What is compared is the village score, the score per CPU-second
that was really used, and the score per question put to the cortex; differences are paired by seed, with confidence
intervals by bootstrap over the seeds. Source: docs/governor.md, "Rivals"; Efron 1979 (bootstrap).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.chance import Chance
from nimmer.errors import WeightsError
from nimmer.minds.governor_net import WIDTHS, GovernorNet
from nimmer.world.level import Level
from nimmer.world.rules import Rules
from nimmer.world.scarce_score import Tally
from nimmer.world.scarce_village import ScarceVillage
from nimmer.world.scarcity import ScarcityModel
from nimmer.world.seeds import evaluation_seeds
from policies.governor_rivals import (
    AtRandom,
    Net,
    Rival,
    greedy,
    need_at_full_rate,
    need_proportional,
    round_robin,
    uniform,
)
from policies.governor_static_search import StaticAllocation
from policies.governor_training import beginning, episode

Numbers = NDArray[np.float64]
BUDGETS = (0.15, 0.25, 0.4, 0.6, 1.0)
"""CPU as a share of what all NPCs at the highest rate would use."""
STATIC = ("uniform", "round robin", "need-proportional", "greedy", "best static")
"""The static rules the goal is measured against: at each budget, against the best of them."""
RULES = (*STATIC, "need at full rate")
"""All that is hand-written, that one strengthened rule included."""
NET = "net"
UNTRAINED = "net before training"
RIVALS: Mapping[str, Callable[[], Rival]] = {
    "uniform": lambda: uniform,
    "round robin": lambda: round_robin,
    "need-proportional": lambda: need_proportional,
    "need at full rate": lambda: need_at_full_rate,
    "greedy": lambda: greedy,
    "random": lambda: AtRandom(Chance(0).generator("rival")),
}
ABLATIONS = ("gates", "priorities", "quotas")
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Scope:
    """What an evaluation covers. search_*: of the best static allocation."""

    seeds: int = 24
    npcs: int = 12
    epochs: int = 12
    budgets: tuple[float, ...] = BUDGETS
    search_rounds: int = 8
    search_copies: int = 8
    search_seeds: int = 8


class Evaluation:
    """One comparison; each `run` adds a rival's results, by budget and seed."""

    def __init__(self, level: Level, scope: Scope, model: ScarcityModel | None = None) -> None:
        """Fix the villages. Raises ConfigError when there are not so many evaluation seeds."""
        self.scope = scope
        self._level, self._model = level, model or ScarcityModel()
        self.seeds = tuple(evaluation_seeds(scope.seeds))
        self.results: dict[str, dict[str, Numbers]] = {}
        """Rival -> part -> `(budgets, seeds)`."""

    def run(self, name: str, rival: Rival) -> None:
        """Let `rival` govern every village at every budget."""
        parts = self._govern(rival).parts()
        shape = (len(self.scope.budgets), len(self.seeds))
        self.results[name] = {part: values.reshape(shape) for part, values in parts.items()}

    def search_static(self, tell: Callable[[int], None] = lambda _round: None) -> None:
        """Search the best static allocation of every budget, and run it."""
        scope = self.scope
        budgets, copies = len(scope.budgets), scope.search_copies
        chance = Chance(0).generator("static")
        seeds = self.seeds[: scope.search_seeds]
        best = StaticAllocation.uniform(budgets, scope.npcs)
        for number in range(scope.search_rounds):
            # the first of every budget's candidates is the best so far
            tried = best.take(np.repeat(np.arange(budgets), copies))
            fresh = np.arange(budgets * copies) % copies > 0
            changed = tried.changed(chance)
            tried = _where(fresh, changed, tried)
            scores = self._try(tried, seeds)
            winner = scores.argmax(axis=1)
            best = tried.take(np.arange(budgets) * copies + winner)
            tell(number + 1)
        self.run("best static", best.take(np.repeat(np.arange(budgets), len(self.seeds))))

    def net(self, net: GovernorNet) -> None:
        """Run the net, whole, without each of its powers, and as one of its size begins its training.

        Raises WeightsError for a net of a size no training begins with.
        """
        size = next((name for name, width in WIDTHS.items() if width == net.width), None)
        if size is None:
            known = ", ".join(f"{name} = {width}" for name, width in WIDTHS.items())
            raise WeightsError(
                f"the net's layers are {net.width} wide; it is compared with one of its size before training, and those"
                f" are {known}: train one of these"
            )
        self.run(NET, Net.of(net))
        self.run(UNTRAINED, Net(beginning(size, Chance(0).generator("untrained"))))
        for power in ABLATIONS:
            self.run(f"net without {power}", Net.of(net, power))

    def _try(self, tried: StaticAllocation, seeds: tuple[int, ...]) -> Numbers:
        """Return the mean score `(budgets, copies)` of each candidate over `seeds`."""
        budgets, copies = len(self.scope.budgets), self.scope.search_copies
        each = np.repeat(np.arange(budgets * copies), len(seeds))
        shares = np.repeat(np.asarray(self.scope.budgets), copies * len(seeds))
        village = ScarceVillage(
            self._level, Rules(), self._model, self.scope.npcs, shares, seeds * (budgets * copies)
        )
        scores = episode(village, tried.take(each), self.scope.epochs).score()
        return np.asarray(scores.reshape(budgets, copies, len(seeds)).mean(axis=2))

    def _govern(self, rival: Rival) -> Tally:
        shares = np.repeat(np.asarray(self.scope.budgets), len(self.seeds))
        village = ScarceVillage(
            self._level, Rules(), self._model, self.scope.npcs, shares, self.seeds * len(self.scope.budgets)
        )
        return episode(village, rival, self.scope.epochs)


def _where(which: NDArray[np.bool_], first: StaticAllocation, second: StaticAllocation) -> StaticAllocation:
    column = which[:, None]
    return StaticAllocation(
        np.where(column, first.shares, second.shares),
        np.where(column, first.rates, second.rates),
        np.where(column, first.permission, second.permission),
        np.where(column, first.priority, second.priority),
        np.where(column, first.gates, second.gates),
    )


def measures(parts: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """Return what is compared, `(..., seeds)` each: score, per CPU-second, per question, and the parts of the score."""
    return {
        "score": parts["score"],
        "score_per_cpu_s": parts["score"] / np.maximum(parts["cpu_s"], 1e-9),
        "score_per_call": parts["score"] / np.maximum(parts["calls"], 1.0),
        **{name: parts[name] for name in parts if name != "score"},
    }


def interval(values: Numbers) -> tuple[float, float]:
    """Return the 95 % confidence interval of the mean of `values` `(seeds,)`, by bootstrap."""
    means = values[_resampled(values.size)].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def gain(ours: Numbers, theirs: Numbers) -> tuple[float, float, float]:
    """Return how much better the mean of `ours` is than that of `theirs`, as a share, with its 95 % interval.

    Both are `(seeds,)` over the same seeds, and are drawn together.
    """
    which = _resampled(ours.size)
    ratios = ours[which].mean(axis=1) / theirs[which].mean(axis=1) - 1.0
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(ours.mean() / theirs.mean() - 1.0), float(low), float(high)


def _resampled(size: int) -> NDArray[np.int64]:
    return Chance(0).generator("bootstrap").integers(0, size, (_RESAMPLES, size))
