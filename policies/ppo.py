"""Proximal policy optimisation of stacked brains: collect, then several passes of clipped steps, each net for itself.

Every net has its own loss, its own gradient norm and, by Adam, its own step sizes: 25 nets in one stack learn as 25 nets
alone would, but that advantages are normalised over all of them.
Source: Schulman et al. 2017, equations 7 and 9; Huang et al. 2022 (the 37 details).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from policies.rollout import Batch, Collector, Tally, joined
from policies.stacked_net import NEVER, StackedNet, possible


@dataclass(frozen=True, slots=True)
class PpoSettings:
    """The numbers of the algorithm.

    learning_rate: at the start, falls linearly to a tenth; ticks: of every world per iteration; passes, parts: how
    often an iteration's batch is gone through, in how many minibatches; gamma: discount per tick; smoothing: lambda;
    clip: how far the ratio may leave 1; entropy: worth of an undecided policy, falls linearly to 0; value: weight of
    the value's error; norm: largest gradient norm of one net.
    """

    learning_rate: float = 2e-3
    ticks: int = 32
    passes: int = 4
    parts: int = 4
    gamma: float = 0.98
    smoothing: float = 0.95
    clip: float = 0.2
    entropy: float = 0.01
    value: float = 0.5
    norm: float = 0.5

    def __post_init__(self) -> None:
        """Raise ValueError naming the key and its range when a number makes no sense."""
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}; it must be {low:g} to {high:g}")


_RANGES = (
    ("learning_rate", 1e-7, 1.0),
    ("ticks", 2, 10_000),
    ("passes", 1, 100),
    ("parts", 1, 1000),
    ("gamma", 0.0, 1.0),
    ("smoothing", 0.0, 1.0),
    ("clip", 0.01, 1.0),
    ("entropy", 0.0, 1.0),
    ("value", 0.0, 10.0),
    ("norm", 1e-3, 1e3),
)


@dataclass(frozen=True, slots=True)
class Update:
    """One iteration in numbers: losses, entropy in nats, and the share of ratios that were clipped."""

    policy_loss: float
    value_loss: float
    entropy: float
    clipped: float


class Ppo:
    """Teaches one stack of nets what a collector lives through."""

    def __init__(
        self, net: StackedNet, settings: PpoSettings, generator: torch.Generator, rate: float = 1.0
    ) -> None:
        """Teach `net` in place; `generator` draws actions and minibatches, `rate` is a factor on the learning rate."""
        self.net = net
        self.settings = settings
        self.generator = generator
        self._rate = rate
        self.optimizer = torch.optim.Adam(net.parameters(), lr=settings.learning_rate, eps=1e-5)

    def iterate(self, collectors: Sequence[Collector], done: float) -> tuple[Update, list[Tally]]:
        """Collect a batch from each of `collectors` and learn from all at once; `done`: share of the training, 0..1."""
        settings = self.settings
        lived = [
            one.collect(self.net, settings.ticks, self.generator, settings.gamma, settings.smoothing)
            for one in collectors
        ]
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * (1 - 0.9 * done) * self._rate
        batch = joined([_normalised(batch) for batch, _ in lived])
        return self.learn(batch, settings.entropy * (1 - done)), [tally for _, tally in lived]

    def learn(self, batch: Batch, entropy_worth: float) -> Update:
        """Go through `batch` several times; return what the steps were like on average."""
        rows, steps = batch.features.shape[1], []
        for _ in range(self.settings.passes):
            order = torch.randperm(rows, generator=self.generator)
            steps += [self._step(batch, part, entropy_worth) for part in order.chunk(self.settings.parts)]
        return Update(*(float(number) for number in torch.stack(steps).mean(0)))

    def _step(self, batch: Batch, part: Tensor, entropy_worth: float) -> Tensor:
        """Take one clipped step on the rows `part`; return the four numbers of an `Update`."""
        settings, features = self.settings, batch.features[:, part]
        logits, values = self.net(features)
        log_all = torch.log_softmax(logits.masked_fill(~possible(features), NEVER), -1)
        log_chances = log_all.gather(-1, batch.actions[:, part][..., None])[..., 0]
        ratio = (log_chances - batch.log_probabilities[:, part]).exp()
        better, lived = batch.advantages[:, part], batch.lived[:, part]
        count = lived.sum(1, keepdim=True).clamp_min(1.0)

        def mean(number: Tensor) -> Tensor:
            return (
                (number * lived) / count
            ).sum()  # the mean per net, summed over nets: each has its own loss

        clipped = ratio.clamp(1 - settings.clip, 1 + settings.clip)
        policy_loss = -mean(torch.min(ratio * better, clipped * better))
        value_loss = mean((values - batch.returns[:, part]) ** 2) / 2
        entropy = -mean((log_all.exp() * log_all).sum(-1))
        loss = policy_loss + settings.value * value_loss - entropy_worth * entropy
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        _clip_each(self.net, settings.norm)
        self.optimizer.step()
        outside = mean(((ratio - 1).abs() > settings.clip).float())
        return torch.stack([policy_loss, value_loss, entropy, outside]).detach() / self.net.npcs

    def state(self) -> tuple[dict[str, Tensor], dict[str, object]]:
        """Return every tensor by name (weights, Adam's moments, the generator), and the numbers beside them."""
        tensors = {f"net.{name}": value.detach() for name, value in self.net.named_parameters()}
        steps = 0
        for name, parameter in self.net.named_parameters():
            moments = self.optimizer.state.get(parameter, {})
            if moments:
                tensors[f"first.{name}"], tensors[f"second.{name}"] = (
                    moments["exp_avg"],
                    moments["exp_avg_sq"],
                )
                steps = int(moments["step"])
        tensors["generator"] = self.generator.get_state()
        return tensors, {"adam_steps": steps}

    def restore(self, tensors: dict[str, Tensor], numbers: dict[str, object]) -> None:
        """Take back what `state` returned. Raises KeyError or RuntimeError when it is of another net."""
        steps = float(np.asarray(numbers["adam_steps"]))
        with torch.no_grad():
            for name, parameter in self.net.named_parameters():
                parameter.copy_(tensors[f"net.{name}"])
                if f"first.{name}" in tensors:
                    self.optimizer.state[parameter] = {
                        "step": torch.tensor(steps),
                        "exp_avg": tensors[f"first.{name}"].clone(),
                        "exp_avg_sq": tensors[f"second.{name}"].clone(),
                    }
        self.generator.set_state(tensors["generator"])


def _normalised(batch: Batch) -> Batch:
    """Return `batch` with advantages of mean 0 and deviation 1 over what was lived: levels weigh alike in a step."""
    real = batch.advantages[batch.lived > 0]
    return replace(batch, advantages=(batch.advantages - real.mean()) / (real.std() + 1e-8))


def _clip_each(net: StackedNet, most: float) -> None:
    """Scale each net's gradient down to the norm `most`."""
    gradients = [parameter.grad for parameter in net.parameters() if parameter.grad is not None]
    squares = torch.stack([gradient.flatten(1).square().sum(1) for gradient in gradients]).sum(0)
    scale = (most / (squares.sqrt() + 1e-6)).clamp_max(1.0)
    for gradient in gradients:
        gradient.mul_(scale[:, None, None])
