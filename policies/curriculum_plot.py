"""Draws a curriculum run: the coverage of every NPC against ticks, one panel per level, side by side.

A panel has its own scale of ticks: level 3 takes dozens of times as long as level 1, which would be a line otherwise.
The NPC that held its village back longest is drawn on top and named.
"""

import csv
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nimmer.errors import ConfigError, NimmerError

PANELS = 8
"""Most panels drawn; of a run that went up and down more often, the last ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """The rows of one stay on one level: ticks `(R,)`, coverage `(R, N)`."""

    level: int
    ticks: NDArray[np.int64]
    coverage: NDArray[np.float64]

    @property
    def slowest(self) -> int:
        """Return the NPC that was last to know everything, else the one that knows least at the end."""
        whole = self.coverage >= 1.0
        first = np.where(whole.any(axis=0), whole.argmax(axis=0), len(self.ticks))
        return int(np.lexsort((self.coverage[-1], -first))[0])


def read_stretches(path: Path) -> list[Stretch]:
    """Return the stays of a run in order. Raises ConfigError when the file is none that a curriculum run wrote."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            head, *rows = list(csv.reader(file))
        if head[:2] != ["tick", "level"] or not rows:
            raise ValueError("it must begin with tick,level,npc_0 and have a row")
        numbers = [[float(cell) for cell in row] for row in rows]
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: no record of a curriculum run ({error})") from error
    found = []
    for level, stay in groupby(numbers, key=lambda row: row[1]):
        table = np.array(list(stay))
        found.append(Stretch(int(level), table[:, 0].astype(np.int64), table[:, 2:]))
    return found


def plot_coverage(record: Path, picture: Path, title: str, names: dict[int, str]) -> None:
    """Draw the run of the CSV `record` into the PNG `picture`.

    names: of the levels, by number. Raises ConfigError as `read_stretches` does, NimmerError when matplotlib is missing
    or the picture cannot be written.
    """
    stretches = read_stretches(record)[-PANELS:]
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise NimmerError(
            "matplotlib is missing, so nothing can be drawn: pip install 'nimmer[training]'"
        ) from error
    figure = Figure(figsize=(4.2 * len(stretches) + 0.8, 4.2), dpi=110, layout="constrained")
    panels = figure.subplots(1, len(stretches), sharey=True, squeeze=False)[0]
    for panel, stretch in zip(panels, stretches, strict=True):
        _draw(panel, stretch, names.get(stretch.level, ""))
    panels[0].set_ylabel("share of the houses an NPC knows")
    figure.suptitle(title, fontsize=11)
    try:
        figure.savefig(picture)
    except OSError as error:
        raise NimmerError(f"{picture}: cannot be written ({error.strerror or error})") from error


def _draw(panel: Any, stretch: Stretch, name: str) -> None:  # noqa: ANN401  matplotlib's axes
    slowest = stretch.slowest
    for npc in range(stretch.coverage.shape[1]):
        if npc != slowest:
            panel.plot(stretch.ticks, stretch.coverage[:, npc], color="#6B8E6B", alpha=0.45, linewidth=0.8)
    last = stretch.coverage[:, slowest]
    panel.plot(stretch.ticks, last, color="#FF7F6B", linewidth=1.8, label=f"NPC {slowest}, the slowest")
    panel.axvline(stretch.ticks[-1], color="#505060", linestyle="--", linewidth=1.0)
    panel.set_title(f"level {stretch.level}" + (f": {name}" if name else ""), fontsize=10)
    panel.set_xlabel("world ticks")
    panel.set_ylim(0.0, 1.02)
    panel.grid(alpha=0.25)
    panel.legend(loc="lower right", fontsize=8)
