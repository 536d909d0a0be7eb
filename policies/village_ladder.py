"""Villages that can be sent to another level while they are trained, and that tell how they did in the quiz.

A vector environment has one level at a time. A change ends every episode (truncated) with the next step and lets all
worlds be born on the new level with the one after it, as next-step autoreset does after any end; the spaces stay as
they are, since they speak of slots and not of nodes. Source: docs/domain.md section 8.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nimmer.errors import LevelError
from nimmer.world.level import Level
from nimmer.world.levels import Levels
from nimmer.world.promotion import QuizResult
from nimmer.world.quiz import ask_everyone
from policies.village_vector import Floats, VillageVector

Stepped = tuple[Floats, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]
MOST_QUIZZES = 256
"""Quizzes that may wait to be taken; the oldest go first."""


class VillageLadder(VillageVector):
    """`VillageVector` on the levels of a curriculum; the other arguments are `VillageVector`'s."""

    def __init__(self, levels: Levels, level: int = 1, **arguments: Any) -> None:  # noqa: ANN401  as of VillageVector
        """Begin on `level`. Raises LevelError when there is none."""
        super().__init__(levels[level], **arguments)
        self._levels = levels
        self._next: Level | None = None
        self._quizzes: list[QuizResult] = []

    @property
    def level(self) -> int:
        """Return the level the worlds are on, or will be born on next."""
        return (self._next or self._level).number

    def set_level(self, number: int) -> int:
        """Let all worlds go on with level `number`, see the module; return it. Raises LevelError when there is none."""
        there = self._levels[number]
        if there.number != self._level.number and self._village is None:
            self._level = there
        else:
            self._next = there if there.number != self._level.number else None
        return number

    def take_quizzes(self) -> list[QuizResult]:
        """Return the quizzes held at the ends of episodes since they were last taken: each NPC's share, per village."""
        taken, self._quizzes = self._quizzes, []
        return taken

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats, dict[str, Any]]:
        """Begin all worlds anew, on the level that was set last."""
        if self._next is not None:
            self._level, self._next = self._next, None
        return super().reset(seed=seed, options=options)

    def step(self, actions: NDArray[Any]) -> Stepped:
        """Step every world once, as `VillageVector.step`; every quiz of a village that ends is kept."""
        if self._next is not None and self._over.all():
            return self._reborn()
        observations, rewards, terminated, truncated, infos = super().step(actions)
        if self._next is not None:
            self._over[:] = True
            truncated = ~terminated
        self._ask(np.flatnonzero(self._over))
        return observations, rewards, terminated, truncated, infos

    def _reborn(self) -> Stepped:
        """Let all worlds be born on the level that was set; the step after an end has no actions and no rewards."""
        assert self._next is not None
        self._level, self._next = self._next, None
        self._village = self._born(self._worlds)
        self._over[:] = False
        observations, infos = self._observed(self._village)
        nothing = np.zeros(self.num_envs, np.bool_)
        return observations, np.zeros(self.num_envs, np.float32), nothing, nothing.copy(), infos

    def _ask(self, ended: NDArray[np.int64]) -> None:
        village = self._village
        assert village is not None
        for world in ended.tolist():
            quiz = ask_everyone(self._level, village, world)
            self._quizzes.append(QuizResult(self._level.number, tuple(quiz.coverage.tolist())))
        self._quizzes = self._quizzes[-MOST_QUIZZES:]


def ladder_of(env: object) -> VillageLadder:
    """Return the `VillageLadder` inside whatever wrappers a trainer put around it. Raises LevelError when there is none."""
    inside: Any = env
    while inside is not None:
        if isinstance(inside, VillageLadder):
            return inside
        inside = getattr(inside, "env", None)
    raise LevelError(
        f"{type(env).__name__} holds no VillageLadder, so it cannot change its level: train on policies.village_ladder"
    )
