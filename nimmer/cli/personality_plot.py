"""Draws how far NPCs are apart: over time on the left, pair by pair on the right. Needs the extra `training`."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nimmer.errors import HostError
from nimmer.stores.personality_log import Row


def draw(matrix: NDArray[np.float64], history: list[Row], path: Path) -> None:
    """Write the picture to `path`. Raises HostError when matplotlib is missing or the file cannot be written."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise HostError("a picture needs matplotlib: pip install 'nimmer[training]'") from error
    figure: Any = Figure(figsize=(11, 4.5), layout="constrained")
    over_time, pairs = figure.subplots(1, 2, width_ratios=(3, 2))
    _over_time(over_time, history)
    shown = pairs.imshow(matrix, vmin=0.0, vmax=max(float(matrix.max()), 1e-6), cmap="viridis")
    pairs.set(title="now, pair by pair", xlabel="NPC", ylabel="NPC")
    figure.colorbar(shown, ax=pairs, label="distance (0 alike, 1 never alike)")
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise HostError(f"--plot {path}: cannot be written ({error.strerror or error})") from error


def _over_time(axes: Any, history: list[Row]) -> None:  # noqa: ANN401  matplotlib's axes are not typed
    """Draw mean, least and greatest distance; runs are not joined, for time went by between them."""
    axes.set(
        title="over time", xlabel="hours since the first measurement", ylabel="distance", ylim=(0.0, None)
    )
    runs = dict.fromkeys(row.run for row in history)
    for place, run in enumerate(runs):
        rows = [row for row in history if row.run == run]
        hours = [(row.unix_s - history[0].unix_s) / 3600 for row in rows]
        first = place == 0
        axes.fill_between(
            hours,
            [row.village.alike.distance for row in rows],
            [row.village.apart.distance for row in rows],
            color="tab:green",
            alpha=0.2,
            label="most alike to most apart" if first else None,
        )
        axes.plot(
            hours,
            [row.village.mean for row in rows],
            marker="." if len(rows) < 3 else None,
            color="tab:green",
            label="mean" if first else None,
        )
    if history:
        axes.legend()
        axes.set_ylim(bottom=0.0)
