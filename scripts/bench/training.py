"""Training 25 NPCs with weights of their own: agent-steps per CPU-second, beside the same by other roads.

    scripts/bench/run training

Ours is what `nimmer train npc` does: PPO on stacked nets in 64 villages of level 1 at once (default), and RLlib's PPO on
one RLModule that holds the 25 nets (`--trainer rllib`). Rivals in the same run: RLlib used naively, a policy per NPC
over the PettingZoo form of one village; and a plain PPO on stacked weights in torch, written down in this file with
nothing around it. Same nets (74 -> 64 -> 64), four passes over every batch, one thread, no remote env runners. An
iteration is 25,600 agent-steps; the first of each is not counted. The roads are measured one after another. CPU-seconds of this process and its children.

Goals: at least 15,000 agent-steps per CPU-second for both of ours; ratios beside the rivals are told as they are.
"""

import contextlib
import io
import logging
import statistics
import warnings
from collections.abc import Callable

import numpy as np
import torch
from measurement import Measurement, cpu_seconds, meets

from nimmer.world.levels import load_levels
from policies.acts import legal
from policies.npc_training import StackedTrainer, TrainingSettings
from policies.stacked_net import StackedNet
from policies.village_vector import VillageVector

GOAL = 15_000
SETTINGS = TrainingSettings(shared=0.0)
STEPS = SETTINGS.ppo.ticks * SETTINGS.worlds * SETTINGS.npcs


def rate(iterate: Callable[[], object], count: int) -> tuple[float, list[float]]:
    """Return the median and all of agent-steps per CPU-second over `count` iterations, after one that warms up."""
    iterate()
    found = []
    for _ in range(count):
        begun = cpu_seconds(children=True)
        iterate()
        found.append(STEPS / (cpu_seconds(children=True) - begun))
    return statistics.median(found), found


def plain() -> Callable[[], object]:
    """Return an iteration of PPO on stacked weights with nothing around it."""
    npcs, worlds, ticks = SETTINGS.npcs, SETTINGS.worlds, SETTINGS.ppo.ticks
    env = VillageVector(load_levels()[1], worlds, npcs, max_ticks=200)
    net = StackedNet.newborn(npcs, "medium", np.random.default_rng(1))
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    now, _ = env.reset(seed=1)

    def iterate() -> None:
        nonlocal now
        lived = []
        for _ in range(ticks):
            features = torch.from_numpy(now).reshape(worlds, npcs, -1).transpose(0, 1)
            mask = torch.from_numpy(legal(now)).reshape(worlds, npcs, -1).transpose(0, 1)
            with torch.no_grad():
                logits, values = net(features)
                chances = torch.distributions.Categorical(logits=logits.masked_fill(~mask, -1e9))
                actions = chances.sample()
            now, rewards, over, cut, _ = env.step(actions.T.numpy().reshape(-1))
            paid = torch.from_numpy(rewards).reshape(worlds, npcs).T
            ended = torch.from_numpy(over | cut).reshape(worlds, npcs).T.float()
            lived.append((features, mask, actions, chances.log_prob(actions), values, paid, ended))
        features, masks, actions, before, values, paid, ended = (
            torch.stack(one) for one in zip(*lived, strict=True)
        )
        better, following = torch.zeros_like(paid), torch.zeros_like(paid[0])
        for tick in reversed(range(ticks - 1)):
            goes_on = 1 - ended[tick]
            surprise = paid[tick] + 0.98 * values[tick + 1] * goes_on - values[tick]
            better[tick] = following = surprise + 0.98 * 0.95 * goes_on * following
        returns, rows = better + values, ticks * worlds

        def flat(one: torch.Tensor) -> torch.Tensor:
            return one.transpose(0, 1).reshape(npcs, rows, *one.shape[3:])

        batch = [flat(one) for one in (features, masks, actions, before, better, returns)]
        for _ in range(4):
            for part in torch.randperm(rows).chunk(4):
                seen, mask, done, old, gain, back = (one[:, part] for one in batch)
                logits, value = net(seen)
                chances = torch.distributions.Categorical(logits=logits.masked_fill(~mask, -1e9))
                ratio = (chances.log_prob(done) - old).exp()
                loss = -torch.min(ratio * gain, ratio.clamp(0.8, 1.2) * gain).mean()
                loss = loss + 0.25 * (value - back).square().mean() - 0.01 * chances.entropy().mean()
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(net.parameters(), 2.5)
                optimizer.step()

    return iterate


def naive() -> tuple[Callable[[], object], Callable[[], None]]:
    """Return an iteration of RLlib with a policy per NPC, and what ends it."""
    from ray.rllib.algorithms.ppo import PPOConfig
    from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
    from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
    from ray.tune.registry import register_env

    from policies.village_parallel import VillageParallel

    register_env(
        "naive_village",
        lambda _: ParallelPettingZooEnv(VillageParallel(load_levels()[1], SETTINGS.npcs, max_ticks=200)),
    )
    names = [f"npc_{npc}" for npc in range(SETTINGS.npcs)]
    rows = STEPS // SETTINGS.npcs
    algorithm = (
        PPOConfig()
        .environment("naive_village")
        .env_runners(num_env_runners=0, num_envs_per_env_runner=4, rollout_fragment_length="auto")
        .training(train_batch_size_per_learner=rows, minibatch_size=rows // 4, num_epochs=4, lr=2e-3)
        .rl_module(
            model_config=DefaultModelConfig(
                fcnet_hiddens=[64, 64], fcnet_activation="tanh", vf_share_layers=True
            )
        )
        .multi_agent(policies=set(names), policy_mapping_fn=lambda agent, *_, **__: agent)
        .debugging(seed=1, log_level="ERROR")
        .build_algo()
    )
    return algorithm.train, algorithm.stop


def measure(quick: bool) -> list[Measurement]:
    """Return what an iteration costs on every road."""
    from policies.local_ray import TrainingRay
    from policies.rllib_trainer import RllibTrainer

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    count = 2 if quick else 7
    stacked = StackedTrainer(SETTINGS)
    speeds = {"stacked": rate(stacked.iterate, count), "plain": rate(plain(), count)}
    with contextlib.redirect_stderr(io.StringIO()):
        ray = TrainingRay()
        try:
            rllib = RllibTrainer(SETTINGS, ray)
            speeds["rllib"] = rate(rllib.iterate, count)
            iterate, stop = naive()
            speeds["naive"] = rate(iterate, 1 if quick else 2)
            stop()
        finally:
            ray.close()
    unit, goal = "agent-steps per CPU-s", ">= 1.0"

    def told(name: str, metric: str) -> Measurement:
        value, every = speeds[name]
        note = f"{len(every)} iterations, {min(every):.3g} to {max(every):.3g}"
        share = value / GOAL
        return Measurement(metric, value, unit, "the goal", GOAL, share, goal, meets(share, goal), note)

    def beside(name: str, metric: str, rival: str, words: str, wanted: str) -> Measurement:
        value, other = speeds[name][0], speeds[rival][0]
        return Measurement(
            metric, value, unit, words, other, value / other, wanted, meets(value / other, wanted)
        )

    return [
        told("stacked", "25 own nets, our PPO"),
        told("rllib", "25 own nets, one RLModule in RLlib"),
        beside("stacked", "25 own nets, our PPO", "naive", "RLlib, a policy per NPC", ">= 1.0"),
        beside("rllib", "25 own nets, one RLModule in RLlib", "naive", "RLlib, a policy per NPC", ">= 1.0"),
        beside("stacked", "25 own nets, our PPO", "plain", "plain stacked torch", ">= 0.8"),
        beside("rllib", "25 own nets, one RLModule in RLlib", "plain", "plain stacked torch", ">= 0.1"),
    ]
