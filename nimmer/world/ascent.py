"""A village's way through the levels: when the quiz is held, what it comes to, who lags, and every change so far.

Pure: whoever turns the world asks `due` once per tick, holds the quiz, gives it to `judge`, moves the village when
the ruling says so, and notes the change. The live garden and `nimmer curriculum run` go this one way.
Source: docs/domain.md section 8 (quiz every 10 epochs; refine and rerun); docs/decisions/0029.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from nimmer.errors import LevelError
from nimmer.world.lagging import Growth, Lag, lag
from nimmer.world.level import Level
from nimmer.world.promotion import PromotionRule, QuizResult, Ruling, Standing
from nimmer.world.quiz import Quiz
from nimmer.world.state import Village

LOOK_TICKS = 20
"""World ticks between two looks at who has learned something: once a second in the real garden."""
CHANGES = 100
"""Most changes of level remembered; the oldest are forgotten first."""


@dataclass(frozen=True, slots=True)
class QuizPace:
    """When the quiz is held, in world ticks.

    every: however little is known; least: between two quizzes on one level that were held because everybody
    believed to know everything.
    """

    every: int
    least: int

    def __post_init__(self) -> None:
        """Raise LevelError when one of them is no number of ticks."""
        if self.every < 1 or self.least < 1:
            raise LevelError(
                f"a quiz every {self.every} ticks, or {self.least} at least: both must be above 0"
            )


@dataclass(frozen=True, slots=True)
class LevelChange:
    """The village went from one level to another, at which tick, when (unix seconds), and why."""

    tick: int
    level_from: int
    level_to: int
    unix_s: float
    reason: str

    @property
    def kind(self) -> Literal["promotion", "demotion"]:
        """Return which of the two it was."""
        return "promotion" if self.level_to > self.level_from else "demotion"


class Ascent:
    """The way of one world."""

    def __init__(self, rule: PromotionRule, pace: QuizPace, village: Village) -> None:
        """Begin with `village` as it is, nothing asked yet."""
        self.rule = rule
        self.pace = pace
        self.standing = Standing(village.level)
        self.changes: list[LevelChange] = []
        self.last_quiz: tuple[int, QuizResult] | None = None
        """The last quiz on this level: its tick and its result."""
        self._growth = Growth(village)

    @property
    def arrived_tick(self) -> int:
        """Return the tick at which the village came to its level, 0 for its birth."""
        return self.changes[-1].tick if self.changes else 0

    def due(self, level: Level, village: Village) -> bool:
        """Look at the village after a tick, and return whether the quiz is to be held now.

        1. Every `pace.every` ticks. 2. As soon as everybody believes to know everything, looked at once in
        `LOOK_TICKS`; after a quiz on this level not before `pace.least` ticks, and not once it was passed.
        """
        tick = int(village.tick[0])
        looks = tick % LOOK_TICKS == 0
        if looks:
            self._growth.watch(village)
        if tick % self.pace.every == 0:
            return True
        if not looks or self.standing.passed or not (village.facts == level.nodes).all():
            return False
        return self.last_quiz is None or tick - self.last_quiz[0] >= self.pace.least

    def judge(self, tick: int, level: Level, quiz: Quiz) -> Ruling:
        """Return what a quiz held at `tick` on `level` comes to, and remember it."""
        result = QuizResult(level.number, tuple(quiz.coverage.tolist()))
        ruling = self.rule.judge(self.standing, result)
        self.standing = ruling.standing
        self.last_quiz = (tick, result) if ruling.level == level.number else None
        return ruling

    def change(self, tick: int, level_from: int, ruling: Ruling, unix_s: float) -> LevelChange:
        """Note that a ruling sends the village to another level, and return the note."""
        noted = LevelChange(tick, level_from, ruling.level, unix_s, ruling.reason)
        self.changes = [*self.changes, noted][-CHANGES:]
        return noted

    def lag(self, level: Level, village: Village, quiz: Quiz) -> Lag:
        """Return who holds the village back, on what and since when."""
        self._growth.watch(village)
        return lag(level, village, quiz, self._growth.since)

    def state(self) -> dict[str, object]:
        """Return everything as plain JSON values."""
        last = None if self.last_quiz is None else [self.last_quiz[0], list(self.last_quiz[1].shares)]
        return {
            "standing": self.standing.state(),
            "changes": [asdict(change) for change in self.changes],
            "last_quiz": last,
            "since": self._growth.since.tolist(),
        }

    def restore(self, state: Mapping[str, Any], village: Village) -> None:
        """Take back what `state` returned, as far as it is true of `village`, which the log has brought back.

        A change is noted before the log has it, so one the log never got is forgotten, and with it the standing.
        Raises LevelError, KeyError, TypeError or ValueError when it is no state of an ascent.
        """
        tick = int(village.tick[0])
        changes = [LevelChange(**change) for change in state["changes"]]
        true = [change for change in changes if change.tick <= tick]
        if true and true[-1].level_to != village.level:
            true = true[:-1]
        standing = Standing.restored(state["standing"])
        self._growth.resume(state["since"])
        self.changes = true
        if standing.level != village.level or len(true) < len(changes):
            return
        self.standing = standing
        if state["last_quiz"] is not None:
            asked_tick, shares = state["last_quiz"]
            self.last_quiz = (int(asked_tick), QuizResult(village.level, tuple(shares)))
