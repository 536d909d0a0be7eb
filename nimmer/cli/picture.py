"""The picture of a village in a terminal, as a pure function of what was heard and the room there is.

A frame in the environment's colour holds the map (shade: how many NPCs know the place), the NPCs with their
gates as -1/0/+1, waves by domain and the last transitions. Source: docs/domain.md section 12, visual language.
"""

from math import ceil, isqrt

from rich.console import RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from nimmer.bus.message import WorldAggregate
from nimmer.cli.palette import (
    BACKGROUND,
    BRIGHT,
    DIM,
    ENVIRONMENTS,
    GATE_GLYPHS,
    INACTIVE,
    LIFEFORCE,
    OK,
    RAISED,
    TEXT,
    WARNING,
    WELL,
    shade,
)
from nimmer.cli.view import SILENCE_S, Seen, View

NARROWEST, LOWEST = 80, 16
"""The smallest room a picture is drawn for."""
_RIGHT = 54
"""Columns of the NPC table."""
_LEAST = 3
"""Columns of the smallest place on the map."""
_STATES = {"closed": -1, "stable": 0, "open": 1}


def picture(view: View, width: int, height: int, now_s: float) -> RenderableType:
    """Return the picture of `view` for `width` x `height` characters at monotonic `now_s`."""
    if width < NARROWEST or height < LOWEST:
        return Text(f"the terminal is {width} x {height}; nimmer watch needs at least {NARROWEST} x {LOWEST}")
    inner = height - 2
    left_width = width - 4 - _RIGHT - 2
    places = _map(view.world, left_width, inner - 8)
    body = Layout()
    left, right = Layout(size=left_width + 2), Layout(_npcs(view, inner - 2, now_s))
    left.split_column(
        Layout(places, size=places.plain.count("\n") + 2),
        Layout(_waves(view, now_s), size=min(max(len(view.waves), 1) + 2, 8)),
        Layout(_transitions(view, inner, left_width, now_s)),
    )
    body.split_row(left, right)
    whole = Layout()
    whole.split_column(Layout(_header(view, now_s), size=2), body)
    title = Text(f" nimmer · {view.environment} · run {view.run} ", style=f"bold {BRIGHT}")
    colour = ENVIRONMENTS.get(view.environment, INACTIVE)
    style = f"{TEXT} on {BACKGROUND}"
    return Panel(whole, title=title, border_style=colour, style=style, width=width, height=height)


def bar(share: float, width: int, colour: str) -> Text:
    """Return a bar of `width` characters filled to `share` 0..1, in eighths of a character."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    full, part = divmod(eighths, 8)
    filled = "█" * full + (" ▏▎▍▌▋▊▉"[part] if part else "")
    return Text(filled.ljust(width), style=f"{colour} on {RAISED}")


def _header(view: View, now_s: float) -> Text:
    world = view.world
    if world is None:
        return Text("listening: nothing heard of the world yet", style=WARNING)
    alive = sum(now_s - seen.heard_s < SILENCE_S for seen in view.npcs.values())
    waves_per_s = sum(rate.now(now_s) for rate in view.waves.values())
    line = Text.assemble(("level ", DIM), (str(world.level), f"bold {BRIGHT}"), ("  coverage ", DIM))
    line.append_text(bar(world.coverage, 14, OK))
    line.append(f" {world.coverage:.0%}")
    line.append("  energy ", DIM)
    line.append_text(bar(world.energy, 8, LIFEFORCE))
    line.append("  tick ", DIM)
    line.append(f"{world.tick}")
    line.append("  NPCs ", DIM)
    line.append(f"{alive}/{max(len(view.npcs), sum(world.occupants))}")
    line.append("  waves ", DIM)
    line.append(f"{waves_per_s:.0f}/s")
    if view.refused:
        line.append(f"  refused {view.refused}", WARNING)
    return line


def _blend(share: float) -> str:
    """Return the colour between the raised background and knowledge, for `share` 0..1 of the NPCs."""
    low, high = (tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5)) for colour in (RAISED, OK))
    mixed = (round(a + (b - a) * min(max(share, 0.0), 1.0) * 0.8) for a, b in zip(low, high, strict=True))
    return "#" + "".join(f"{part:02X}" for part in mixed)


def _map(world: WorldAggregate | None, width: int, height: int) -> Text:
    """Return the map in at most `width` x `height` characters; an irregular graph is shown as a list of nodes."""
    if world is None or not world.occupants:
        return Text("no map yet", style=DIM)
    nodes = len(world.occupants)
    columns = world.columns or isqrt(nodes - 1) + 1
    rows = world.rows or ceil(nodes / columns)
    block = max(ceil(columns * _LEAST / width), ceil(rows / max(height, 1)))
    cell = min(width // ceil(columns / block), 8)
    tall = cell >= 8 and rows * 2 <= height
    lines: list[Text] = []
    for top in range(0, rows, block):
        upper, lower = Text(), Text()
        for start in range(0, columns, block):
            inside = [
                row * columns + column
                for row in range(top, min(top + block, rows))
                for column in range(start, min(start + block, columns))
                if row * columns + column < nodes
            ]
            _draw(world, inside, cell, upper, lower if tall else None)
        lines += [upper, lower] if tall else [upper]
    return Text("\n").join(lines)


def _draw(world: WorldAggregate, nodes: list[int], cell: int, upper: Text, lower: Text | None) -> None:
    """Draw the block of `nodes`, `cell` characters wide, on one line or on two."""
    if not nodes:
        upper.append(" " * cell)
        return
    here = sum(world.occupants[node] for node in nodes)
    known = sum(world.known_share[node] for node in nodes) / len(nodes) if world.known_share else 0.0
    well = any(node in world.wells for node in nodes)
    ground = _blend(known)
    mark = "≈" if well else " "
    if lower is None:
        people = str(here) if here else "" if well else "·"
        text = (people + ("≈" if well else "")).center(cell)[:cell]
        upper.append(text, f"{BRIGHT if here else WELL if well else INACTIVE} on {ground}")
        return
    upper.append(f" {nodes[0]:<3}", f"{DIM} on {ground}")
    upper.append(f"{mark}".ljust(cell - 4), f"bold {WELL} on {ground}")
    people = "●" * here if here <= 4 else f"●×{here}"  # noqa: RUF001  # a times sign
    lower.append(f" {people}".ljust(cell - 4)[: cell - 4], f"{BRIGHT} on {ground}")
    lower.append(f"{known:>4.0%}"[-4:], f"{DIM} on {ground}")


def _gates(gates: list[int]) -> Text:
    line = Text()
    for state in gates:
        line.append(*GATE_GLYPHS[state])
    return line


def _npc_row(seen: Seen, now_s: float) -> tuple[Text, ...]:
    state = seen.state
    silent = now_s - seen.heard_s >= SILENCE_S
    style = INACTIVE if silent else TEXT
    rate = "silent" if silent else f"{seen.ticks.now(now_s):.1f}"
    return (
        Text(str(state.npc_id), style),
        Text(rate, style),
        Text(str(state.node), style),
        bar(state.needs.get("energy", 0.0), 6, INACTIVE if silent else LIFEFORCE),
        Text(f"{state.lf:.0f}", style),
        _gates(state.gates),
        Text(f"{state.coverage:.0%}", shade(state.coverage)),
        Text(state.last_action[:11], style),
    )


def _npcs(view: View, room: int, now_s: float) -> RenderableType:
    if not view.npcs:
        return Text("no NPC heard yet", style=DIM)
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=DIM, pad_edge=False)
    for title in ("npc", "Hz", "node", "energy", "LF"):
        table.add_column(title, justify="left" if title == "energy" else "right", no_wrap=True)
    for title in ("gates", "knows", "action"):
        table.add_column(title, justify="right" if title == "knows" else "left", no_wrap=True)
    shown = sorted(view.npcs)
    more = len(shown) - (room - 1)
    if more > 0:
        shown = shown[: room - 2]
    for npc in shown:
        table.add_row(*_npc_row(view.npcs[npc], now_s))
    if more > 0:
        table.add_row("", "", "", "", "", "", "", Text(f"+{len(view.npcs) - len(shown)} more", DIM))
    return table


def _waves(view: View, now_s: float) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=DIM, pad_edge=False)
    table.add_column("waves of", no_wrap=True)
    table.add_column("per s", justify="right")
    table.add_column("heard", justify="right")
    busiest = sorted(view.waves.items(), key=lambda item: (-item[1].total, item[0]))
    for domain, rate in busiest[:6]:
        table.add_row(domain, f"{rate.now(now_s):.0f}", str(rate.total))
    return table


def _transitions(view: View, room: int, width: int, now_s: float) -> Text:
    lines = [Text(f"gate transitions ({view.moves.now(now_s):.0f}/s)", DIM)]
    for moved in list(reversed(view.transitions))[:room]:
        line = Text(f"{moved.at} ", INACTIVE)
        line.append(*GATE_GLYPHS[_STATES[moved.from_state]])
        line.append("→", DIM)
        line.append(*GATE_GLYPHS[_STATES[moved.to_state]])
        line.append(" " + moved.gate.removesuffix("_gate"), TEXT)
        line.truncate(width, overflow="ellipsis")
        lines.append(line)
    return Text("\n").join(lines)
