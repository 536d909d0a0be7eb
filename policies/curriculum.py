"""The curriculum of a training run: the live village's rule, fed with quizzes of many villages at once.

Free of any trainer: give `take` the quizzes of the villages whose episodes ended, go on with `level`. The RLlib shell
around it is `policies.curriculum_callback`. Source: docs/domain.md section 8; docs/decisions/0029.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from nimmer.world.level import Level
from nimmer.world.levels import Levels
from nimmer.world.promotion import PromotionRule, QuizResult, Ruling, Standing


class TrainingCurriculum:
    """Where training stands on its way through `levels`."""

    def __init__(self, levels: Levels, rule: PromotionRule) -> None:
        """Begin on the first level of `rule`. Raises LevelError when `levels` has no such level."""
        self._levels = levels
        self.rule = rule
        self.standing = Standing(levels[rule.first].number)
        self.history: list[Ruling] = []
        """Every promotion and demotion so far; no more than the levels and `demote_after` allow."""

    @property
    def level(self) -> Level:
        """Return the level to train on now."""
        return self._levels[self.standing.level]

    def take(self, quizzes: Iterable[QuizResult]) -> Ruling | None:
        """Return what the quizzes of one iteration come to, None when none was held on the present level.

        A level is passed when every village passed it, so an NPC counts as it did in the village it did worst in.
        Quizzes of another level are left out: a worker may still have been on it.
        """
        shares = [quiz.shares for quiz in quizzes if quiz.level == self.standing.level]
        if not shares:
            return None
        worst = tuple(min(npc) for npc in zip(*shares, strict=True))
        before, ruling = self.standing, self.rule.judge(self.standing, QuizResult(self.standing.level, worst))
        self.standing = ruling.standing
        if ruling.level != before.level:
            self.history = [*self.history, ruling]
        return ruling

    def state(self) -> dict[str, object]:
        """Return where training stands, as plain JSON values."""
        return self.standing.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned. Raises LevelError when it is no standing, or there is no such level."""
        standing = Standing.restored(state)
        self._levels[standing.level]
        self.standing = standing
