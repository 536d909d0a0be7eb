"""`nimmer curriculum levels`: checks a levels file and lists what is in it."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from nimmer.cli.console import emit_json, screen
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.palette import DIM
from nimmer.config import load

LevelsOption = Annotated[
    Path | None,
    typer.Option("--levels-file", metavar="FILE", help="Levels file; default: village.levels_file."),
]


def levels(
    levels_file: LevelsOption = None, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Check a levels file, with the graphs it names, and list its levels. A broken one is refused, saying what to mend.

    [dim]$[/dim] nimmer curriculum levels

    [dim]$[/dim] nimmer curriculum levels --levels-file docs/examples/streets.toml --json
    """
    from nimmer.world.levels import load_levels

    settings = load({"village.levels_file": levels_file}, config).settings
    found = [_row(level) for level in load_levels(settings.village.levels_file)]
    if as_json:
        emit_json(found)
    else:
        screen().print(_table(found))


def _row(level: Any) -> dict[str, Any]:  # noqa: ANN401  a Level, whose module costs half a second to import
    counts = [int(mask).bit_count() for mask in level.traits.tolist()]
    degrees = (level.graph.neighbours >= 0).sum(axis=1)
    return {
        "level": level.number,
        "name": level.name,
        "houses": level.nodes,
        "slots": level.graph.slots,
        "neighbours": [int(degrees.min()), int(degrees.max())],
        "edge_cm": level.graph.edge_cm,
        "words": len(level.vocabulary),
        "traits_per_house": [min(counts), max(counts)],
        "wells": int(level.wells.sum()),
        "vocabulary": list(level.vocabulary),
        "digest": level.digest(),
    }


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=DIM, pad_edge=False)
    for title in ("level", "name", "houses", "neighbours", "edge cm", "words", "traits", "wells"):
        table.add_column(title, justify="left" if title == "name" else "right", no_wrap=True)
    for row in rows:
        table.add_row(
            str(row["level"]),
            row["name"],
            str(row["houses"]),
            _span(row["neighbours"]),
            f"{row['edge_cm']:g}",
            str(row["words"]),
            _span(row["traits_per_house"]),
            str(row["wells"]),
        )
    return table


def _span(low_high: list[int]) -> str:
    low, high = low_high
    return str(low) if low == high else f"{low}-{high}"
