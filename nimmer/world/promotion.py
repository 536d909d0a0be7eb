"""The one rule by which a village goes up and down the levels, for the live garden, training and every other run.

A quiz is judged together with what the rule remembers of the level (`Standing`), and answered by a `Ruling` that
holds the next standing: a state machine without hidden state, so that it can be kept, resumed and replayed.
Source: docs/domain.md section 8 (only 100 percent, village-wide, passes); docs/decisions/0029.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from nimmer.errors import LevelError


class Verdict(StrEnum):
    """What a quiz comes to."""

    STAY = "stay"
    PROMOTE = "promote"
    DEMOTE = "demote"


@dataclass(frozen=True, slots=True)
class QuizResult:
    """One quiz as the rule sees it: on which level, and per NPC the share of its answers that were right, 0..1."""

    level: int
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        """Raise LevelError when nobody was asked, or a share is none."""
        if not self.shares or not all(0.0 <= share <= 1.0 for share in self.shares):
            raise LevelError(f"a quiz of level {self.level} needs a share 0..1 per NPC, not {self.shares}")

    @property
    def passed(self) -> bool:
        """Return whether every NPC answered every location rightly."""
        return min(self.shares) >= 1.0

    @property
    def coverage(self) -> float:
        """Return the mean share over the NPCs."""
        return sum(self.shares) / len(self.shares)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rule remembers of the level the village is on.

    quizzes: held on this level so far; stalled: failed ones since the coverage last grew; best: the largest coverage
    of a quiz on this level; passed: whether one was passed, which only the last level outlives.
    """

    level: int
    quizzes: int = 0
    stalled: int = 0
    best: float = 0.0
    passed: bool = False

    def state(self) -> dict[str, object]:
        """Return it as plain JSON values."""
        return asdict(self)

    @classmethod
    def restored(cls, state: Mapping[str, object]) -> "Standing":
        """Return what `state` was made of. Raises LevelError when it is no standing."""
        kinds = {"level": int, "quizzes": int, "stalled": int, "best": float, "passed": bool}
        if state.keys() != kinds.keys() or any(type(state[name]) is not kinds[name] for name in kinds):
            raise LevelError(f"{dict(state)!r:.200} is no standing of a curriculum; start without it")
        return cls(**state)  # type: ignore[arg-type]  # keys and types were checked just above


@dataclass(frozen=True, slots=True)
class Ruling:
    """The answer to one quiz: what is done, the level the village goes on with, why, and what to remember."""

    verdict: Verdict
    level: int
    reason: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class PromotionRule:
    """When a village changes its level.

    last: the highest level there is; first: the level it began on, below which it never goes; demote_after: failed
    quizzes in a row without any growth of the coverage after which it goes down one level, 0 for never.
    """

    last: int
    first: int = 1
    demote_after: int = 0

    def __post_init__(self) -> None:
        """Raise LevelError when the levels are in no order, or `demote_after` is negative."""
        if not 1 <= self.first <= self.last:
            raise LevelError(f"a village cannot begin on level {self.first}; choose 1..{self.last}")
        if self.demote_after < 0:
            raise LevelError(
                f"demote_after is {self.demote_after}; it must be 0 (never) or a number of quizzes"
            )

    def judge(self, standing: Standing, result: QuizResult) -> Ruling:
        """Return what `result` comes to for a village that stands as `standing` says.

        1. Passed: up one level, or on the last one stay. 2. The coverage grew: stay, however long it takes.
        3. It has not grown for `demote_after` quizzes: down one level, unless the village began here. 4. Stay.
        Raises LevelError when the quiz was held on another level.
        """
        if result.level != standing.level:
            raise LevelError(
                f"a quiz of level {result.level} says nothing about a village on level {standing.level}"
            )
        after = _remembered(standing, result)
        if result.passed:
            return self._passed(after, len(result.shares))
        lacking = sum(share < 1.0 for share in result.shares)
        said = f"{lacking} of {len(result.shares)} NPCs do not know every location"
        if not self.demote_after or after.stalled < self.demote_after:
            return Ruling(Verdict.STAY, after.level, said, after)
        stuck = f"{said}, and the coverage has not grown beyond {after.best:.1%} for {after.stalled} quizzes"
        if after.level == self.first:
            return Ruling(Verdict.STAY, after.level, f"{stuck}; the village began here", after)
        below = after.level - 1
        return Ruling(Verdict.DEMOTE, below, stuck, Standing(below))

    def _passed(self, after: Standing, npcs: int) -> Ruling:
        said = f"all {npcs} NPCs know every location"
        if after.level >= self.last:
            return Ruling(Verdict.STAY, after.level, f"{said}; there is no level above", after)
        above = after.level + 1
        return Ruling(Verdict.PROMOTE, above, said, Standing(above))


def _remembered(standing: Standing, result: QuizResult) -> Standing:
    grew = result.coverage > standing.best
    return Standing(
        level=standing.level,
        quizzes=standing.quizzes + 1,
        stalled=0 if grew or result.passed else standing.stalled + 1,
        best=max(standing.best, result.coverage),
        passed=standing.passed or result.passed,
    )
