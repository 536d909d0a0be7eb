"""The CSV a curriculum run leaves: how much each NPC knew, tick by tick.

tick,level,npc_0,npc_1,...      coverage is a share, 0..1; after a change of level it begins at 0 again
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from nimmer.errors import ConfigError


class CoverageFile:
    """The file of one run, written row by row, so that an interrupted run leaves what it had."""

    def __init__(self, path: Path, npcs: int) -> None:
        """Begin the file at `path`, in place of an older one. Raises ConfigError when it cannot be written."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise ConfigError(
                f"{path}: cannot be written ({error.strerror or error}); choose another --out"
            ) from error
        self.path = path
        self._last = (-1, 0)
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(["tick", "level", *(f"npc_{npc}" for npc in range(npcs))])

    def write(self, tick: int, level: int, coverage: Sequence[float]) -> None:
        """Add one row: the share of the houses each NPC knows after `tick` on `level`; a row once written stays."""
        if (tick, level) != self._last:
            self._writer.writerow([tick, level, *(f"{share:.4g}" for share in coverage)])
        self._last = (tick, level)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
