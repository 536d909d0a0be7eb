"""Trains the village's eye: frames rendered on the fly, AdamW with a cosine, a mean of the weights, checkpoints.

A run directory holds `run.json` (settings, revision), `progress.csv`, `tensorboard/`, `checkpoint/` and, at the end
of every leg, `eye.onnx`. A killed run goes on from its last checkpoint, and so does one that ended by Ctrl-C.
Source: docs/eye.md, "Training".
"""

import contextlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from nimmer.clock import Clock
from nimmer.errors import ConfigError
from nimmer.world.seeds import training_seed
from policies.checkpoint import load_checkpoint, save_checkpoint
from policies.eye_batches import training_batch
from policies.eye_export import can_export, export
from policies.eye_loss import loss
from policies.eye_net import EyeNet, middles
from policies.progress import Progress
from policies.revision import revision
from policies.training_run import CHECKPOINT, RUN, SAVE_S, interruptible

WEIGHTS = "eye.onnx"
_WARM = 60
"""Steps until the learning rate is whole."""
_MEAN = 0.995
"""How much of the mean of the weights stays with every step."""
_STEEPEST = 10.0
"""Longest gradient."""


@dataclass(frozen=True, slots=True)
class EyeSettings:
    """What a training of the eye is: its seed, its frames in all, how many make a step, and the learning rate."""

    seed: int = 1
    frames: int = 40_000
    batch: int = 16
    learning_rate: float = 0.002

    def __post_init__(self) -> None:
        """Raise ConfigError naming what makes no sense."""
        training_seed(self.seed)
        for name, low, high in (("frames", 16, 10_000_000), ("batch", 2, 256)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"{name} is {value}; give a whole number from {low} to {high}")
        if not 0 < self.learning_rate <= 0.1:
            raise ConfigError(f"learning_rate is {self.learning_rate}; give a number above 0, at most 0.1")

    @property
    def steps(self) -> int:
        """Return how many steps the frames make."""
        return self.frames // self.batch


class EyeTrainer:
    """The net, its optimiser and how far they have come."""

    def __init__(self, settings: EyeSettings) -> None:
        """Begin untrained; the same settings begin alike."""
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.step = 0
        self.net = EyeNet()
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch documents it, its types do not
        self.optimizer = torch.optim.AdamW(self.net.parameters(), settings.learning_rate, weight_decay=0.0005)
        self.mean = {name: value.clone() for name, value in self.net.state_dict().items()}
        self._middles = middles()

    def iterate(self) -> dict[str, float]:
        """Learn from the next batch; return the losses and the learning rate."""
        settings = self.settings
        batch = training_batch(settings.seed, self.step * settings.batch, settings.batch)
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate()
        self.net.train()
        logits, distances, _ = self.net(batch.pictures.contiguous(memory_format=torch.channels_last))
        scores, boxes = loss(logits, distances, self._middles, batch)
        self.optimizer.zero_grad()
        torch.autograd.backward(scores + boxes)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), _STEEPEST)
        self.optimizer.step()
        self.step += 1
        self._follow()
        return {"scores": scores.item(), "boxes": boxes.item(), "learning_rate": self._rate()}

    def trained(self) -> EyeNet:
        """Return a net with the mean of the weights, ready to look."""
        net = EyeNet()
        net.load_state_dict(self.mean)
        return net.eval()

    def save(self, directory: Path) -> None:
        """Write a checkpoint. Raises WeightsError when it cannot be written."""
        tensors: dict[str, Tensor] = {f"net.{name}": value for name, value in self.net.state_dict().items()}
        tensors |= {f"mean.{name}": value for name, value in self.mean.items()}
        for number, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{number}.{name}": value for name, value in state.items()}
        save_checkpoint(directory, tensors, {"step": self.step})

    def restore(self, directory: Path) -> None:
        """Go on from a checkpoint. Raises WeightsError when there is none, or it is corrupt."""
        kept = load_checkpoint(directory)
        self.net.load_state_dict(_below("net.", kept.tensors))
        self.mean = _below("mean.", kept.tensors)
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in _below("adam.", kept.tensors).items():
            number, part = name.split(".")
            moments.setdefault(int(number), {})[part] = value
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": moments})
        self.step = int(str(kept.numbers["step"]))

    def _rate(self) -> float:
        """Return the learning rate: up a short ramp, then down a cosine."""
        settings = self.settings
        warm = min((self.step + 1) / _WARM, 1.0)
        return (
            settings.learning_rate
            * warm
            * 0.5
            * (1 + math.cos(math.pi * min(self.step / settings.steps, 1.0)))
        )

    def _follow(self) -> None:
        """Let the mean of the weights follow; early on it forgets faster."""
        share = min(_MEAN, (self.step + 1) / (self.step + 10))
        for name, value in self.net.state_dict().items():
            if value.is_floating_point():
                self.mean[name].lerp_(value, 1 - share)
            else:
                self.mean[name].copy_(value)


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}


@dataclass(slots=True)
class EyeRun:
    """A training, and where it writes."""

    directory: Path
    trainer: EyeTrainer

    def live(self, clock: Clock, tell: Callable[[dict[str, float]], None]) -> dict[str, object]:
        """Train until the frames are used up or Ctrl-C; save, export, and return a summary."""
        torch.set_num_threads(1)  # half a core more would cost the village its ticks
        trainer, cpu_s, saved_s = self.trainer, time.process_time(), clock.monotonic_s()
        progress = Progress(self.directory, trainer.step)
        with contextlib.closing(progress), interruptible() as interrupted:
            while trainer.step < trainer.settings.steps and not interrupted():
                numbers = trainer.iterate()
                progress.write(trainer.step, numbers)
                tell(numbers)
                if clock.monotonic_s() - saved_s >= SAVE_S:
                    trainer.save(self.directory / CHECKPOINT)
                    saved_s = clock.monotonic_s()
        trainer.save(self.directory / CHECKPOINT)
        done = trainer.step >= trainer.settings.steps
        frames = trainer.step * trainer.settings.batch
        card: dict[str, object] = {
            "recipe": "scripts/recipes/eye",
            **asdict(trainer.settings),
            "frames_seen": frames,
            "revision": revision(),
        }
        export(trainer.trained(), self.directory / WEIGHTS, card)
        return {
            "directory": str(self.directory),
            "weights": str(self.directory / WEIGHTS),
            "finished": done,
            "frames": frames,
            "cpu_s": round(time.process_time() - cpu_s, 1),
        }


def begin(directory: Path, settings: EyeSettings) -> EyeRun:
    """Return a new training in `directory`. Raises ConfigError when there is one already."""
    if (directory / RUN).exists():
        raise ConfigError(
            f"{directory}: holds a training already; go on with --resume {directory}, or choose another --out"
        )
    can_export()
    directory.mkdir(parents=True, exist_ok=True)
    written = {"trainer": "eye", "settings": asdict(settings), "revision": revision()}
    (directory / RUN).write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    return EyeRun(directory, EyeTrainer(settings))


def go_on(directory: Path) -> EyeRun:
    """Return the training in `directory` where its last checkpoint left it; from the start when it has none yet.

    Raises ConfigError or WeightsError when there is none, or it cannot be read.
    """
    try:
        written = json.loads((directory / RUN).read_text(encoding="utf-8"))
        settings = EyeSettings(**written["settings"])
    except FileNotFoundError as error:
        raise ConfigError(
            f"{directory}: there is no training to go on with ({RUN} is missing); begin one with --out"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{directory / RUN}: cannot be read ({error}); begin anew") from error
    can_export()
    trainer = EyeTrainer(settings)
    kept = directory / CHECKPOINT
    if kept.exists() or kept.with_name(f"{CHECKPOINT}.old").exists():
        trainer.restore(kept)
    return EyeRun(directory, trainer)
