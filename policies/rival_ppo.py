"""The rival: PPO as a single file in the style of CleanRL's `ppo.py`, one net for all NPCs, nothing tuned to villages.

It has that script's nets (actor and critic apart, two layers of 64 with tanh, orthogonal), its hyperparameters and its
order of things; it learns on `policies.village_vector.VillageVector`, sees what our brains see and is paid what the
world pays. Where ours plays tricks (brains of their own, shaping, masks), this one plays none.

Source: CleanRL (Huang et al. 2022, JMLR 23), `cleanrl/ppo.py`; Schulman et al. 2017 (PPO).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions.categorical import Categorical

from nimmer.life.percept import FEATURES
from nimmer.minds.mlp import Weights
from nimmer.world.level import Level
from nimmer.world.seeds import training_seed
from policies.acts import ACTIONS
from policies.village_vector import VillageVector

Progress = Callable[[int, float], None]
"""Told the agent-steps done and the mean coverage now."""


@dataclass(frozen=True, slots=True)
class Args:
    """CleanRL's `Args`, with its defaults; `worlds` times the NPCs of a village are its `num_envs`."""

    worlds: int = 4
    num_steps: int = 128
    learning_rate: float = 2.5e-4
    anneal_lr: bool = True
    gamma: float = 0.99
    gae_lambda: float = 0.95
    num_minibatches: int = 4
    update_epochs: int = 4
    norm_adv: bool = True
    clip_coef: float = 0.2
    clip_vloss: bool = True
    ent_coef: float = 0.01
    vf_coef: float = 0.5
    max_grad_norm: float = 0.5
    max_ticks: int = 200


def layer_init(layer: nn.Linear, std: float = 2.0**0.5) -> nn.Linear:
    """Return `layer` with orthogonal weights of gain `std` and no bias."""
    nn.init.orthogonal_(layer.weight, std)
    nn.init.constant_(layer.bias, 0.0)
    return layer


class Agent(nn.Module):
    """Actor and critic, two nets."""

    def __init__(self, hidden: int = 64) -> None:
        """Draw fresh weights from torch's generator."""
        super().__init__()
        self.critic = nn.Sequential(
            layer_init(nn.Linear(FEATURES, hidden)),
            nn.Tanh(),
            layer_init(nn.Linear(hidden, hidden)),
            nn.Tanh(),
            layer_init(nn.Linear(hidden, 1), std=1.0),
        )
        self.actor = nn.Sequential(
            layer_init(nn.Linear(FEATURES, hidden)),
            nn.Tanh(),
            layer_init(nn.Linear(hidden, hidden)),
            nn.Tanh(),
            layer_init(nn.Linear(hidden, ACTIONS), std=0.01),
        )

    def get_value(self, x: Tensor) -> Tensor:
        """Return `(B,)` values of observations `(B, FEATURES)`."""
        value: Tensor = self.critic(x)
        return value.flatten()

    def get_action_and_value(
        self, x: Tensor, action: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return actions (drawn when not given), their log-probabilities, entropies and values, `(B,)` each."""
        probs = Categorical(logits=self.actor(x))
        if action is None:
            action = probs.sample()  # type: ignore[no-untyped-call]  # torch has no types here
        log_prob: Tensor = probs.log_prob(action)  # type: ignore[no-untyped-call]  # torch has no types here
        entropy: Tensor = probs.entropy()  # type: ignore[no-untyped-call]  # torch has no types here
        return action, log_prob, entropy, self.get_value(x)

    def weights(self) -> Weights:
        """Return the actor as `nimmer.minds.mlp` takes it; the critic is a net of its own, so that head is 0."""
        found: Weights = {}
        for name, parameter in self.actor.named_parameters():
            # layers 0, 2 and 4 of the sequence are those numbered 1, 2 and 3 there; torch keeps weights transposed
            index, _, kind = name.partition(".")
            found[f"{kind[0]}{int(index) // 2 + 1}"] = parameter.detach().numpy().T.copy()
        found["wv"] = np.zeros((found["w2"].shape[1], 1), np.float32)
        found["bv"] = np.zeros(1, np.float32)
        return found


@dataclass(slots=True)
class Batch:
    """What one rollout of T steps in E environments gathered, `(T, E, ...)` each.

    dones: whether the episode had ended before the step, whose action the environment then ignores.
    """

    obs: Tensor
    actions: Tensor
    logprobs: Tensor
    rewards: Tensor
    dones: Tensor
    values: Tensor

    @classmethod
    def empty(cls, steps: int, envs: int) -> "Batch":
        """Return room for a rollout."""
        shape = (steps, envs)
        return cls(torch.zeros(*shape, FEATURES), *(torch.zeros(shape) for _ in range(5)))


def train(
    level: Level,
    npcs: int,
    agent_steps: int,
    seed: int,
    args: Args | None = None,
    progress: Progress = lambda steps, coverage: None,
) -> Weights:
    """Train on `level` in villages of `npcs` NPCs for `agent_steps` NPC ticks, and return the one brain of everybody.

    Raises ConfigError when `seed` is kept for evaluation, LevelError when the level has no room for so many NPCs.
    """
    args = args or Args()
    torch.manual_seed(training_seed(seed))
    envs = VillageVector(level, args.worlds, npcs, max_ticks=args.max_ticks)
    agent = Agent()
    optimizer = torch.optim.Adam(agent.parameters(), lr=args.learning_rate, eps=1e-5)
    batch = Batch.empty(args.num_steps, envs.num_envs)
    iterations = max(agent_steps // (args.num_steps * envs.num_envs), 1)
    next_obs = torch.from_numpy(envs.reset(seed=seed)[0])
    next_done = torch.zeros(envs.num_envs)
    for iteration in range(iterations):
        if args.anneal_lr:
            optimizer.param_groups[0]["lr"] = (1.0 - iteration / iterations) * args.learning_rate
        next_obs, next_done, infos = collect(envs, agent, batch, next_obs, next_done)
        advantages = estimate(agent, batch, next_obs, next_done, args)
        update(agent, optimizer, batch, advantages, args)
        progress((iteration + 1) * args.num_steps * envs.num_envs, float(infos["coverage"].mean()))
    return agent.weights()


@torch.no_grad()
def collect(
    envs: VillageVector, agent: Agent, batch: Batch, next_obs: Tensor, next_done: Tensor
) -> tuple[Tensor, Tensor, dict[str, Any]]:
    """Fill `batch` with one rollout; return what is observed after it, who ended with it, and the last infos."""
    infos: dict[str, Any] = {}
    for step in range(batch.obs.shape[0]):
        batch.obs[step], batch.dones[step] = next_obs, next_done
        action, batch.logprobs[step], _, batch.values[step] = agent.get_action_and_value(next_obs)
        batch.actions[step] = action
        observed, reward, terminations, truncations, infos = envs.step(action.numpy())
        batch.rewards[step] = torch.from_numpy(reward)
        next_obs = torch.from_numpy(observed)
        next_done = torch.from_numpy((terminations | truncations).astype(np.float32))
    return next_obs, next_done, infos


@torch.no_grad()
def estimate(agent: Agent, batch: Batch, next_obs: Tensor, next_done: Tensor, args: Args) -> Tensor:
    """Return generalised advantages `(T, E)`: A_t = delta_t + gamma lambda A_t+1 (Schulman et al. 2016)."""
    next_value = agent.get_value(next_obs)
    advantages = torch.zeros_like(batch.rewards)
    last = torch.zeros_like(next_value)
    for step in reversed(range(batch.rewards.shape[0])):
        going_on = 1.0 - next_done
        delta = batch.rewards[step] + args.gamma * next_value * going_on - batch.values[step]
        last = delta + args.gamma * args.gae_lambda * going_on * last
        advantages[step] = last
        next_value, next_done = batch.values[step], batch.dones[step]
    return advantages


def update(
    agent: Agent, optimizer: torch.optim.Optimizer, batch: Batch, advantages: Tensor, args: Args
) -> None:
    """Improve actor and critic on one rollout, `update_epochs` times in minibatches."""
    # The step after an end only begins the next episode: nothing was decided in it.
    decided = (batch.dones == 0).flatten()
    obs, actions = batch.obs.flatten(0, 1)[decided], batch.actions.flatten()[decided]
    logprobs, values = batch.logprobs.flatten()[decided], batch.values.flatten()[decided]
    gains = advantages.flatten()[decided]
    returns = gains + values
    size = max(obs.shape[0] // args.num_minibatches, 1)
    for _ in range(args.update_epochs):
        for chosen in torch.split(torch.randperm(obs.shape[0]), size):
            _, newlogprob, entropy, newvalue = agent.get_action_and_value(obs[chosen], actions[chosen])
            ratio = (newlogprob - logprobs[chosen]).exp()
            advantage = gains[chosen]
            if args.norm_adv and advantage.numel() > 1:
                advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
            clipped = torch.clamp(ratio, 1 - args.clip_coef, 1 + args.clip_coef)
            pg_loss = torch.max(-advantage * ratio, -advantage * clipped).mean()
            v_loss = value_loss(newvalue, values[chosen], returns[chosen], args)
            loss = pg_loss - args.ent_coef * entropy.mean() + args.vf_coef * v_loss
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch has no types here
            nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)
            optimizer.step()


def value_loss(new: Tensor, old: Tensor, returns: Tensor, args: Args) -> Tensor:
    """Return half the squared error of `new` values, clipped to stay near the `old` ones."""
    plain = (new - returns) ** 2
    if not args.clip_vloss:
        return 0.5 * plain.mean()
    near = old + torch.clamp(new - old, -args.clip_coef, args.clip_coef)
    return 0.5 * torch.max(plain, (near - returns) ** 2).mean()
