"""RLlib, as a user runs it: in a process of its own, on a Ray of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nimmer.chance import Chance
from nimmer.clock import SystemClock
from nimmer.minds.mlp import Weights
from nimmer.minds.village_weights import load_village
from nimmer.world.levels import load_levels
from policies.npc_training import TrainingSettings
from policies.rollout import Collector
from policies.stacked_net import StackedNet
from policies.training_run import CHECKPOINT

pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]
CLOCK = SystemClock()
COMMAND = [sys.executable, "-c", "from nimmer.cli.main import main; main()", "train", "npc"]
SMALL = ["--npcs", "4", "--network", "small", "--worlds", "16", "--json"]


def train(*options: str) -> dict[str, Any]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*COMMAND, *options], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    summary: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return summary


def worth(brains: list[Weights]) -> float:
    """Return what 32 villages of these brains earn per act in their first 60 ticks."""
    torch.set_num_threads(1)
    env = TrainingSettings(npcs=len(brains), worlds=32).village(load_levels()[1])
    collector = Collector(env, len(brains), seed=9)
    return collector.collect(StackedNet(brains), 60, torch.Generator().manual_seed(9), 0.98, 0.95)[1].reward


def test_rllib_learns_what_our_trainer_learns_parts_saves_and_goes_on(tmp_path: Path) -> None:
    budget = ["--agent-steps", "122880", "--shared", "0.9"]
    theirs = train("--trainer", "rllib", *SMALL, *budget, "--out", str(tmp_path / "rllib"))
    ours = train(*SMALL, *budget, "--out", str(tmp_path / "stacked"))
    assert theirs["agent_steps"] == ours["agent_steps"] == 122880
    brains, card = load_village(Path(theirs["brains"]))
    untaught = worth(StackedNet.newborn(4, "small", Chance(1).generator("untaught")).brains())
    gained = [worth(brains) - untaught, worth(load_village(Path(ours["brains"]))[0]) - untaught]
    assert min(gained) > 0.05
    assert min(gained) > 0.5 * max(gained)
    assert not np.array_equal(brains[0]["w1"], brains[1]["w1"])  # they have parted
    assert card.configuration["trainer"] == "rllib"
    again = train("--resume", str(tmp_path / "rllib"), "--json")
    assert again["finished"] is True
    for before, after in zip(brains, load_village(Path(again["brains"]))[0], strict=True):
        assert all(np.array_equal(before[name], after[name]) for name in before)


def test_rllib_goes_on_from_where_it_stopped(tmp_path: Path) -> None:
    run = tmp_path / "run"
    budget = ["--agent-steps", "40960", "--shared", "0.5"]
    first = train("--trainer", "rllib", *SMALL, *budget, "--for", "1s", "--out", str(run))
    assert 0 < first["agent_steps"] < 40960
    whole = train("--resume", str(run), "--json")
    assert (whole["agent_steps"], whole["iterations"]) == (40960, 40)
    rows = [line.split(",") for line in (run / "progress.csv").read_text().splitlines()]
    assert [int(row[0]) for row in rows[1:]] == list(range(1, 41))
    assert [int(row[rows[0].index("nets")]) for row in rows[1:]] == [1] * 20 + [4] * 20


def test_a_driver_killed_with_kill_9_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = [*COMMAND, *SMALL, "--agent-steps", "100000000", "--out", str(run)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    driver = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    deadline = CLOCK.monotonic_s() + 120
    while not (run / CHECKPOINT).exists() and CLOCK.monotonic_s() < deadline:
        assert driver.poll() is None
        CLOCK.wait_s(0.2)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    kept = json.loads((run / CHECKPOINT / "state.json").read_text())
    summary = train("--resume", str(run), "--for", "1s", "--json")
    assert summary["agent_steps"] > kept["agent_steps"] > 0
    iterations = [int(line.split(",")[0]) for line in (run / "progress.csv").read_text().splitlines()[1:]]
    assert iterations == list(range(1, len(iterations) + 1))
