"""How far the training world is from a real village: fits what can be measured to one recorded run, and judges by another.

The recording (docs/bench/governor_trace.csv, made by scripts/recipes/governor_trace.py) has a row per NPC and epoch of
two real runs. The first is the half that is fitted to, the second is held out. Both are lived again in the training
world: the same level, the same birth, every NPC at the rate it really had, no scarcity and no anomalies. What differs is
the model's error. Source: docs/governor.md, "How far from a real village".
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nimmer.errors import ConfigError
from nimmer.life.economy import BIRTH_LEVEL
from nimmer.life.governor import Envelope
from nimmer.minds.governor_net import GOVERNED_GATES, Proposal
from nimmer.world.curriculum import birth, birth_generator
from nimmer.world.levels import Levels
from nimmer.world.rules import Rules
from nimmer.world.scarce_village import ScarceVillage
from nimmer.world.scarcity import KINDS, QUESTION, ScarcityModel

Numbers = NDArray[np.float64]
GATES = KINDS[:QUESTION]
QUANTITIES = ("cpu_ms", "gained", "earned", *(f"opened_{gate}" for gate in GATES))
"""What is compared, per NPC and epoch."""
_COLUMNS = ("npc", "epoch", "tick_hz", "ticks", "succeeded", "failed", "timed_out", "abandoned", *QUANTITIES)
_ROUNDS = 3
"""How often the rates of triggers are corrected by what a replay with them gives."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One real run. tables: column name -> `(epochs, N)`, as recorded; a missing row counts as nothing done."""

    seed: int
    level: int
    tables: Mapping[str, Numbers]

    @property
    def npcs(self) -> int:
        """Return N."""
        return int(self.tables["ticks"].shape[1])


@dataclass(frozen=True, slots=True)
class Error:
    """One quantity: its mean per NPC and epoch in the real run and in the model, and the relative error of the two.

    per_npc: mean absolute error over NPCs of their own sums, relative to the real mean.
    """

    quantity: str
    run: str
    real: float
    model: float
    relative: float
    per_npc: float


def read_traces(path: Path) -> list[Trace]:
    """Return the runs recorded in `path`, in order. Raises ConfigError naming the file and what it lacks."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from error
    missing = sorted({"run", "seed", "level", *_COLUMNS} - set(rows[0] if rows else ()))
    if missing:
        raise ConfigError(
            f"{path}: no recording, it lacks {', '.join(missing)}; make one with scripts/recipes/governor_trace.py"
        )
    runs = dict.fromkeys(row["run"] for row in rows)
    return [_trace([row for row in rows if row["run"] == run]) for run in runs]


def _trace(rows: list[dict[str, str]]) -> Trace:
    shape = (1 + max(int(row["epoch"]) for row in rows), 1 + max(int(row["npc"]) for row in rows))
    tables = {name: np.zeros(shape) for name in _COLUMNS}
    for row in rows:
        at = int(row["epoch"]), int(row["npc"])
        for name in _COLUMNS:
            tables[name][at] = float(row[name] or 0.0)
    return Trace(int(rows[0]["seed"]), int(rows[0]["level"]), tables)


def fit(model: ScarcityModel, trace: Trace, levels: Levels) -> ScarcityModel:
    """Return `model` with what `trace` tells: the cost of a tick, what a fact pays, how often gates open, who succeeds."""
    tables = trace.tables
    ticked = tables["ticks"] > 0
    cost_ms = float(np.median(tables["cpu_ms"][ticked] / tables["ticks"][ticked]))
    facts = tables["gained"] * levels[trace.level].nodes
    known = model.income_per_s * model.epoch_s - model.look_price * tables["ticks"]
    pays = float(((tables["earned"] - known) * facts).sum() / max(float((facts**2).sum()), 1e-9))
    ended = sum(tables[name].sum() for name in ("succeeded", "failed", "timed_out", "abandoned"))
    found = replace(
        model,
        tick_cost_ms=round(cost_ms, 3),
        fact_pays=round(max(pays, 0.0), 2),
        succeeds=round(float(tables["succeeded"].sum() / max(ended, 1.0)), 3),
    )
    for _ in range(_ROUNDS):
        lived = replay(found, trace, levels)
        quiet = list(found.quiet_per_s)
        for kind, gate in enumerate(GATES):
            real, modelled = tables[f"opened_{gate}"].sum(), lived[f"opened_{gate}"].sum()
            quiet[kind] = round(quiet[kind] * float(np.clip(real / max(modelled, 1.0), 0.2, 5.0)), 4)
        burst = tuple(
            rate if kind in (0, QUESTION) else quiet[kind] for kind, rate in enumerate(found.burst_per_s)
        )
        found = replace(found, quiet_per_s=tuple(quiet), burst_per_s=burst)
    return found


def replay(model: ScarcityModel, trace: Trace, levels: Levels) -> dict[str, Numbers]:
    """Return the `QUANTITIES`, `(epochs, N)` each, of `trace` lived again in the training world without scarcity."""
    level = levels[trace.level]
    calm = replace(
        model, heaviness=1.0, uneven=0.0, starved_share=0.0, stuck_share=0.0, dear=1.0, calm_s=1e8, most=1e8
    )
    village = ScarceVillage(level, Rules(), calm, trace.npcs, np.ones(1), (trace.seed,))
    village.envelope = Envelope(1.0, max_tick_step_hz=20.0, max_cpu_step=100.0)
    village.begin(
        birth(level, Rules(), trace.npcs, 1, birth_generator(trace.seed, trace.level)),
        np.full((1, trace.npcs), BIRTH_LEVEL),
    )
    found: dict[str, list[Numbers]] = {name: [] for name in QUANTITIES}
    for rates in trace.tables["tick_hz"]:
        tally = village.live(_at(rates[None]))
        noticed = tally.noticed[0]
        values = (
            tally.cpu_ms[0],
            tally.gained[0],
            tally.earned[0],
            *(noticed[:, kind] for kind in range(QUESTION)),
        )
        for name, value in zip(QUANTITIES, values, strict=True):
            found[name].append(value)
    return {name: np.stack(rows) for name, rows in found.items()}


def errors(model: ScarcityModel, traces: Iterable[tuple[str, Trace]], levels: Levels) -> list[Error]:
    """Return how far `model` is from each of the named runs, quantity by quantity."""
    found = []
    for name, trace in traces:
        lived = replay(model, trace, levels)
        for quantity in QUANTITIES:
            real, modelled = trace.tables[quantity], lived[quantity]
            mean = float(real.mean())
            scale = max(abs(mean), 1e-12)
            apart = np.abs(modelled.sum(axis=0) - real.sum(axis=0)).mean() / real.shape[0]
            found.append(
                Error(
                    quantity,
                    name,
                    mean,
                    float(modelled.mean()),
                    float(modelled.mean() - mean) / scale,
                    float(apart) / scale,
                )
            )
    return found


def coverage_error(model: ScarcityModel, trace: Trace, levels: Levels) -> tuple[Numbers, Numbers]:
    """Return the village's mean coverage after each epoch, `(epochs,)`: real, and in the model."""
    real = trace.tables["gained"].cumsum(axis=0).mean(axis=1)
    return real, replay(model, trace, levels)["gained"].cumsum(axis=0).mean(axis=1)


def _at(rates: Numbers) -> Proposal:
    return Proposal(
        rates,
        np.full(rates.shape, 100.0),
        np.zeros((*rates.shape, GOVERNED_GATES), np.int8),
        np.zeros(rates.shape, np.bool_),
        np.zeros(rates.shape),
    )
