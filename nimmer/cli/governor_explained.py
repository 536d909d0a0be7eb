"""One epoch of the governor in words: who got what, what was behind it, what the envelope changed, what came of it.

Source: docs/governor.md, "Why who got what".
"""

from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nimmer.cli.palette import ACTIVE, BRIGHT, DIM, ERROR, OK, WARNING
from nimmer.life.governor_observation import NPC_FEATURE_NAMES, WORLD_FEATURE_NAMES

Row = dict[str, Any]
HZ, CPU, PRIORITY = range(3)
_MOST_REASONS = 3
_POLICIES = {"net": ACTIVE, "rule": OK, "fallback": WARNING}


def as_plain(rows: list[Row], npc: int | None) -> dict[str, object]:
    """Return an epoch as JSON values; of `npc` alone where given."""
    first = rows[0]
    shown = [row for row in rows if npc in (None, row["npc"])]
    common = ("run", "epoch", "mode", "policy", "weights", "world")
    at: datetime = first["at"]
    return {
        **{name: first[name] for name in common},
        "at": at.isoformat(timespec="milliseconds"),
        "score": score(rows),
        "npcs": [
            {name: value for name, value in row.items() if name not in (*common, "at")} for row in shown
        ],
    }


def score(rows: list[Row]) -> float | None:
    """Return the mean points of an epoch, None while it lasts."""
    points = [row["reward"] for row in rows if row["reward"] is not None]
    return round(sum(points) / len(points), 4) if points else None


def epoch_page(rows: list[Row]) -> RenderableType:
    """Return the page people read of a whole epoch."""
    shadow = any(row["recommended"] for row in rows)
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=DIM, pad_edge=False)
    for title in ("npc", "Hz", "CPU %", "prio"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("gates", no_wrap=True)
    table.add_column("CPU: why more or less", no_wrap=False)
    table.add_column("envelope", no_wrap=False)
    if shadow:
        table.add_column("net in shadow", no_wrap=True)
    table.add_column("came of it", no_wrap=True)
    for row in rows:
        cells: list[str | Text] = [
            str(row["npc"]),
            f"{row['tick_hz']:.1f}",
            f"{row['cpu_percent']:.1f}",
            f"{row['llm_priority']}{'' if row['cortex_permission'] else '-'}",
            _forced(row),
            _why(row["reasons"] or {}, CPU),
            _corrected(row["corrections"] or []),
        ]
        if shadow:
            cells.append(_recommended(row["recommended"]))
        table.add_row(*cells, _came(row))
    return Group(_head(rows), Text(), table, Text(), _legend(rows))


def npc_page(rows: list[Row], npc: int) -> RenderableType:
    """Return the page people read of one NPC: every feature beside the village's mean, and what it was worth."""
    row = next(one for one in rows if one["npc"] == npc)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style=DIM, no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("given", _share(row, row["llm_priority"]))
    if row["proposed"]:
        facts.add_row("proposed", _share(row["proposed"], row["proposed"]["cortex_priority"]))
    if row["recommended"]:
        facts.add_row("net in shadow", _share(row["recommended"], row["recommended"]["cortex_priority"]))
    facts.add_row("envelope", _corrected(row["corrections"] or []))
    facts.add_row("gates", _forced(row) or "all decide themselves")
    facts.add_row("came of it", _came(row))
    parts: list[RenderableType] = [_head(rows), Text(), Text(f"npc {npc}", f"bold {BRIGHT}"), facts, Text()]
    if row["recommended"]:
        parts.append(Text("worth as the net in shadow judges", DIM))
    parts.append(_features(rows, row))
    return Group(*parts)


def _features(rows: list[Row], row: Row) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=DIM, pad_edge=False)
    table.add_column("seen", no_wrap=True)
    for title in ("value", "village", "Hz", "CPU %", "prio"):
        table.add_column(title, justify="right", no_wrap=True)
    reasons = (row["recommended"] or row)["reasons"] or {}
    for name, value in _in_order(row["inputs"], NPC_FEATURE_NAMES):
        mean = sum((one["inputs"] or {}).get(name, 0.0) for one in rows) / len(rows)
        worth = reasons.get(name, [0.0, 0.0, 0.0])
        table.add_row(
            name,
            f"{value:.3f}",
            Text(f"{mean:.3f}", DIM),
            _moved(worth[HZ], 2),
            _moved(worth[CPU], 2),
            _moved(worth[PRIORITY], 0),
        )
    return table


def _in_order(found: dict[str, float] | None, names: tuple[str, ...]) -> list[tuple[str, float]]:
    """Return features in the order they are documented; ones of another release come last."""
    known = {name: place for place, name in enumerate(names)}
    return sorted((found or {}).items(), key=lambda item: (known.get(item[0], len(known)), item[0]))


def _head(rows: list[Row]) -> Text:
    first = rows[0]
    policy = first["policy"] or first["mode"]
    line = Text.assemble(
        (f"epoch {first['epoch']}  ", f"bold {BRIGHT}"), (policy, f"bold {_POLICIES.get(policy, DIM)}")
    )
    if first["weights"]:
        line.append(f" {first['weights']}", DIM)
    line.append(f"  mode {first['mode']}, {len(rows)} NPCs, run {first['run']}, {first['at']:%H:%M:%S}", DIM)
    points = score(rows)
    line.append(
        "  not over yet" if points is None else f"  score {points:+.3f}", DIM if points is None else BRIGHT
    )
    return line


def _legend(rows: list[Row]) -> Text:
    world = ", ".join(
        f"{name} {value:.2f}" for name, value in _in_order(rows[0]["world"], WORLD_FEATURE_NAMES)
    )
    return Text.assemble(
        ("the village: ", DIM), (world or "not written down", DIM),
        ("\na reason: how far the share stands from where it were if nobody differed in that; 10- in prio: not permitted", DIM),
    )  # fmt: skip


def _why(reasons: dict[str, list[float]], output: int) -> Text:
    """Return the weightiest reasons for one output."""
    ordered = sorted(reasons.items(), key=lambda item: -abs(item[1][output]))
    told = [(name, worth[output]) for name, worth in ordered[:_MOST_REASONS] if worth[output]]
    text = Text("  ".join(f"{name} {worth:+.1f}" for name, worth in told))
    return text if told else Text("alike", DIM)


def _moved(worth: float, digits: int) -> Text:
    if not worth:
        return Text("", DIM)
    return Text(f"{worth:+.{digits}f}", OK if worth > 0 else ERROR)


def _corrected(corrections: list[Row]) -> Text:
    told = [
        f"{one['what']} {_number(one['proposed'])} → {_number(one['given'])}: {one['why']}"
        for one in corrections
    ]
    return Text("; ".join(told), WARNING) if told else Text("unchanged", DIM)


def _number(value: float | None) -> str:
    return "not a number" if value is None else f"{value:.1f}"


def _forced(row: Row) -> str:
    words = {"force_open": "+", "force_close": "-"}
    return " ".join(
        f"{words[mode]}{name.removesuffix('_gate')}" for name, mode in row["gates"].items() if mode in words
    )


def _recommended(share: Row | None) -> Text:
    if not share:
        return Text("nothing", WARNING)
    return Text(f"{share['tick_hz']:.1f} Hz  {share['cpu_percent']:.1f} %", ACTIVE)


def _share(share: Row, priority: int) -> str:
    allowed = "may ask the cortex" if share["cortex_permission"] else "may not ask the cortex"
    return (
        f"{share['tick_hz']:.2f} Hz, {share['cpu_percent']:.2f} % of a core, nice {share['nice']}, "
        f"priority {priority}, {allowed}"
    )


def _came(row: Row) -> Text:
    came = row["outcome"]
    if not came:
        return Text("not over yet", DIM)
    text = Text(f"{row['reward']:+.2f} ", OK if row["reward"] > 0 else DIM)
    text.append(f"+{came['coverage_gained']:.1%} known, {came['triggers_met']} met", DIM)
    if came["triggers_missed"]:
        text.append(f", {came['triggers_missed']} missed", WARNING)
    text.append(f", {came['lifeforce_gained']:+.1f} LF, {came['cpu_s']:.1f} s CPU", DIM)
    return text
