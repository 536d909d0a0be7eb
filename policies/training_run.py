"""One training from its beginning to its brains: where it writes, when it saves, how it stops and goes on.

A run directory holds `run.json` (settings, trainer, revision), `progress.csv`, `tensorboard/`, `checkpoint/` and, at
the end of every leg, `npcs.safetensors`. A killed run goes on from its last checkpoint, and so does one that ended by
Ctrl-C or by time.
Source: docs/training.md.
"""

import contextlib
import json
import math
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from nimmer.clock import Clock
from nimmer.errors import ConfigError
from nimmer.minds.village_weights import SHIPPED, Card, save_village
from policies.npc_training import StackedTrainer, Trainer, TrainingSettings
from policies.progress import Progress
from policies.revision import revision

RUN = "run.json"
CHECKPOINT = "checkpoint"
SAVE_S = 30.0
"""How much work a kill may cost at most."""
_RECENT = 20
TrainerName = Literal["stacked", "rllib"]


@dataclass(slots=True)
class TrainingRun:
    """A training, where it writes, and by whom it is done."""

    directory: Path
    settings: TrainingSettings
    trainer_name: str
    trainer: Trainer

    def live(
        self, clock: Clock, within_s: float | None, tell: Callable[[dict[str, float]], None]
    ) -> dict[str, object]:
        """Train until the budget is spent, `within_s` is over or Ctrl-C; save, export, and return a summary."""
        torch.set_num_threads(1)  # the nets are small: a second thread costs more than it brings
        recent: deque[tuple[float, float]] = deque(maxlen=_RECENT)
        with contextlib.ExitStack() as last:
            last.callback(self.trainer.close)
            progress = Progress(self.directory, self.trainer.iteration)
            last.callback(progress.close)
            return self._iterate(clock, within_s, tell, progress, recent)

    def _iterate(
        self,
        clock: Clock,
        within_s: float | None,
        tell: Callable[[dict[str, float]], None],
        progress: Progress,
        recent: deque[tuple[float, float]],
    ) -> dict[str, object]:
        begun_s, cpu_s = clock.monotonic_s(), time.process_time()
        steps_before, saved_s = self.trainer.agent_steps, begun_s
        with interruptible() as interrupted:
            while self.trainer.agent_steps < self.settings.agent_steps and not interrupted():
                now_s = clock.monotonic_s()
                if within_s is not None and now_s - begun_s >= within_s:
                    break
                if now_s - saved_s >= SAVE_S:
                    self.trainer.save(self.directory / CHECKPOINT)
                    saved_s = now_s
                numbers = self.trainer.iterate()
                progress.write(self.trainer.iteration, numbers)
                if numbers.get("episodes"):
                    recent.append((numbers["episode_ticks"], numbers["episodes"]))
                tell(numbers)
        cpu_s = time.process_time() - cpu_s
        self.trainer.save(self.directory / CHECKPOINT)
        ticks = _mean(recent)
        brains = self._export(ticks)
        return {
            "directory": str(self.directory),
            "brains": str(brains),
            "trainer": self.trainer_name,
            "finished": self.trainer.agent_steps >= self.settings.agent_steps,
            "iterations": self.trainer.iteration,
            "agent_steps": self.trainer.agent_steps,
            "agent_steps_per_cpu_s": round((self.trainer.agent_steps - steps_before) / max(cpu_s, 1e-9)),
            "episode_ticks": None if math.isnan(ticks) else round(ticks, 2),
            "wall_s": round(clock.monotonic_s() - begun_s, 1),
        }

    def _export(self, ticks: float) -> Path:
        path = self.directory / SHIPPED
        scores = {} if math.isnan(ticks) else {"training_episode_ticks": ticks}
        scores["agent_steps"] = float(self.trainer.agent_steps)
        configuration = {"trainer": self.trainer_name, **self.settings.to_mapping()}
        save_village(path, self.trainer.brains(), Card(self.settings.seed, revision(), configuration, scores))
        return path


def begin(directory: Path, trainer: TrainerName, settings: TrainingSettings) -> TrainingRun:
    """Return a new training in `directory`.

    Raises ConfigError when there is one already, LevelError when there is no such level or no room on it.
    """
    if (directory / RUN).exists():
        raise ConfigError(
            f"{directory}: holds a training already; go on with --resume {directory}, or choose another --out"
        )
    made = _trainer(trainer, settings)
    directory.mkdir(parents=True, exist_ok=True)
    written = {"trainer": trainer, "settings": settings.to_mapping(), "revision": revision()}
    (directory / RUN).write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    return TrainingRun(directory, settings, trainer, made)


def go_on(directory: Path) -> TrainingRun:
    """Return the training in `directory`, where its last checkpoint left it; from the start when it has none yet.

    Raises ConfigError or WeightsError when there is none, or it cannot be read.
    """
    try:
        written = json.loads((directory / RUN).read_text(encoding="utf-8"))
        name, settings = written["trainer"], TrainingSettings.from_mapping(written["settings"])
    except FileNotFoundError as error:
        raise ConfigError(
            f"{directory}: there is no training to go on with ({RUN} is missing); begin one with --out"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{directory / RUN}: cannot be read ({error}); begin anew") from error
    trainer = _trainer(name, settings)
    kept = directory / CHECKPOINT
    if kept.exists() or kept.with_name(f"{CHECKPOINT}.old").exists():
        trainer.restore(kept)
    return TrainingRun(directory, settings, name, trainer)


def _trainer(name: str, settings: TrainingSettings) -> Trainer:
    match name:
        case "stacked":
            return StackedTrainer(settings)
        case "rllib":
            from policies.rllib_trainer import RllibTrainer

            return RllibTrainer(settings)
    raise ConfigError(f"there is no trainer {name!r}; choose stacked or rllib")


def _mean(recent: deque[tuple[float, float]]) -> float:
    """Return the mean ticks of the episodes that ended last, NaN when none did."""
    episodes = sum(count for _, count in recent)
    return sum(ticks * count for ticks, count in recent) / episodes if episodes else float("nan")


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Yield a question: was Ctrl-C pressed (or a TERM sent)? A second one ends at once."""
    asked: list[int] = []

    def note(number: int, _: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    before = {one: signal.signal(one, note) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
