"""Where the governor's weights come from, and where they go when it learns on: files, and the net they become.

What ships with nimmer, or is configured, is never written to. What is learned lies in the state directory, replaced
whole after every step, so it survives the process and the run; a reset removes it.
Source: docs/governor.md, "Learning on".
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from actors.charter import Charter
from actors.governor_mind import NO_NET, Mind
from nimmer.errors import WeightsError
from nimmer.minds.governor_learning import GovernorLearner
from nimmer.minds.governor_net import GovernorWeights
from nimmer.minds.governor_weights import GovernorCard, load_governor, save_governor

LEARNED = "learned.safetensors"


class School:
    """The weights of one governor's mind."""

    def __init__(self, charter: Charter, mind: Mind) -> None:
        """Serve `mind`; nothing is read before `begin`."""
        self.learns = charter.governor_learns
        self.learned = Path(charter.state_dir) / "governor" / LEARNED
        self.on_trial = False
        """Whether the epoch under way is decided by a trial's weights."""
        self._charter, self._mind = charter, mind
        self._learner: GovernorLearner | None = None

    @property
    def steps(self) -> int:
        """Return how many steps the net has learned since it came from its origin."""
        return self._learner.steps if self._learner else 0

    def begin(self) -> str:
        """Give the mind its net; return what was wrong with the weights, empty when nothing was."""
        if not self._charter.governor_weights:
            return NO_NET
        try:
            origin, _ = load_governor(Path(self._charter.governor_weights))
        except WeightsError as error:
            return str(error)
        weights, steps, wrong = self._where_it_was(origin) if self.learns else (origin, 0, "")
        self._learner = GovernorLearner(weights, origin, self._charter.seed)
        self._learner.steps = steps
        self._mind.take(weights)
        return wrong

    def prepare(self, acting: bool) -> None:
        """Let the mind decide the coming epoch: with a trial's weights where it learns and its word counts."""
        if self._learner is None:
            return
        self.on_trial = self.learns and acting
        self._mind.take(self._learner.trial() if self.on_trial else self._learner.weights)

    def judge(self, score: float | None) -> str:
        """Take what the epoch under trial scored, None when it was not the trial that decided it or nobody knows.

        Returns what went wrong with keeping a step, empty when nothing did.
        """
        if self._learner is None or not self.on_trial:
            return ""
        self.on_trial = False
        if score is None:
            self._learner.abandon()
        elif self._learner.judge(score):
            card = GovernorCard("live", self._charter.seed, self._learner.steps, scores={"last": score})
            try:
                save_governor(self.learned, self._learner.weights, card)
            except WeightsError as error:
                return str(error)
        return ""

    def reset(self) -> str:
        """Forget everything learned; return what was done. Raises ValueError when the file cannot be removed."""
        had = self.learned.exists()
        try:
            self.learned.unlink(missing_ok=True)
        except OSError as error:
            raise ValueError(f"{self.learned} cannot be removed: {error.strerror}") from error
        self.on_trial = False
        wrong = self.begin()
        self._mind.forgive()
        if wrong:
            return f"there is no net to go back to: {wrong}"
        return f"the net is the one it came from, {self._mind.weights}" + (
            "" if had else "; nothing had been learned"
        )

    def state(self) -> dict[str, Any]:
        """Return the pair of trials under way as plain JSON values."""
        learner = self._learner.state() if self._learner else None
        return {"on_trial": self.on_trial, "learner": learner}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is none."""
        learner, kept = self._learner, state["learner"]
        if learner is None or kept is None or not self.learns:
            return
        steps = learner.steps
        learner.restore(kept)
        self.on_trial = bool(state["on_trial"])
        if (
            steps != learner.steps
        ):  # it was killed after a step was kept or all were forgotten, before this was
            learner.steps = steps
            learner.abandon()
            self.on_trial = False

    def _where_it_was(self, origin: GovernorWeights) -> tuple[GovernorWeights, int, str]:
        """Return what was learned, in how many steps; the origin, and why, where that cannot be used."""
        with suppress(FileNotFoundError):
            self.learned.stat()
            try:
                weights, card = load_governor(self.learned)
            except WeightsError as error:
                return origin, 0, f"what was learned is of no use, it begins anew: {error}"
            if {name: one.shape for name, one in weights.items()} == {
                name: one.shape for name, one in origin.items()
            }:
                return weights, card.generations, ""
            return origin, 0, f"{self.learned}: learned by a net of another size, it begins anew"
        return origin, 0, ""
