"""`nimmer personality`: how differently NPCs act, pair by pair and over time. Source: docs/brains.md, "Personality"."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nimmer.cli.console import emit_json, screen
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.palette import BRIGHT, DIM, OK
from nimmer.cli.picture import bar
from nimmer.config import Settings, load
from nimmer.errors import ConfigError, HostError
from nimmer.minds.personality import Personality
from nimmer.stores.personality_log import PersonalityLog, Row

if TYPE_CHECKING:
    from nimmer.minds.census import Census

FORMATS = (".png", ".svg", ".pdf")


def personality(
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Draw it: distances over time, and pair by pair (.png, .svg, .pdf)."
        ),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show how differently NPCs act: 0 always alike, 1 never alike; by the weights saved last, living or not.

    [dim]$[/dim] nimmer personality

    [dim]$[/dim] nimmer personality --plot personality.png

    [dim]$[/dim] nimmer personality --json | jq .now.mean
    """
    if plot is not None and plot.suffix.lower() not in FORMATS:
        raise ConfigError(f"--plot {plot}: a picture ends in {', '.join(FORMATS)}")
    from nimmer.minds.census import take_census

    settings = load(config=config).settings
    history = PersonalityLog(settings.state_path).read()
    census = take_census(settings.brains_path, _npcs(settings, history))
    if plot is not None:
        from nimmer.cli.personality_plot import draw

        draw(census.matrix, history, plot)
    if as_json:
        emit_json(_document(census, history))
    else:
        screen().print(_page(census, history))
        if plot is not None:
            screen().print(Text(f"drawn: {plot}", DIM))


def _npcs(settings: Settings, history: list[Row]) -> int:
    """Return of how many brains the village is: as many as were measured last. Raises HostError when there is none."""
    from nimmer.minds.nursery import weights_path

    npcs = history[-1].npcs if history else settings.village.npcs
    directory = settings.brains_path
    if not weights_path(directory, 0).exists():
        raise HostError(
            f"no NPC has a net in {directory}: raise a village with `nimmer up` (village.brain = mlp);"
            " explorers all act by the same rules"
        )
    return npcs


def in_words(village: Personality) -> str:
    """Return the distances in one line."""
    alike, apart = village.alike, village.apart
    return (
        f"mean distance {village.mean:.3f}; most alike npc {alike.one} and {alike.other} ({alike.distance:.3f}), "
        f"most apart npc {apart.one} and {apart.other} ({apart.distance:.3f})"
    )


def as_document(row: Row | None) -> dict[str, object] | None:
    """Return a measurement as plain JSON values."""
    if row is None:
        return None
    words = {"unix_s": row.unix_s, "run": row.run, "npcs": row.npcs, "steps": row.steps}
    return {**words, **_of_village(row.village)}


def _of_village(village: Personality) -> dict[str, object]:
    return {
        "mean": round(village.mean, 6),
        "most_alike": {**village.alike._asdict(), "distance": round(village.alike.distance, 6)},
        "most_apart": {**village.apart._asdict(), "distance": round(village.apart.distance, 6)},
    }


def _document(census: "Census", history: list[Row]) -> dict[str, object]:
    return {
        "now": None if census.village is None else _of_village(census.village),
        "steps": census.steps,
        "matrix": [[round(one, 6) for one in row] for row in census.matrix.tolist()],
        "history": [as_document(row) for row in history],
    }


def _page(census: "Census", history: list[Row]) -> RenderableType:
    """Return the page people read."""
    if census.village is None:
        return Text("one NPC alone has nobody to differ from", DIM)
    head = Text(in_words(census.village), f"bold {BRIGHT}")
    if history:
        first, last = history[0], history[-1]
        hours = (last.unix_s - first.unix_s) / 3600
        head.append(
            f"\n{len(history)} measurement{'s' * (len(history) > 1)} over {hours:.1f} h: {first.village.mean:.3f} to {last.village.mean:.3f}",
            DIM,
        )
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=DIM, pad_edge=False)
    for title in ("npc", "steps learned", "mean distance"):
        table.add_column(title, justify="right")
    for title in ("", "most like", "least like"):
        table.add_column(title, no_wrap=True)
    for npc, row in enumerate(census.matrix):
        others = [other for other in range(len(row)) if other != npc]
        mean = float(row[others].mean())
        near, far = min(others, key=row.__getitem__), max(others, key=row.__getitem__)
        table.add_row(
            str(npc), str(census.steps[npc]), f"{mean:.3f}", bar(mean, 12, OK),
            f"{near} ({row[near]:.3f})", f"{far} ({row[far]:.3f})",
        )  # fmt: skip
    return Group(head, Text(), table)
