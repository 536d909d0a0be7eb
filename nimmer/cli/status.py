"""`nimmer status`: how the running village fares, asked over the bus. Source: docs/domain.md section 12, dashboards."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nimmer.bus.identities import GUEST
from nimmer.bus.message import GovernorStatus, NpcStatus, Status, StatusRequest
from nimmer.cli.console import emit_json, screen
from nimmer.cli.durations import spoken
from nimmer.cli.faculties_said import cortex_line, organs_line
from nimmer.cli.laggards import lag_lines
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.palette import ACTIVE, BRIGHT, DIM, ENVIRONMENTS, ERROR, GATE_GLYPHS, INACTIVE, OK, WARNING
from nimmer.cli.personality import as_document, in_words
from nimmer.cli.picture import bar
from nimmer.cli.village import find_village
from nimmer.config import load
from nimmer.stores.personality_log import PersonalityLog, Row

_ROOMY, _WIDE = 100, 125
"""Columns a terminal needs for most of the NPC table, and for all of it."""


class _Column(NamedTuple):
    """One column of the NPC table; roomy: columns a terminal needs for it to be shown."""

    title: str
    text: Callable[[NpcStatus], str]
    roomy: int = 0


_COLUMNS = (
    _Column("npc", lambda npc: str(npc.id)),
    _Column("pid", lambda npc: str(npc.pid), roomy=_ROOMY),
    _Column("Hz", lambda npc: f"{npc.tick_hz:g}"),
    _Column("ticks", lambda npc: f"{npc.ticks}/{npc.ticks_due}"),
    _Column("late ms", lambda npc: f"{npc.lateness_p99_ms:.1f}"),
    _Column("CPU %", lambda npc: f"{npc.cpu_percent:.1f}"),
    _Column("MB", lambda npc: f"{npc.memory_mb:.0f}"),
    _Column("node", lambda npc: str(npc.node), roomy=_ROOMY),
    _Column("energy", lambda npc: f"{npc.energy:.0%}"),
    _Column("LF", lambda npc: f"{npc.lifeforce:.0f}", roomy=_ROOMY),
    _Column("knows", lambda npc: f"{npc.coverage:.0%}"),
    _Column("births", lambda npc: str(npc.generation), roomy=_ROOMY),
    _Column("attention", lambda npc: npc.attention, roomy=_WIDE),
    _Column("vigour", lambda npc: npc.vigour, roomy=_WIDE),
)


def status(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show how the running village fares: level, NPCs, limits, governor, bus, stores and incidents.

    [dim]$[/dim] nimmer status

    [dim]$[/dim] nimmer status --json | jq '.npcs[7].tick_hz'
    """
    village = find_village(load(config=config).settings)
    answer = asyncio.run(village.ask(GUEST, "thalamus.status.request", StatusRequest(), Status))
    measured = [row for row in PersonalityLog(village.state_path).read() if row.run == answer.run]
    personality = measured[-1] if measured else None
    if as_json:
        more = {"dashboard_url": village.estate.dashboard_url, "personality": as_document(personality)}
        emit_json({**msgspec.to_builtins(answer), **more})
    else:
        console = screen()
        console.print(status_page(answer, village.estate.dashboard_url, console.width, personality))


def status_page(
    status: Status, dashboard_url: str | None, width: int, personality: Row | None = None
) -> RenderableType:
    """Return the page people read in a terminal of `width` columns."""
    parts: list[RenderableType] = [
        _head(status),
        *_lagging(status),
        Text(),
        _facts(status, dashboard_url, personality),
        Text(),
        _npcs(status.npcs, width),
        Text(),
        _nerves(status),
    ]
    if status.incidents:
        parts += [Text(), Text("incidents", DIM), *(Text(f"  {line}", WARNING) for line in status.incidents)]
    return Group(*parts)


def _head(status: Status) -> Text:
    colour = ENVIRONMENTS.get(status.environment, INACTIVE)
    line = Text.assemble((f"■ {status.environment}", f"bold {colour}"), (f"  run {status.run}", DIM))
    line.append(f"  seed {status.seed}  up {spoken(status.uptime_s)}\n", DIM)
    line.append(f"level {status.level}  ", f"bold {BRIGHT}")
    line.append_text(bar(status.coverage, 20, OK))
    line.append(f" {status.coverage:.1%} known")
    return line


def _lagging(status: Status) -> list[Text]:
    """Return who holds the village back; nothing while the garden does not answer."""
    found = status.curriculum
    return [] if found is None else lag_lines(found.lag, len(status.npcs), found.tick)


def _facts(status: Status, dashboard_url: str | None, personality: Row | None) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style=DIM, no_wrap=True)
    table.add_column(overflow="fold")
    bus, stores, governor = status.bus, status.stores, status.governor
    behind = max(status.world_ticks_due - status.world_tick, 0)
    lost = (bus.dropped, bus.ack_failures, bus.permission_violations, bus.handler_errors)
    table.add_row("world", f"tick {status.world_tick}, {behind} behind the clock; digest {status.digest}")
    table.add_row("limits", f"{status.limits.backend}: {'; '.join(status.limits.why) or 'as configured'}")
    table.add_row("governor", governor_line(governor))
    table.add_row(
        "bus",
        Text.assemble(
            ("connected" if bus.connected else "AWAY", OK if bus.connected else ERROR),
            f", {bus.published} published, {bus.acked} acknowledged, {bus.reconnects} reconnects, ",
            (
                "{} dropped, {} unacknowledged, {} forbidden, {} failed".format(*lost),
                WARNING if any(lost) else "",
            ),
        ),
    )
    table.add_row(
        "trails",
        Text.assemble(
            (stores.state, OK if stores.state == "connected" else WARNING),
            f", {stores.trail_rows} rows stored, {stores.spooled_rows} spooled, ",
            (f"{stores.trail_rows_lost} lost", ERROR if stores.trail_rows_lost else ""),
        ),
    )
    table.add_row("waves", f"{status.waves}, gate transitions {status.transitions}")
    table.add_row("servers", ", ".join(f"{name} {state}" for name, state in status.servers.items()) or "-")
    if status.cortex is not None:
        table.add_row("cortex", cortex_line(status.cortex))
    if status.organs is not None:
        table.add_row("organs", organs_line(status.organs))
    if status.shared_gates:
        shared = Text()
        for name, state in status.shared_gates.items():
            shared.append(*GATE_GLYPHS[state])
            shared.append(f" {name.removesuffix('_gate')}  ")
        table.add_row("shared gates", shared)
    if personality is not None:
        table.add_row("personality", in_words(personality.village))
    for tier in status.tiers:
        budget = f"within {tier.budget_ms:g} ms" if tier.budget_ms else "no budget"
        late = (f", {tier.late} late", WARNING) if tier.late else ""
        said = f"{tier.events} reactions, mean {tier.mean_ms:.1f} ms, p99 {tier.p99_ms:.1f}, worst {tier.worst_ms:.1f}; {budget}"
        table.add_row(f"tier {tier.tier}", Text.assemble(said, late))
    table.add_row("restarts", Text(str(status.restarts), WARNING if status.restarts else ""))
    table.add_row("dashboard", dashboard_url or "-")
    return table


def governor_line(governor: GovernorStatus) -> Text:
    """Return who decides, and how often envelope and rule had to step in."""
    line = Text(governor.mode)
    if governor.policy and governor.policy != governor.mode:
        line.append(f", {governor.policy} decides", WARNING if governor.policy == "fallback" else "")
    line.append(f", epoch {governor.epoch}, {governor.clamped} proposals clamped")
    if governor.score is not None:
        line.append(f", score {governor.score:+.2f}")
    if governor.weights and governor.mode in ("net", "shadow"):
        line.append(f", net {governor.weights}", DIM)
    if governor.learns:
        line.append(f", {governor.steps} steps learned")
    if governor.fallbacks:
        stays = "" if governor.trusted else "; it is not asked again until `nimmer governor mode`"
        line.append(f", the net failed {governor.fallbacks} times: {governor.fault}{stays}", WARNING)
    return line


def _nerves(status: Status) -> Table:
    """Return what the nerves did over all NPCs."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=DIM, pad_edge=False)
    table.add_column("nerve", no_wrap=True)
    for title in (
        "deliberate",
        "hybrid",
        "reflex",
        "runs",
        "success",
        "failed",
        "cost LF",
        "first act ms",
        "w",
    ):
        table.add_column(title, justify="right", no_wrap=True)
    for nerve in status.nerves:
        modes = (str(nerve.modes.get(mode, 0)) for mode in ("deliberate", "hybrid", "reflex"))
        numbers = (str(nerve.runs), str(nerve.succeeded), str(nerve.failed), f"{nerve.cost:.3f}")
        table.add_row(nerve.name, *modes, *numbers, f"{nerve.latency_ms:.0f}", f"{nerve.weight:.2f}")
    return table


def _npcs(npcs: list[NpcStatus], width: int) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=DIM, pad_edge=False)
    shown = [column for column in _COLUMNS if width >= column.roomy]
    for column in shown:
        table.add_column(column.title, justify="right", no_wrap=True)
    table.add_column("gates", no_wrap=True)
    table.add_column("moved by", no_wrap=True)
    for npc in npcs:
        gates = Text()
        for state in npc.gates.values():
            gates.append(*GATE_GLYPHS[state])
        moved_by = Text(npc.nerve, ACTIVE) if npc.nerve else Text("brain", DIM)
        table.add_row(
            *(column.text(npc) for column in shown),
            gates,
            moved_by if npc.alive else Text("dead", ERROR),
            style="" if npc.alive else INACTIVE,
        )
    return table
