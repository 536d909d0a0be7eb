"""`nimmer evaluate npc`: brains and their rivals through the same villages, on seeds no training may use.

Source: docs/evaluation.md.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from nimmer.cli.console import emit_json, screen
from nimmer.cli.drawing import can_draw
from nimmer.cli.options import JsonOption
from nimmer.cli.palette import BRIGHT, DIM
from nimmer.errors import ConfigError

if TYPE_CHECKING:
    from policies.contest import Contest
    from policies.minds import Minds
    from policies.score_text import Setting
    from policies.scorecard import Score

RIVALS = ("random", "explorer", "cleanrl", "plan")
"""What trained brains can be compared with."""
MOST_NPCS = 1000
MOST_TICKS = 100_000


def npc(
    weights: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Trained brains: a file or a directory; those shipped by default."),
    ] = None,
    level: Annotated[int, typer.Option("--level", "-l", metavar="L", help="Level to pass.")] = 1,
    levels_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Levels file; the built-in levels by default.")
    ] = None,
    seeds: Annotated[int, typer.Option(metavar="S", help="How many evaluation seeds, 1 to 1000.")] = 100,
    npcs: Annotated[int, typer.Option(metavar="N", help="NPCs in each village.")] = 25,
    rivals: Annotated[
        str, typer.Option(metavar="NAMES", help="Any of random, explorer, cleanrl and plan; or none.")
    ] = "random,explorer",
    cleanrl: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Weights of the rival cleanrl, which it needs.")
    ] = None,
    bodies: Annotated[
        int,
        typer.Option(metavar="S", help="Of the seeds, how many are lived again in whole bodies; 0 for none."),
    ] = 0,
    most_ticks: Annotated[int, typer.Option(metavar="T", help="Ticks after which a village fails.")] = 2000,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write table and curves there as CSV.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw the curves there; needs nimmer's training extra.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table as Markdown.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Let brains and their rivals live through the evaluation seeds, and say how many ticks each needs to pass.

    [dim]$[/dim] nimmer evaluate npc

    [dim]$[/dim] nimmer evaluate npc --weights training/npc-1 --seeds 200 --bodies 20 --out tables/ --plot curves.png
    """
    _check("npcs", npcs, 1, MOST_NPCS)
    _check("most-ticks", most_ticks, 1, MOST_TICKS)
    _check("bodies", bodies, 0, seeds)
    from nimmer.world.levels import load_levels
    from nimmer.world.rules import Rules
    from nimmer.world.seeds import evaluation_seeds
    from policies.contest import Contest

    chosen = load_levels(levels_file)[level]
    contest = Contest(chosen, Rules(), npcs, evaluation_seeds(seeds), most_ticks)
    names = _names(rivals)
    minds = _minds(names, weights, cleanrl)
    if plot is not None:
        can_draw("--plot")
    with _progress(hidden=as_json) as report:
        for one in minds:
            contest.hold(one, seeds, embodied=False, progress=report(one.name, seeds))
        if "plan" in names:
            _play_plans(contest, report)
        for one in minds if bodies else ():
            contest.hold(one, bodies, embodied=True, progress=report(f"{one.name}, in a body", bodies))
    scores = contest.scores()
    if out is not None:
        contest.write(out)
    if plot is not None:
        contest.draw(plot)
    _show(contest.setting, scores, markdown=markdown, as_json=as_json)


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ConfigError(f"--{name} is {value}; give a whole number from {low} to {high}")


def _names(rivals: str) -> list[str]:
    names = [name.strip() for name in rivals.split(",") if name.strip() and name.strip() != "none"]
    for name in names:
        if name not in RIVALS:
            raise ConfigError(f"--rivals names {name!r}; known are {', '.join(RIVALS)}, and none")
    return list(dict.fromkeys(names))


def _minds(names: list[str], weights: Path | None, cleanrl: Path | None) -> list["Minds"]:
    """Return the contestants, rivals first. Raises ConfigError for a rival without weights, WeightsError for unfit ones."""
    from nimmer.minds.village_weights import shipped_village
    from policies.minds_by_hand import ExplorerMinds, RandomMinds
    from policies.minds_of_nets import NetMinds, load_brains

    found: list[Minds] = []
    if "random" in names:
        found.append(RandomMinds())
    if "explorer" in names:
        found.append(ExplorerMinds())
    for name, path in (("cleanrl", cleanrl), ("trained", weights or shipped_village())):
        if path is not None:
            brains = load_brains(path)
            found += [NetMinds(name, brains), NetMinds(name, brains, greedy=True)]
        elif name in names:
            raise ConfigError(
                "the rival cleanrl has to be trained: `nimmer train npc --trainer cleanrl`, then --cleanrl PATH"
            )
    return found


def _play_plans(contest: "Contest", report: Callable[[str, int], Callable[[int], None]]) -> None:
    """Play back the best plans known, for as many of the seeds as there are plans for."""
    from policies.known_plans import PlannedMinds

    plans = PlannedMinds()
    known = max(plans.known(contest.seeds), 1)
    contest.hold(plans, known, embodied=False, progress=report(plans.name, known))


@contextmanager
def _progress(*, hidden: bool) -> Iterator[Callable[[str, int], Callable[[int], None]]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("villages"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden) as progress:

        def begin(name: str, villages: int) -> Callable[[int], None]:
            task = progress.add_task(name, total=villages)
            return lambda ended: progress.advance(task, ended)

        yield begin


def _show(setting: "Setting", scores: list["Score"], *, markdown: bool, as_json: bool) -> None:
    from policies import score_text

    if as_json:
        emit_json(score_text.document(setting, scores))
    elif markdown:
        typer.echo(score_text.markdown(scores))
    else:
        screen().print(page(setting, scores))


def page(setting: "Setting", scores: list["Score"]) -> RenderableType:
    """Return the page people read."""
    from policies.score_text import HINT, cells, columns

    head = Text.assemble(
        (f"level {setting.level} ", f"bold {BRIGHT}"),
        (
            f"{setting.nodes} houses, {setting.npcs} NPCs, {setting.seeds} seeds, at most {setting.most_ticks} ticks",
            DIM,
        ),
    )
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=DIM, pad_edge=False)
    for number, column in enumerate(columns(scores)):
        table.add_column(column, justify="left" if number < 2 else "right", no_wrap=number > 1)
    for score in scores:
        table.add_row(*cells(score, scores))
    return Group(head, table, Text(HINT, style=DIM))
