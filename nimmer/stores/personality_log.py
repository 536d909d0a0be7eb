"""How far a village's brains were apart, minute by minute: one CSV file in the state directory, newest rows kept.

A row is written in one piece; one that a crash has torn is left out when it is read.
Source: docs/brains.md, "Personality".
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nimmer.minds.personality import Pair, Personality

FILE_NAME = "personality.csv"
COLUMNS = (
    "unix_s", "run", "npcs", "steps", "mean", "alike_one", "alike_other", "alike", "apart_one", "apart_other", "apart",
)  # fmt: skip
MOST_BYTES = 4 << 20
"""How large the file may grow: about a month of a row a minute. Then its older half is dropped."""


class Row(NamedTuple):
    """One measurement: when (Unix time, s), of which run, how many NPCs, steps all had learned by, what was found."""

    unix_s: float
    run: str
    npcs: int
    steps: int
    village: Personality

    def text(self) -> str:
        """Return the row's line, without its end."""
        mean, alike, apart = self.village
        numbers = (mean, *alike, *apart)
        shown = [f"{one:.6f}" if isinstance(one, float) else str(one) for one in numbers]
        return ",".join((f"{self.unix_s:.1f}", self.run, str(self.npcs), str(self.steps), *shown))


class PersonalityLog:
    """The file of one state directory."""

    def __init__(self, state_path: Path, most_bytes: int = MOST_BYTES) -> None:
        """Know where it is; it need not be there yet."""
        self.path = state_path / FILE_NAME
        self._most_bytes = most_bytes

    def append(self, row: Row) -> None:
        """Write one row more; a file grown too long is cut to its newer half first. Raises OSError."""
        size = self.path.stat().st_size if self.path.exists() else 0
        if size == 0:
            self._write([])
        elif size > self._most_bytes:
            rows = self.read()
            self._write(rows[len(rows) // 2 :])
        with self.path.open("rb+") as file:
            file.seek(-1, os.SEEK_END)
            torn = file.read(1) != b"\n"
            file.write(("\n" if torn else "").encode() + row.text().encode() + b"\n")

    def read(self) -> list[Row]:
        """Return every whole row, oldest first; none when there is no file."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return []
        return list(_rows(text))

    def _write(self, rows: list[Row]) -> None:
        partial = self.path.with_name(f".{self.path.name}.partial")
        partial.write_text(
            "".join(f"{line}\n" for line in (",".join(COLUMNS), *(row.text() for row in rows)))
        )
        partial.replace(self.path)


def _rows(text: str) -> Iterator[Row]:
    for line in text.splitlines():
        try:
            unix_s, run, npcs, steps, mean, *pairs = line.split(",")
            one, other, alike, third, fourth, apart = pairs
            village = Personality(
                float(mean),
                Pair(int(one), int(other), float(alike)),
                Pair(int(third), int(fourth), float(apart)),
            )
            yield Row(float(unix_s), run, int(npcs), int(steps), village)
        except ValueError:
            continue  # the heading, or a line that is none
