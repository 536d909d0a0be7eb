"""What would have changed if the net in shadow had decided: per epoch and summed, who had got how much more or less.

Source: docs/governor.md, "Shadow".
"""

from itertools import groupby
from typing import Any, TypedDict

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nimmer.cli.palette import BRIGHT, DIM, ERROR, OK

Row = dict[str, Any]


class Change(TypedDict):
    """How much more the net would have given, on average; less where negative. moved: mean distance, either way."""

    npc: int
    epochs: int
    tick_hz: float
    cpu_percent: float
    cortex_priority: float
    moved_cpu_percent: float


class EpochChange(TypedDict):
    """One epoch: percent of a core that would have changed hands, and who had gained and lost most."""

    epoch: int
    moved_cpu_percent: float
    moved_tick_hz: float
    most_gained: int
    most_lost: int


class Report(TypedDict):
    """The whole report; moved: mean over epochs and NPCs."""

    run: str
    epochs: list[EpochChange]
    npcs: list[Change]
    moved_cpu_percent: float
    moved_tick_hz: float


def changes(run: str, rows: list[Row]) -> Report:
    """Return what would have changed, from rows ordered by epoch; there is at least one."""
    moved = [_moved(row) for row in rows]
    by_npc = {
        npc: [one for one in moved if one["npc"] == npc] for npc in sorted({one["npc"] for one in moved})
    }
    return Report(
        run=run,
        epochs=[
            _epoch(number, list(ones)) for number, ones in groupby(moved, key=lambda one: int(one["epoch"]))
        ],
        npcs=[
            Change(
                npc=npc,
                epochs=len(ones),
                tick_hz=_mean([one["tick_hz"] for one in ones]),
                cpu_percent=_mean([one["cpu_percent"] for one in ones]),
                cortex_priority=_mean([one["cortex_priority"] for one in ones]),
                moved_cpu_percent=_mean([abs(one["cpu_percent"]) for one in ones]),
            )
            for npc, ones in by_npc.items()
        ],
        moved_cpu_percent=_mean([abs(one["cpu_percent"]) for one in moved]),
        moved_tick_hz=_mean([abs(one["tick_hz"]) for one in moved]),
    )


def report_page(report: Report) -> RenderableType:
    """Return the page people read."""
    epochs = report["epochs"]
    head = Text.assemble(
        (f"{len(epochs)} epochs in shadow, {epochs[0]['epoch']} to {epochs[-1]['epoch']}", f"bold {BRIGHT}"),
        (f"  run {report['run']}\n", DIM),
        (
            f"the net would have moved {report['moved_cpu_percent']:.1f} % of a core and "
            f"{report['moved_tick_hz']:.1f} Hz per NPC and epoch, on average; it was given nothing to decide",
            DIM,
        ),
    )
    people = _table("npc", "epochs", "Hz", "CPU %", "prio", "CPU moved")
    for one in report["npcs"]:
        people.add_row(
            str(one["npc"]), str(one["epochs"]), _signed(one["tick_hz"]), _signed(one["cpu_percent"]),
            _signed(one["cortex_priority"]), f"{one['moved_cpu_percent']:.1f}",
        )  # fmt: skip
    times = _table("epoch", "CPU moved", "Hz moved", "most gained", "most lost")
    for at in epochs[-10:]:
        times.add_row(
            str(at["epoch"]), f"{at['moved_cpu_percent']:.1f}", f"{at['moved_tick_hz']:.1f}",
            f"npc {at['most_gained']}", f"npc {at['most_lost']}",
        )  # fmt: skip
    return Group(head, Text(), people, Text(), Text("the last epochs", DIM), times)


def _moved(row: Row) -> Row:
    wish = row["recommended"]
    return {
        "epoch": row["epoch"],
        "npc": row["npc"],
        "tick_hz": wish["tick_hz"] - row["tick_hz"],
        "cpu_percent": wish["cpu_percent"] - row["cpu_percent"],
        "cortex_priority": wish["cortex_priority"] - row["llm_priority"],
    }


def _epoch(number: int, ones: list[Row]) -> EpochChange:
    ordered = sorted(ones, key=lambda one: (float(one["cpu_percent"]), int(one["npc"])))
    return EpochChange(
        epoch=number,
        moved_cpu_percent=_mean([abs(one["cpu_percent"]) for one in ones]),
        moved_tick_hz=_mean([abs(one["tick_hz"]) for one in ones]),
        most_gained=int(ordered[-1]["npc"]),
        most_lost=int(ordered[0]["npc"]),
    )


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 4)


def _signed(value: float) -> Text:
    return Text(f"{value:+.1f}", DIM if abs(value) < 0.05 else OK if value > 0 else ERROR)


def _table(*titles: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=DIM, pad_edge=False)
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    return table
