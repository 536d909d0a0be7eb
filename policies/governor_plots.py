"""Pictures of what the governor's evaluation, training and model error came to. Needs matplotlib (the training extra)."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nimmer.errors import HostError

mpl.use("Agg")
from matplotlib import pyplot as plt

_COLOURS = {
    "net": "#d1495b",
    "net before training": "#e9a6af",
    "need-proportional": "#00798c",
    "need at full rate": "#66a182",
    "best static": "#30638e",
    "uniform": "#8d96a3",
    "greedy": "#edae49",
    "round robin": "#b48ead",
    "random": "#c0c0c0",
}
_SIZE = (7.0, 4.2)
_PLAIN, _BOLD = 1.2, 2.4


def curves(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """Draw cost against quality: the village score of every rival over the CPU budget, with 95 % intervals."""
    figure, axes = plt.subplots(figsize=_SIZE)
    for name, colour in _COLOURS.items():
        own = [row for row in rows if row["rival"] == name]
        if own:
            budget, score, low, high = (
                np.array([float(str(row[key])) for row in own])
                for key in ("budget", "score", "score_low", "score_high")
            )
            axes.fill_between(budget, low, high, color=colour, alpha=0.15, linewidth=0)
            axes.plot(
                budget,
                score,
                color=colour,
                label=name,
                marker=".",
                linewidth=_BOLD if name == "net" else _PLAIN,
            )
    axes.set_xlabel("CPU budget, share of what all NPCs at 20 Hz would use")
    axes.set_ylabel("village score per NPC")
    axes.legend(frameon=False, fontsize=8)
    _keep(figure, path)


def ablations(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """Draw what the net's score loses without each of its powers, per budget."""
    figure, axes = plt.subplots(figsize=_SIZE)
    whole = {row["budget"]: float(str(row["score"])) for row in rows if row["rival"] == "net"}
    names = sorted({str(row["rival"]) for row in rows if str(row["rival"]).startswith("net without")})
    place = np.arange(len(whole))
    for at, name in enumerate(names):
        lost = [
            100.0 * (float(str(row["score"])) / whole[row["budget"]] - 1.0)
            for row in rows
            if row["rival"] == name
        ]
        axes.bar(place + 0.27 * (at - 1), lost, 0.25, label=name)
    axes.set_xticks(place, [str(budget) for budget in whole])
    axes.axhline(0.0, color="black", linewidth=0.8)
    axes.set_xlabel("CPU budget, share of what all NPCs at 20 Hz would use")
    axes.set_ylabel("change of the village score (%)")
    axes.legend(frameon=False, fontsize=8)
    _keep(figure, path)


def learning(journals: Mapping[str, Path], path: Path) -> None:
    """Draw the validation score of trainings over their generations, from their `training.csv`."""
    figure, axes = plt.subplots(figsize=_SIZE)
    for name, journal in journals.items():
        with journal.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["validation"]]
        step = next(iter(rows[0]))
        axes.plot(
            [float(row[step]) for row in rows],
            [float(row["validation"]) for row in rows],
            label=name,
            linewidth=_PLAIN,
        )
    axes.set_xlabel("generation (es), iteration (ppo)")
    axes.set_ylabel("village score per NPC on validation scenarios")
    axes.legend(frameon=False, fontsize=8)
    _keep(figure, path)


def coverage(runs: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]], path: Path) -> None:
    """Draw the mean coverage of real villages by epoch, and of the same lived again in the training world."""
    figure, axes = plt.subplots(figsize=_SIZE)
    for colour, (name, (real, modelled)) in zip(("#00798c", "#d1495b"), runs.items(), strict=False):
        epochs = np.arange(1, real.size + 1)
        axes.plot(epochs, real, color=colour, label=f"{name}: real village", linewidth=_BOLD)
        axes.plot(
            epochs, modelled, color=colour, linestyle="--", label=f"{name}: training world", linewidth=_PLAIN
        )
    axes.set_xlabel("epoch of 100 world ticks (5 s)")
    axes.set_ylabel("mean coverage of 25 NPCs on level 2")
    axes.legend(frameon=False, fontsize=8)
    _keep(figure, path)


def _keep(figure: Figure, path: Path) -> None:
    """Write `figure` to `path`. Raises HostError when it cannot be written."""
    figure.tight_layout()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # without the date and the version a picture of the same numbers is the same file
        figure.savefig(path, dpi=110, metadata={"Software": None})
    except OSError as error:
        raise HostError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        plt.close(figure)
