"""An NPC's brain, network medium: forward pass, learning step and memory, against torch and onnxruntime.

    scripts/bench/run brain

All in CPU time of one core, one thread each. The forward pass takes one observation from numpy to logits in numpy;
hot, a thousand in a row; cold, one after 50 ms of sleep, as an NPC at 20 Hz meets it. The learning step is forward,
backward, clipping and Adam (torch's fused) on the same batch of 128; onnxruntime does not learn. Memory is what a
process of its own has after some steps, holding numpy and our brain, or torch's, or onnxruntime's.
Ratio: ours / the goal, or ours / the rival. Goals: a forward pass at most 15 us, a learning step at most 1 ms, and
less than either rival.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
from brain_batch import batch, our_step
from brain_rivals import onnx_forward, torch_forward, torch_step
from measurement import Measurement, median_of_pairs, meets

from nimmer.chance import Chance
from nimmer.clock import SystemClock
from nimmer.life.percept import FEATURES
from nimmer.minds.learner import LearningRules
from nimmer.minds.mlp import Mlp, initial_weights

FORWARD_US, STEP_MS = 15.0, 1.0
LIMIT_MB = 256.0
SLEEP_S = 0.05
CLOCK = SystemClock()
HOLDER = Path(__file__).with_name("brain_holder.py")


def timed(work: Callable[[], object], rounds: int) -> float:
    """Return the CPU seconds of one round."""
    begun_s = process_time()
    for _ in range(rounds):
        work()
    return (process_time() - begun_s) / rounds


def cold(work: Callable[[], object], rounds: int) -> float:
    """Return the median CPU seconds of a round that comes after a sleep."""
    taken = []
    for _ in range(rounds):
        CLOCK.wait_s(SLEEP_S)
        taken.append(timed(work, 1))
    return statistics.median(taken)


def held(kind: str) -> float:
    """Return the USS of a process that holds a brain of `kind`, MB."""
    environment = {**os.environ, "PYTHONPATH": str(HOLDER.parents[2])}
    done = subprocess.run(
        [sys.executable, str(HOLDER), kind], capture_output=True, text=True, check=True, env=environment
    )
    return float(json.loads(done.stdout)["uss"])


def against_goal(metric: str, value: float, unit: str, goal_value: float, note: str) -> Measurement:
    """Return a value beside its goal."""
    ratio, goal = value / goal_value, "<= 1.0"
    return Measurement(metric, value, unit, "the goal", goal_value, ratio, goal, meets(ratio, goal), note)


def measure(quick: bool) -> list[Measurement]:
    """Return the brain's figures beside their goals and rivals."""
    pairs, rounds, steps = (3, 300, 50) if quick else (9, 1000, 300)
    weights = initial_weights("medium", Chance(7).generator("bench", "brain"))
    features = Chance(7).generator("bench", "features").random(FEATURES, np.float32)
    net, by_torch, by_onnx = (
        Mlp(weights, Chance(7).generator("a")),
        torch_forward(weights),
        onnx_forward(weights),
    )
    for rival in (by_torch, by_onnx):
        np.testing.assert_allclose(rival(features), net.forward(features), atol=1e-5)

    def us(forward: Callable[[np.ndarray], object]) -> Callable[[], float]:
        return lambda: timed(lambda: forward(features), rounds) * 1e6

    def cold_us(forward: Callable[[np.ndarray], object]) -> Callable[[], float]:
        return lambda: cold(lambda: forward(features), 10 if quick else 40) * 1e6

    step, rival_step = our_step(weights), torch_step(weights, *batch(), LearningRules())
    for one in (us(net.forward), us(by_torch), us(by_onnx), step, rival_step):
        one()
    of_torch = median_of_pairs(us(net.forward), us(by_torch), pairs)
    of_onnx = median_of_pairs(us(net.forward), us(by_onnx), pairs)
    when_cold = median_of_pairs(cold_us(net.forward), cold_us(by_onnx), 3)
    of_step = median_of_pairs(lambda: timed(step, steps) * 1e3, lambda: timed(rival_step, steps) * 1e3, pairs)
    holding = median_of_pairs(lambda: held("ours"), lambda: held("torch"), 3)
    added = statistics.median(held("ours") - held("deciding") for _ in range(3))
    holding_onnx = median_of_pairs(lambda: held("ours"), lambda: held("onnxruntime"), 3)
    hot, cool, at_most = "forward pass, hot", "forward pass after 50 ms of sleep", "<= 1.0"
    return [
        against_goal(hot, of_torch.value, "us", FORWARD_US, f"{pairs} runs of {rounds}"),
        of_torch.measurement(hot, "us", "torch, inference mode", at_most),
        of_onnx.measurement(hot, "us", "onnxruntime", at_most),
        against_goal(cool, when_cold.value, "us", FORWARD_US, "as an NPC at 20 Hz meets it"),
        when_cold.measurement(cool, "us", "onnxruntime", at_most),
        against_goal("learning step, batch of 128", of_step.value, "ms", STEP_MS, f"{pairs} runs of {steps}"),
        of_step.measurement("learning step, batch of 128", "ms", "torch, fused Adam", at_most),
        holding.measurement("USS of a process that decides and learns", "MB", "torch", at_most),
        Measurement(
            "USS that learning adds to deciding", added, "MB", "an NPC's limit", LIMIT_MB, added / LIMIT_MB, "<= 0.1",
            meets(added / LIMIT_MB, "<= 0.1"), "median of 3",
        ),
        holding_onnx.measurement(
            "USS of a process that decides and learns", "MB", "onnxruntime, which only decides", at_most
        ),
    ]  # fmt: skip
