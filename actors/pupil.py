"""An NPC's net that learns as it lives, and the file its weights are kept in.

What is learned is saved once a minute (`village.learning_save_s`) and at the end: `kill -9` costs an NPC at most a minute
of learning, and the batch it was living through. A file that cannot be written is said once, and learning goes on.
Source: docs/decisions/0030-learning-in-the-npc.md.
"""

from pathlib import Path

import numpy as np

from nimmer.errors import WeightsError
from nimmer.life.action import Action
from nimmer.minds.learner import LearningRules
from nimmer.minds.learning_mlp import LearningMlp
from nimmer.minds.weights import Origin, load_weights, save_weights

SAVE_S = 60.0
"""How often what was learned is saved."""


class Pupil:
    """One learning net with its file."""

    def __init__(
        self,
        path: Path,
        generator: np.random.Generator,
        rules: LearningRules,
        now_s: float,
        save_s: float = SAVE_S,
    ) -> None:
        """Begin with the weights at `path`, to be saved every `save_s`.

        Raises WeightsError naming the file when they are no brain.
        """
        weights, origin = load_weights(path)
        self.brain = LearningMlp(weights, generator, rules, origin.steps)
        self._path = path
        self._origin = origin
        self._save_s = save_s
        self._saved_s = now_s
        self._saved_steps = origin.steps
        self._said: set[str] = set()

    def learn(self, deed: Action, now_s: float) -> None:
        """Hear what the body did in this tick, do one bounded piece of learning, and save when it is time."""
        self.brain.lived(deed)
        self.brain.study()
        if self.brain.learner.refused:
            self._say("refused", f"{self._path.stem}: a step of learning was not finite and was left out")
        if now_s - self._saved_s >= self._save_s:
            self.save(now_s)

    def save(self, now_s: float) -> None:
        """Write the weights when they have changed since they were last written."""
        self._saved_s = now_s
        steps = self.brain.learner.steps
        if steps == self._saved_steps:
            return
        try:
            save_weights(self._path, self.brain.weights, Origin(self._origin.npc, self._origin.seed, steps))
        except WeightsError as error:
            self._say("unsaved", str(error))
        else:
            self._saved_steps = steps

    def _say(self, what: str, line: str) -> None:
        if what not in self._said:
            self._said.add(what)
            print(line)  # noqa: T201  the actor's log; once, for it may be so every minute
