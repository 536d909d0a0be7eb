"""The training of a village's brains: what it is asked for, and the loop's one step, whoever the trainer is.

All NPCs begin with one shared net, for what one learns all know then; at a share of the budget each gets a copy of its
own and goes on alone. The order of everything is fixed by the seed: the same seed gives the same curve.
Source: docs/training.md; docs/domain.md section 8.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import torch

from nimmer.chance import Chance
from nimmer.errors import ConfigError, WeightsError
from nimmer.minds.mlp import HIDDEN, SIZES, Size, Weights
from nimmer.world.level import Level
from nimmer.world.levels import load_levels
from nimmer.world.rules import Rules
from nimmer.world.seeds import training_seed
from policies.checkpoint import Numbers, load_checkpoint, save_checkpoint
from policies.incentives import Incentives
from policies.ppo import Ppo, PpoSettings
from policies.rollout import Collector
from policies.stacked_net import StackedNet
from policies.village_vector import VillageVector

RULES = Rules(reward_interaction=0.0, reward_idle=0.0, reward_bump=-0.05)
"""The world as it is, but for what it pays in training: a house is a house however it was learned, and waiting has a
price of its own."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """What a training is asked for; everything that decides its course.

    levels: of the curriculum in `levels_file`, the built-in one when None, the worlds are shared out among them; size: of every net;
    agent_steps: budget; worlds: villages stepped at once; shared: share of the budget for which all NPCs
    have one net; apart: factor on the learning rate from then on, when each net sees only its own NPC's rows;
    turned: share of the worlds shown with turned slots, so that a grid teaches all of them;
    ticks_per_house: an episode is cut off after so many ticks for each house of its level.
    """

    levels: tuple[int, ...] = (1,)
    levels_file: str | None = None
    npcs: int = 25
    size: Size = "medium"
    seed: int = 1
    agent_steps: int = 60_000_000
    worlds: int = 64
    shared: float = 0.75
    apart: float = 0.25
    turned: float = 0.25
    ticks_per_house: int = 8
    incentives: Incentives = field(default=Incentives(team=0.5, waiting=0.1, lasting=0.1))
    ppo: PpoSettings = field(default=PpoSettings(ticks=16))

    def __post_init__(self) -> None:
        """Raise ConfigError naming the key, the value and the range when a setting makes no sense."""
        training_seed(self.seed)
        for name, low, high in (
            ("npcs", 1, 500),
            ("agent_steps", 1, 10**12),
            ("worlds", 1, 4096),
            ("shared", 0.0, 1.0),
            ("apart", 0.001, 1.0),
            ("turned", 0.0, 1.0),
            ("ticks_per_house", 1, 1_000_000),
        ):
            if not low <= (value := getattr(self, name)) <= high:
                raise ConfigError(f"{name} is {value}; it must be {low} to {high}")
        if not self.levels or len(set(self.levels)) < len(self.levels):
            raise ConfigError(f"levels is {list(self.levels)}; name at least one, and each only once")
        if self.size not in SIZES:
            raise ConfigError(f"size is {self.size!r}; it must be one of {', '.join(SIZES)}")

    def village_levels(self) -> list[Level]:
        """Return the levels to train on. Raises LevelError when there is no such one."""
        known = load_levels(Path(self.levels_file) if self.levels_file else None)
        return [known[number] for number in self.levels]

    def most_ticks(self, level: Level) -> int:
        """Return the ticks after which an episode on `level` is cut off."""
        return self.ticks_per_house * level.nodes

    def village(self, level: Level) -> VillageVector:
        """Return the worlds to train in on `level`, its share of all."""
        return VillageVector(
            level,
            max(1, self.worlds // len(self.levels)),
            self.npcs,
            RULES,
            self.most_ticks(level),
            incentives=self.incentives,
        )

    def to_mapping(self) -> dict[str, Any]:
        """Return all settings as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "TrainingSettings":
        """Return the settings `to_mapping` made `values` of. Raises ConfigError when they are not that."""
        try:
            return replace(
                cls(**values),
                levels=tuple(values["levels"]),
                incentives=Incentives(**values["incentives"]),
                ppo=PpoSettings(**values["ppo"]),
            )
        except (TypeError, KeyError, ValueError) as error:
            raise ConfigError(f"these are no settings of a training: {error}") from error


class Trainer(Protocol):
    """Who trains: each call of `iterate` is one row of the progress."""

    @property
    def iteration(self) -> int:
        """Return the iterations done."""
        ...

    @property
    def agent_steps(self) -> int:
        """Return the agent-steps lived, over all resumptions."""
        ...

    def iterate(self) -> dict[str, float]:
        """Do one iteration and return its numbers by name."""
        ...

    def brains(self) -> list[Weights]:
        """Return everybody's weights, NPC 0 first."""
        ...

    def save(self, directory: Path) -> None:
        """Put a checkpoint into `directory`."""
        ...

    def restore(self, directory: Path) -> None:
        """Take a checkpoint back. Raises WeightsError when it is missing, corrupt or of another training."""
        ...

    def close(self) -> None:
        """Let go of what was held."""
        ...


class StackedTrainer:
    """Our own PPO on stacked nets: the default."""

    def __init__(self, settings: TrainingSettings) -> None:
        """Begin with newborn brains. Raises LevelError when there is no such level or no room on it."""
        self._settings = settings
        self.iteration = self.agent_steps = 0
        chance = Chance(settings.seed)
        seeds = chance.generator("training", "seeds").integers(0, 2**31, 2).tolist()
        self._collectors = [
            Collector(settings.village(level), settings.npcs, seeds[0] + level.number, settings.turned)
            for level in settings.village_levels()
        ]
        self._generator = torch.Generator().manual_seed(seeds[1])
        newborn = StackedNet.newborn(
            1 if settings.shared > 0 else settings.npcs,
            settings.size,
            chance.generator("training", "weights"),
        )
        self._ppo = Ppo(newborn, settings.ppo, self._generator)

    def iterate(self) -> dict[str, float]:
        """Collect a batch in every world and learn from all of them together."""
        settings = self._settings
        done = min(self.agent_steps / settings.agent_steps, 1.0)
        if self._ppo.net.npcs == 1 < settings.npcs and done >= settings.shared:
            self._part()
        update, tallies = self._ppo.iterate(self._collectors, done)
        self.iteration += 1
        self.agent_steps += settings.ppo.ticks * settings.npcs * sum(one.worlds for one in self._collectors)
        return {
            "agent_steps": self.agent_steps,
            "episodes": len(tallies[0].ticks),
            "episode_ticks": tallies[0].mean_ticks,
            **{
                f"episode_ticks_level_{number}": tally.mean_ticks
                for number, tally in zip(settings.levels[1:], tallies[1:], strict=True)
            },
            "unfinished": sum(tally.truncated for tally in tallies),
            "reward": sum(tally.reward for tally in tallies) / len(tallies),
            "nets": self._ppo.net.npcs,
            "policy_loss": update.policy_loss,
            "value_loss": update.value_loss,
            "entropy": update.entropy,
            "clipped": update.clipped,
        }

    def _part(self) -> None:
        """Give every NPC a copy of the shared net for its own."""
        own = self._ppo.net.individuals(self._settings.npcs)
        self._ppo = Ppo(own, self._settings.ppo, self._generator, self._settings.apart)

    def brains(self) -> list[Weights]:
        """Return everybody's weights, NPC 0 first; copies of the shared net while there is one."""
        found = self._ppo.net.brains()
        return found if len(found) == self._settings.npcs else found * self._settings.npcs

    def save(self, directory: Path) -> None:
        """Put a checkpoint into `directory`, from which the very same course goes on."""
        tensors, numbers = self._ppo.state()
        numbers |= {
            "settings": self._settings.to_mapping(),
            "iteration": self.iteration,
            "agent_steps": self.agent_steps,
            "nets": self._ppo.net.npcs,
            "collectors": [collector.state() for collector in self._collectors],
        }
        save_checkpoint(directory, tensors, numbers)

    def restore(self, directory: Path) -> None:
        """Take a checkpoint back: weights to the bit, counters, worlds and chance."""
        _, tensors, numbers = load_checkpoint(directory)
        self._check(numbers, directory)
        if numbers["nets"] != self._ppo.net.npcs:
            self._part()
        try:
            self._ppo.restore(tensors, numbers)
            for collector, kept in zip(self._collectors, numbers["collectors"], strict=True):  # type: ignore[call-overload]  # JSON
                collector.restore(kept)
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise WeightsError(f"{directory}: not a checkpoint of this training ({error})") from error
        self.iteration, self.agent_steps = int(str(numbers["iteration"])), int(str(numbers["agent_steps"]))

    def _check(self, numbers: Numbers, directory: Path) -> None:
        kept = TrainingSettings.from_mapping(numbers["settings"])  # type: ignore[arg-type]  # raises for anything else
        if kept.size != self._settings.size:
            raise WeightsError(
                f"{directory}: its nets are {kept.size} ({HIDDEN[kept.size]} wide), these {self._settings.size}"
                f" ({HIDDEN[self._settings.size]}); train with --network {kept.size}"
            )
        asked = self._settings.to_mapping()
        changed = [name for name, value in kept.to_mapping().items() if value != asked[name]]
        if changed:
            raise WeightsError(
                f"{directory}: is of a training with other settings ({', '.join(changed)}); resume without changing them"
            )

    def close(self) -> None:
        """Hold nothing that needs closing."""
