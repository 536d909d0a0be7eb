"""An evaluation as files: the table and the curves as CSV, the curves as a picture.

Ticks are those of a computation, not of a machine: the same command writes the same files anywhere.
"""

import csv
from collections.abc import Sequence
from math import isnan
from pathlib import Path

from nimmer.errors import HostError
from policies.evaluation import Trial
from policies.score_text import Setting, compared, life
from policies.scorecard import Estimate, Resampling, Score


def write_table(path: Path, setting: Setting, scores: Sequence[Score]) -> None:
    """Write one row per score. Raises HostError when `path` cannot be written."""
    ratios = compared(scores)
    head = ["level", "npcs", "seeds", "most_ticks", "life", "brain", "passed", "ticks_median"]
    for name in ("ticks", "bumps", "lifeforce", "nerves", *(f"ticks_to_{name}" for name in ratios)):
        head += [name, f"{name}_low", f"{name}_high"]
    rows = [head]
    for score in scores:
        row = [str(setting.level), str(setting.npcs), str(score.seeds), str(setting.most_ticks)]
        row += [life(score.embodied), score.name, _number(score.passed), _number(score.median)]
        for estimate in (score.ticks, score.bumps, score.lifeforce, score.nerves):
            row += _three(estimate)
        for name in ratios:
            row += _three(score.against.get(name))
        rows.append(row)
    _write(path, rows)


def write_curves(path: Path, setting: Setting, trials: Sequence[Trial]) -> None:
    """Write the mean coverage per tick with its interval. Raises HostError when `path` cannot be written."""
    rows = [["level", "npcs", "seeds", "life", "brain", "tick", "coverage", "coverage_low", "coverage_high"]]
    for trial in trials:
        shared = [
            str(setting.level),
            str(setting.npcs),
            str(trial.ticks.size),
            life(trial.embodied),
            trial.name,
        ]
        curves = Resampling(trial.ticks.size).curve(trial.coverage)
        for tick, values in enumerate(zip(*(curve.tolist() for curve in curves), strict=True)):
            rows.append([*shared, str(tick), *(f"{value:.4f}" for value in values)])
    _write(path, rows)


def draw(path: Path, setting: Setting, trials: Sequence[Trial], bound: float) -> None:
    """Draw coverage over ticks with its interval to `path`, a PNG; needs matplotlib of the training extra.

    bound: ticks no village can beat, marked. Raises HostError when `path` cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.8), dpi=110, layout="constrained")
    axes = figure.subplots()
    for trial in trials:
        mean, low, high = Resampling(trial.ticks.size).curve(trial.coverage)
        name = f"{trial.name}, in a body" if trial.embodied else trial.name
        (line,) = axes.plot(range(mean.size), mean, label=name, linestyle="--" if trial.embodied else "-")
        axes.fill_between(range(mean.size), low, high, alpha=0.25, color=line.get_color())
    axes.axvline(bound, color="grey", linewidth=0.8, linestyle=":", label=f"bound: {bound:.0f} ticks")
    axes.set(xscale="log", xlabel="world ticks since birth (log)", ylabel="houses known, mean of all NPCs")
    axes.set_xlim(left=1)
    axes.set_ylim(0, 1.02)
    axes.set_title(
        f"level {setting.level}: {setting.nodes} houses, {setting.npcs} NPCs, {setting.seeds} seeds, 95 % intervals"
    )
    axes.grid(visible=True, alpha=0.3)
    axes.legend(loc="upper left")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    except OSError as error:
        raise HostError(f"{path}: cannot be written ({error.strerror or error})") from error


def _number(value: float) -> str:
    return "" if isnan(value) else f"{value:.5g}"


def _three(estimate: Estimate | None) -> list[str]:
    if estimate is None:
        return ["", "", ""]
    return [_number(value) for value in (estimate.value, estimate.low, estimate.high)]


def _write(path: Path, rows: Sequence[Sequence[str]]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
    except OSError as error:
        raise HostError(f"{path}: cannot be written ({error.strerror or error})") from error
