"""The curriculum as an RLlib callback: after each iteration the quiz, the live village's rule, and the new level.

    config.callbacks(partial(CurriculumCallback, levels=load_levels(), rule=PromotionRule(last=3)))

The environment must be `policies.village_ladder.VillageLadder`, as the vector environment of each EnvRunner
(`gym_env_vectorize_mode=VECTOR_ENTRY_POINT`). New API stack of Ray 2.60. The level reached is in the algorithm's own
`env_config`, which checkpoints keep; EnvRunners that were made anew are sent to it.
Source: Ray documentation, RLlib callbacks; docs/domain.md section 8.
"""

from typing import Any

from ray.rllib.callbacks.callbacks import RLlibCallback

from nimmer.world.levels import Levels
from nimmer.world.promotion import PromotionRule, QuizResult, Verdict
from policies.curriculum import TrainingCurriculum
from policies.village_ladder import ladder_of

RESULT = "curriculum"
"""The key under which each result says where training stands."""


class CurriculumCallback(RLlibCallback):
    """Holds one `TrainingCurriculum` for an algorithm."""

    def __init__(self, levels: Levels, rule: PromotionRule) -> None:
        """Begin on the first level of `rule`. Raises LevelError when there is no such level."""
        super().__init__()
        self.curriculum = TrainingCurriculum(levels, rule)

    def on_algorithm_init(self, *, algorithm: Any, **_: Any) -> None:  # noqa: ANN401  RLlib's signature
        """Go on where the checkpoint stood, if the algorithm was made of one."""
        state = algorithm.config.env_config.get(RESULT)
        if state is not None:
            self.curriculum.restore(state)
            self._push(algorithm)

    def on_env_runners_recreated(self, *, algorithm: Any, **_: Any) -> None:  # noqa: ANN401  RLlib's signature
        """Send EnvRunners that were made anew to the level reached: Ray starts them as the first ones were."""
        self._push(algorithm)

    def on_train_result(self, *, algorithm: Any, result: dict[str, Any], **_: Any) -> None:  # noqa: ANN401  RLlib's
        """Ask what the villages that ended know, apply the rule, and put level, verdict and reason into `result`."""
        quizzes = [quiz for runner in _everyone(algorithm, _taken) for quiz in runner]
        ruling = self.curriculum.take(quizzes)
        if ruling is not None and ruling.verdict is not Verdict.STAY:
            self._push(algorithm)
        result[RESULT] = {
            "level": self.curriculum.standing.level,
            "quizzes": len(quizzes),
            "verdict": "none" if ruling is None else ruling.verdict.value,
            "reason": "no village ended" if ruling is None else ruling.reason,
            "best": self.curriculum.standing.best,
        }
        _configure(algorithm, {RESULT: self.curriculum.state()})

    def _push(self, algorithm: Any) -> None:  # noqa: ANN401  an Algorithm
        number = self.curriculum.standing.level
        _configure(algorithm, {"level": number})
        _everyone(algorithm, lambda runner: ladder_of(runner.env).set_level(number))


def _taken(runner: Any) -> list[QuizResult]:  # noqa: ANN401  an EnvRunner
    return ladder_of(runner.env).take_quizzes()


def _everyone(algorithm: Any, ask: Any) -> list[Any]:  # noqa: ANN401  RLlib's group takes any function
    """Return every EnvRunner's answer, the one in this process included where it has an environment."""
    group = algorithm.env_runner_group
    return [answer for answer in group.foreach_env_runner(_if_any(ask)) if answer is not None]


def _if_any(ask: Any) -> Any:  # noqa: ANN401  as above
    def asked(runner: Any) -> Any:  # noqa: ANN401  as above
        return None if getattr(runner, "env", None) is None else ask(runner)

    return asked


def _configure(algorithm: Any, values: dict[str, Any]) -> None:  # noqa: ANN401  an Algorithm
    """Put `values` into the environment's configuration, which rebuilt EnvRunners and checkpoints start from."""
    algorithm.config.env_config.update(values)
