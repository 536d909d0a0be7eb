"""`nimmer eye`: let the eye look at a house of the village, and say how well it sees.

Source: docs/eye.md.
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
from nimmer.cli.options import JsonOption
from nimmer.cli.palette import BRIGHT, DIM, ERROR, OK, WARNING
from nimmer.errors import ConfigError, HostError
from nimmer.eye.judging import HELD_OUT_SEED, Recovery, house_frame, judge_precision, judge_recovery
from nimmer.eye.labels import TRAITS
from nimmer.eye.precision import Precision
from nimmer.eye.scene import scene_at
from nimmer.eye.seen import Seen
from nimmer.eye.traits import SURE, traits_seen
from nimmer.world.levels import load_levels

if TYPE_CHECKING:
    from nimmer.engines.detector import OnnxDetector

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich", help="Look at a house; say how well the eye sees."
)
MOST_FRAMES = 10_000
WeightsOption = Annotated[
    Path | None,
    typer.Option("--weights", metavar="FILE", help="ONNX detector; the one that ships by default."),
]
LevelsOption = Annotated[
    Path | None,
    typer.Option("--levels-file", metavar="FILE", help="Levels file; the built-in levels by default."),
]


@app.command()
def look(
    node: Annotated[int, typer.Option("--node", "-n", metavar="N", help="Node whose house is looked at.")],
    level: Annotated[int, typer.Option("--level", "-l", metavar="L", help="Level the node is on.")] = 1,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of style, weather and where the camera stands.")
    ] = HELD_OUT_SEED,
    occupants: Annotated[int, typer.Option("--occupants", min=0, help="NPCs that stand there.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PNG", help="Write the frame there, with what was seen in it."),
    ] = None,
    weights: WeightsOption = None,
    levels_file: LevelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Render the house on a node, let the eye look at it, and show what it saw beside the truth.

    The style is one of those the eye was not trained on.

    [dim]$[/dim] nimmer eye look --node 7 --level 2 --out house.png
    """
    chosen = load_levels(levels_file)[level]
    frame = house_frame(scene_at(chosen, node, occupants), node, seed)
    eye = _eye(weights)
    seen = tuple(one for one in eye.detect(frame.pixels) if one.confidence >= SURE)
    truth, known = chosen.house(node), traits_seen(seen, chosen.vocabulary)
    if out is not None:
        from nimmer.engines.pictures import drawn, write_png

        write_png(out, drawn(frame.pixels, seen))
    if as_json:
        emit_json(
            {
                "level": level, "node": node, "seed": seed, "truth": truth, "traits": known,
                "right": set(truth) == set(known), "model": eye.model,
                "seen": [
                    {"label": one.label, "confidence": round(one.confidence, 4), "box": [round(x, 4) for x in one.box]}
                    for one in seen
                ],
            }
        )  # fmt: skip
    else:
        screen().print(look_page(level, node, truth, known, seen))


@app.command()
def evaluate(
    frames: Annotated[int, typer.Option("--frames", metavar="N", help="Held-out frames for the mAP.")] = 500,
    looks: Annotated[int, typer.Option("--looks", metavar="N", help="Looks at houses of each level.")] = 500,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the held-out set.")] = HELD_OUT_SEED,
    weights: WeightsOption = None,
    levels_file: LevelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how well the eye sees on frames of seeds and styles it was not trained on.

    [dim]$[/dim] nimmer eye evaluate

    [dim]$[/dim] nimmer eye evaluate --frames 2000 --json
    """
    for name, value in (("frames", frames), ("looks", looks)):
        if not 1 <= value <= MOST_FRAMES:
            raise ConfigError(f"--{name} is {value}; give a whole number from 1 to {MOST_FRAMES}")
    eye, levels = _eye(weights), list(load_levels(levels_file))
    with _progress(hidden=as_json) as begin:
        found = judge_precision(eye, frames, seed, begin("things in frames", frames))
        read = [
            judge_recovery(eye, one, looks, seed, begin(f"houses of level {one.number}", looks))
            for one in levels
        ]
    if as_json:
        emit_json(report(eye, frames, seed, found, read))
    else:
        screen().print(evaluate_page(eye, frames, found, read))


def report(
    eye: "OnnxDetector", frames: int, seed: int, found: Precision, read: list[Recovery]
) -> dict[str, object]:
    """Return the evaluation as plain values."""
    return {
        "model": eye.model,
        "card": eye.card,
        "frames": frames,
        "seed": seed,
        "map50": round(found.map50, 4),
        "map50_95": round(found.map50_95, 4),
        "labels": {
            label: {
                "ap50": round(found.ap50[label], 4),
                "ap50_95": round(found.ap50_95[label], 4),
                "things": found.things[label],
            }
            for label in found.ap50
        },
        "levels": [
            {
                "level": one.level, "looks": one.looks, "exact": one.exact, "share": round(one.share, 4),
                "traits": one.traits, "missed": one.missed, "made_up": one.made_up,
            }
            for one in read
        ],
    }  # fmt: skip


def look_page(
    level: int, node: int, truth: tuple[str, ...], known: tuple[str, ...], seen: tuple[Seen, ...]
) -> RenderableType:
    """Return the page people read after a look."""
    right = set(truth) == set(known)
    head = Text.assemble(
        (f"level {level}, node {node}: ", f"bold {BRIGHT}"),
        ("read right" if right else "read wrong", f"bold {OK if right else WARNING}"),
    )
    traits = _table("trait", "truth", "eye")
    for word in dict.fromkeys((*truth, *known)):
        there, believed = word in truth, word in known
        remark = "" if there or not believed else "made up"
        if there and not believed:
            remark = "missed" if word in TRAITS else "cannot be seen"
        traits.add_row(word, "yes" if there else "", Text(remark or "yes", style=ERROR if remark else OK))
    things = _table("thing", "sure", "left", "top", "right", "bottom")
    for one in seen:
        things.add_row(one.label, f"{one.confidence:.2f}", *(f"{part:.2f}" for part in one.box))
    return Group(head, traits, Text(), things)


def evaluate_page(eye: "OnnxDetector", frames: int, found: Precision, read: list[Recovery]) -> RenderableType:
    """Return the page people read after an evaluation."""
    head = Text.assemble(
        (f"{eye.model} ", f"bold {BRIGHT}"),
        (f"mAP50 {found.map50:.3f}  mAP50-95 {found.map50_95:.3f}", f"bold {OK}"),
        (f"  on {frames} frames of seeds and styles kept from training", DIM),
    )
    things = _table("thing", "how many", "AP50", "AP50-95")
    for label in found.ap50:
        things.add_row(
            label, str(found.things[label]), f"{found.ap50[label]:.3f}", f"{found.ap50_95[label]:.3f}"
        )
    levels = _table("level", "looks", "read right", "traits", "missed", "made up", "most often wrong")
    for one in read:
        wrong = sorted((one.missed | one.made_up).items(), key=lambda item: -item[1])[:4]
        levels.add_row(
            str(one.level), str(one.looks), f"{one.share:.1%}", str(one.traits),
            str(sum(one.missed.values())), str(sum(one.made_up.values())), ", ".join(word for word, _ in wrong),
        )  # fmt: skip
    return Group(head, things, Text(), levels)


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=DIM, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if not number or column in ("truth", "eye") else "right")
    return table


def _eye(weights: Path | None) -> "OnnxDetector":
    try:
        from nimmer.engines.detector import OnnxDetector
    except ModuleNotFoundError as error:
        raise HostError(
            f"the eye needs {error.name}, which is not installed; run scripts/setup organs"
        ) from error
    return OnnxDetector(weights)


@contextmanager
def _progress(*, hidden: bool) -> Iterator[Callable[[str, int], Callable[[], None]]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden) as progress:

        def begin(name: str, count: int) -> Callable[[], None]:
            task = progress.add_task(name, total=count)
            return lambda: progress.advance(task)

        yield begin
