"""What a training writes down as it goes: a CSV row per step, and the same for TensorBoard where that is installed.

A journal that is resumed is cut back to the step it goes on from, so that no step stands there twice.
"""

import csv
from collections.abc import Mapping
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any


class Journal:
    """One training's `training.csv` and event files in `directory`; the first column is the step."""

    def __init__(self, directory: Path, columns: tuple[str, ...], resumed_at: int = 0) -> None:
        """Open the journal; what it tells of steps after `resumed_at` is dropped. Raises OSError when it cannot."""
        directory.mkdir(parents=True, exist_ok=True)
        self._columns = columns
        path = directory / "training.csv"
        kept: list[dict[str, str]] = []
        if resumed_at and path.is_file():
            with path.open(newline="", encoding="utf-8") as file:
                kept = [row for row in csv.DictReader(file) if int(row[columns[0]]) <= resumed_at]
        self._file = path.open("w", newline="", encoding="utf-8")
        self._table = csv.DictWriter(self._file, columns, extrasaction="ignore")
        self._table.writeheader()
        self._table.writerows(kept)
        self._board: Any = None
        with suppress(ImportError):
            from tensorboardX import SummaryWriter

            self._board = SummaryWriter(str(directory), purge_step=resumed_at + 1)

    def note(self, row: Mapping[str, float]) -> None:
        """Write one step down; a value that is not finite is left out."""
        told = {name: value for name, value in row.items() if isfinite(value)}
        self._table.writerow(told)
        self._file.flush()
        if self._board is not None:
            step = int(row[self._columns[0]])
            for name in self._columns[1:]:
                if name in told:
                    self._board.add_scalar(f"governor/{name}", told[name], step)

    def close(self) -> None:
        """Close what is open."""
        self._file.close()
        if self._board is not None:
            self._board.close()
