"""`nimmer doctor`: what nimmer will use on this machine, and what is missing. Source: docs/host.md."""

from dataclasses import asdict

import typer
from rich.table import Table
from rich.text import Text

from nimmer.cli.console import emit_json, screen
from nimmer.cli.faculties import NAMES as FACULTIES
from nimmer.cli.faculties import needed
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.palette import DIM, ERROR, OK, WARNING
from nimmer.clock import SystemClock
from nimmer.config import Settings, load
from nimmer.host.doctor import Check, examine, healthy
from nimmer.host.probing import Wish, probe

_LOOKS = {"ok": ("✓ ok", OK), "warn": ("! warn", WARNING), "fail": ("✗ fail", f"bold {ERROR}")}


def doctor(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Examine this machine: what nimmer will use, what is missing, and how to fix it. Exits with 1 when it cannot run.

    [dim]$[/dim] nimmer doctor

    [dim]$[/dim] nimmer doctor --json | jq '.[] | select(.status != "ok")'
    """
    checks = examine(probe(wish(load(config=config).settings), SystemClock()))
    if as_json:
        emit_json([asdict(check) for check in checks])
    else:
        screen().print(doctor_table(checks))
    if not healthy(checks):
        raise typer.Exit(1)


def wish(settings: Settings) -> Wish:
    """Return what `settings` ask of this machine; servers that are elsewhere need no port here."""
    ports: dict[str, int] = {}
    if settings.ray.address is None:
        ports["ray.dashboard_port"] = settings.ray.dashboard_port
    if settings.bus.url is None and settings.bus.port is not None:
        ports["bus.port"] = settings.bus.port
    files = (settings.bus.passwords_file,) if settings.bus.passwords_file else ()
    faculties = {}
    for name in FACULTIES:
        section = getattr(settings, name)
        if section.enabled:
            faculties[name] = needed(settings, name)
            if section.port:
                ports[f"{name}.port"] = section.port
    return Wish(settings.state_path, settings.village.npcs, settings.limits.mode, ports, files, faculties)


def doctor_table(checks: list[Check]) -> Table:
    """Return the table people read."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=DIM, pad_edge=False)
    table.add_column("")
    table.add_column("what", no_wrap=True)
    table.add_column("used", overflow="fold", ratio=2)
    table.add_column("why, and what to do", overflow="fold", ratio=3)
    for check in checks:
        remark = Text(check.why, DIM)
        if check.fix and check.status != "ok":
            remark.append(("\n" if check.why else "") + f"→ {check.fix}", _LOOKS[check.status][1])
        table.add_row(Text(*_LOOKS[check.status]), check.name, check.used, remark)
    return table
