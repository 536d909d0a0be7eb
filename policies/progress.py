"""How a training goes, iteration by iteration: a CSV anybody can read, and events for TensorBoard.

Source: docs/training.md (what each column says).
"""

import csv
import math
from pathlib import Path

from tensorboardX import SummaryWriter

CSV = "progress.csv"


class Progress:
    """Writes one row per iteration; a resumed training goes on in the same files."""

    def __init__(self, directory: Path, iteration: int = 0) -> None:
        """Write below `directory`, which must exist, what comes after `iteration`.

        What a killed training did behind its last checkpoint is done again: those rows are cut off, those events purged.
        """
        self._path = directory / CSV
        self._keep_until(iteration)
        self._events = SummaryWriter(str(directory / "tensorboard"), purge_step=iteration + 1)

    def _keep_until(self, iteration: int) -> None:
        if not self._path.exists():
            return
        with self._path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        kept = [row for row in rows if int(row["iteration"]) <= iteration]
        if len(kept) < len(rows):
            fresh = self._path.with_suffix(".new")
            with fresh.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, rows[0].keys())
                writer.writeheader()
                writer.writerows(kept)
            fresh.replace(self._path)

    def write(self, iteration: int, numbers: dict[str, float]) -> None:
        """Write what iteration `iteration` came to; what is not known (NaN) stays empty."""
        known = {name: value for name, value in numbers.items() if not math.isnan(value)}
        self._append({"iteration": iteration, **dict.fromkeys(numbers, ""), **known})
        for name, value in known.items():
            self._events.add_scalar(f"train/{name}", value, iteration)

    def close(self) -> None:
        """Flush the events."""
        self._events.close()

    def _append(self, row: dict[str, object]) -> None:
        fresh = not self._path.exists()
        with self._path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row.keys())
            if fresh:
                writer.writeheader()
            writer.writerow(row)
