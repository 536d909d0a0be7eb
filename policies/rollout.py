"""Gathers what a stack of brains lives through, and says how much better each act was than expected.

Every array of a `Batch` is laid out as the net wants it: `(nets, B, ...)`, where each NPC of each world and tick is a
row of its own net, or of the one shared net.
Source: Schulman et al. 2016 (generalised advantage estimation); Gymnasium's next-step autoreset.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nimmer.life.percept import FEATURES
from policies.slot_turns import SlotTurns
from policies.stacked_net import NEVER, StackedNet, possible
from policies.village_vector import VillageVector

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Batch:
    """What was lived: `(nets, B)` each, features `(nets, B, FEATURES)`.

    lived: 0.0 in the tick after an episode's end, whose action the environment ignores.
    """

    features: Tensor
    actions: Tensor
    log_probabilities: Tensor
    values: Tensor
    advantages: Tensor
    returns: Tensor
    lived: Tensor


def joined(batches: Sequence[Batch]) -> Batch:
    """Return the rows of all `batches` in one."""
    if len(batches) == 1:
        return batches[0]
    return Batch(*(torch.cat(parts, dim=1) for parts in zip(*map(_parts, batches), strict=True)))


def _parts(batch: Batch) -> list[Tensor]:
    return [getattr(batch, one.name) for one in fields(batch)]


@dataclass(slots=True)
class Tally:
    """How a batch went: ticks each ended episode took, how many were cut off unfinished, mean reward per act."""

    ticks: list[int] = field(default_factory=list)
    truncated: int = 0
    reward: float = 0.0

    @property
    def mean_ticks(self) -> float:
        """Return the mean ticks of the episodes that ended, NaN when none did."""
        return sum(self.ticks) / len(self.ticks) if self.ticks else float("nan")


def draw(logits: Tensor, generator: torch.Generator) -> Tensor:
    """Return `(...)` actions drawn from `logits` `(..., A)` by the Gumbel-max trick."""
    uniform = torch.rand(logits.shape, generator=generator).clamp_min(1e-12)
    return (logits - torch.log(-torch.log(uniform))).argmax(-1)


def advantages(rewards: Floats, values: Floats, ended: Floats, gamma: float, smoothing: float) -> Floats:
    """Return `(T, W, N)` advantages: A_t = d_t + gamma * smoothing * A_t+1, d_t = r_t + gamma * V_t+1 - V_t.

    Args:
        rewards: `(T, W, N)`.
        values: `(T + 1, W, N)`, the last one of the state after the last tick.
        ended: `(T, W)` 1.0 where the episode ended with that tick: nothing flows back over its border.
        gamma: discount per tick.
        smoothing: lambda of the estimator.
    """
    found = np.zeros_like(rewards)
    following = np.zeros_like(rewards[0])
    for tick in reversed(range(len(rewards))):
        goes_on = (np.float32(1) - ended[tick])[:, None]
        surprise = rewards[tick] + np.float32(gamma) * values[tick + 1] * goes_on - values[tick]
        following = surprise + np.float32(gamma * smoothing) * goes_on * following
        found[tick] = following
    return found


class Collector:
    """Lives on in one environment, batch after batch."""

    def __init__(self, env: VillageVector, npcs: int, seed: int, turned: float = 0.0) -> None:
        """Begin in `env`, whose worlds have `npcs` NPCs each; a share `turned` of them is shown with turned slots."""
        self.env = env
        self.worlds, self.npcs = env.num_envs // npcs, npcs
        self._turned = round(turned * self.worlds)
        self._features, _ = env.reset(seed=seed)
        self._over = np.zeros(self.worlds, np.bool_)
        self._age = np.zeros(self.worlds, np.int64)

    def collect(
        self, net: StackedNet, ticks: int, generator: torch.Generator, gamma: float, smoothing: float
    ) -> tuple[Batch, Tally]:
        """Live `ticks` ticks by `net`, shared or one per NPC; return what was lived and how episodes went."""
        shape = (ticks, self.worlds, self.npcs)
        features = np.empty((*shape, FEATURES), np.float32)
        actions, chances = np.empty(shape, np.int64), np.empty(shape, np.float32)
        rewards, values = np.empty(shape, np.float32), np.empty((ticks + 1, *shape[1:]), np.float32)
        ended, lived = np.zeros(shape[:2], np.float32), np.ones(shape, np.float32)
        tally, turns = Tally(), SlotTurns(self.worlds, self._turned, generator)

        def seen() -> Floats:
            return turns.show(self._features.reshape(*shape[1:], FEATURES))

        for tick in range(ticks):
            features[tick] = seen()
            logits, values[tick] = self._think(net, features[tick])
            logits.masked_fill_(~possible(torch.from_numpy(features[tick])), NEVER)
            chosen = draw(logits, generator)
            log_chances = torch.log_softmax(logits, -1).gather(-1, chosen[..., None])
            actions[tick], chances[tick] = chosen.numpy(), log_chances[..., 0].numpy()
            lived[tick] = ~self._over[:, None]
            rewards[tick], ended[tick], truncated = self._live(turns.real(actions[tick]), tally)
            tally.reward += float(rewards[tick].mean()) / ticks
            if truncated.any():  # cut off, not over: what would have come is part of the reward
                rest = self._think(net, seen())[1]
                rewards[tick] += np.float32(gamma) * rest * truncated[:, None]
        values[ticks] = self._think(net, seen())[1]
        better = advantages(rewards, values, ended, gamma, smoothing)
        rows = (features, actions, chances, values[:-1], better, better + values[:-1], lived)
        return Batch(*(self._by_net(torch.from_numpy(array), net) for array in rows)), tally

    def _think(self, net: StackedNet, features: Floats) -> tuple[Tensor, Floats]:
        """Return logits `(W, N, A)` and values `(W, N)`."""
        rows = torch.from_numpy(features)
        with torch.no_grad():
            if net.npcs == 1:
                logits, values = net(rows.reshape(1, -1, FEATURES))
                return logits.reshape(self.worlds, self.npcs, -1), values.reshape(
                    self.worlds, self.npcs
                ).numpy()
            logits, values = net(rows.transpose(0, 1))
            return logits.transpose(0, 1).contiguous(), values.T.numpy()

    def _live(self, actions: NDArray[np.int64], tally: Tally) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Act; return rewards `(W, N)`, ended and truncated `(W,)`."""
        self._features, rewards, terminated, truncated, _ = self.env.step(actions.reshape(-1))
        finished, cut = (flags.reshape(self.worlds, -1)[:, 0] for flags in (terminated, truncated))
        self._age = np.where(self._over, 0, self._age + 1)
        self._over = finished | cut
        tally.ticks += self._age[self._over].tolist()
        tally.truncated += int(cut.sum())
        return rewards.reshape(self.worlds, -1), self._over.astype(np.float32), cut

    def _by_net(self, lived: Tensor, net: StackedNet) -> Tensor:
        """Return `(T, W, N, ...)` as `(nets, B, ...)`."""
        rest = lived.shape[3:]
        if net.npcs == 1:
            return lived.reshape(1, -1, *rest)
        return lived.movedim(2, 0).reshape(self.npcs, -1, *rest)

    def state(self) -> dict[str, object]:
        """Return where the environment stands: worlds, chance, and who has just ended."""
        return {**self.env.state(), "age": self._age.tolist()}

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises WorldError when it is of other worlds."""
        self._features, self._over = self.env.restore(state)
        self._age = np.asarray(state["age"], np.int64)
