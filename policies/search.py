"""Searches the numbers of a training with Ray Tune: short trainings, the hopeless ones ended early.

The space is data (`search_space.toml`), so that a search can be repeated and extended.
Source: Ray Tune, Tuner and ASHAScheduler (Li et al. 2020); docs/training.md, "Searching".
"""

import contextlib
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.schedulers import ASHAScheduler

from nimmer.errors import NimmerError
from policies.incentives import Incentives
from policies.local_ray import TrainingRay
from policies.npc_training import StackedTrainer, TrainingSettings
from policies.ppo import PpoSettings

METRIC = "episode_ticks"
_REPORTS = 20
"""How often a trial says how it goes."""


def space() -> dict[str, Any]:
    """Return the committed space as Tune understands it."""
    told = tomllib.loads((files("policies") / "search_space.toml").read_text(encoding="utf-8"))
    drawn = {name: tune.loguniform(low, high) for name, (low, high) in told["ranges"].items()}
    return drawn | {name: tune.choice(values) for name, values in told["choices"].items()}


def with_numbers(settings: TrainingSettings, numbers: Mapping[str, Any]) -> TrainingSettings:
    """Return `settings` with the drawn `numbers` in the place of its own. Raises KeyError for one it does not have."""
    of_ppo = {field.name for field in fields(PpoSettings)} & numbers.keys()
    of_incentives = {field.name for field in fields(Incentives)} & numbers.keys()
    if unknown := numbers.keys() - of_ppo - of_incentives:
        raise KeyError(f"{', '.join(sorted(unknown))}: no number of a training")
    return replace(
        settings,
        ppo=replace(settings.ppo, **{name: numbers[name] for name in of_ppo}),
        incentives=replace(settings.incentives, **{name: numbers[name] for name in of_incentives}),
    )


def _trial(numbers: Mapping[str, Any], settings: TrainingSettings) -> None:
    trainer = StackedTrainer(with_numbers(settings, numbers))
    level = settings.village_levels()[0]
    ticks, told = float(settings.most_ticks(level)), 0
    while trainer.agent_steps < settings.agent_steps:
        row = trainer.iterate()
        if row["episodes"]:
            ticks += (row[METRIC] - ticks) * 0.3
        if trainer.agent_steps * _REPORTS >= settings.agent_steps * (told + 1):
            told += 1
            tune.report({METRIC: ticks, "agent_steps": trainer.agent_steps, "round": told})


def search(settings: TrainingSettings, trials: int, directory: Path) -> dict[str, Any]:
    """Run `trials` trainings of `settings.agent_steps` each; return the best one's numbers.

    Raises NimmerError when no trial came to an end.
    """
    cluster = TrainingRay()
    try:
        tuner = tune.Tuner(
            tune.with_parameters(_trial, settings=settings),
            param_space=space(),
            tune_config=tune.TuneConfig(
                metric=METRIC,
                mode="min",
                num_samples=trials,
                scheduler=ASHAScheduler(time_attr="round", max_t=_REPORTS, grace_period=5),
            ),
            run_config=tune.RunConfig(name=directory.name, storage_path=str(directory.parent.absolute())),
        )
        with contextlib.redirect_stdout(sys.stderr):  # Tune's own tables; stdout is for the answer
            results = tuner.fit()
        try:
            best = results.get_best_result()
        except RuntimeError as error:
            raise NimmerError(f"no trial came to an end ({error}); see {directory}") from error
        assert best.metrics is not None
        assert best.config is not None
        return {
            METRIC: best.metrics[METRIC],
            "config": best.config,
            "trials": trials,
            "directory": str(directory),
        }
    finally:
        cluster.close()
