"""A contest of minds on one level: everybody through the same villages, then one table of all.

Source: docs/evaluation.md.
"""

from collections.abc import Sequence
from pathlib import Path

from nimmer.world.level import Level
from nimmer.world.rules import Rules
from policies.evaluation import Progress, Trial, born, evaluate
from policies.minds import Minds
from policies.score_files import draw, write_curves, write_table
from policies.score_text import Setting
from policies.scorecard import Score, score
from policies.tick_bound import fewest_ticks

TABLE = "evaluate-npc"
CURVES = "evaluate-npc-coverage"


class Contest:
    """Trials on one level over one list of seeds."""

    def __init__(self, level: Level, rules: Rules, npcs: int, seeds: Sequence[int], most_ticks: int) -> None:
        """Prepare the villages. Raises LevelError when the level has no room for so many NPCs."""
        self._level = level
        self._rules = rules
        self.seeds = seeds
        self._bound = fewest_ticks(level, rules, born(level, rules, npcs, seeds).node)
        self._trials: list[Trial] = []
        self.setting = Setting(level.number, level.nodes, npcs, len(seeds), most_ticks)

    def hold(self, minds: Minds, seeds: int, *, embodied: bool, progress: Progress = lambda _: None) -> Trial:
        """Let `minds` live through the first `seeds` seeds, and keep what came of it."""
        trial = evaluate(
            minds, self._level, self._rules, self.setting.npcs, self.seeds[:seeds], self.setting.most_ticks,
            embodied=embodied, progress=progress,
        )  # fmt: skip
        self._trials.append(trial)
        return trial

    def scores(self) -> list[Score]:
        """Return a row per trial, in the order they were held."""
        return score(self._trials, self._bound)

    def write(self, directory: Path) -> None:
        """Write table and curves to `directory` as CSV. Raises HostError when one cannot be written."""
        write_table(directory / f"{TABLE}.csv", self.setting, self.scores())
        write_curves(directory / f"{CURVES}.csv", self.setting, self._trials)

    def draw(self, path: Path) -> None:
        """Draw the curves to `path`, a PNG; needs matplotlib. Raises HostError when it cannot be written."""
        draw(path, self.setting, self._trials, float(self._bound.mean()))
