"""`nimmer calibrate`: measures what each operation takes on this machine, so that lifeforce can cost what it costs.

Source: docs/domain.md section 6 (costs are to be measured); docs/lifeforce.md.
"""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from nimmer.cli.console import emit_json, screen
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.palette import ACTIVE, DIM, LIFEFORCE, WARNING
from nimmer.clock import SystemClock
from nimmer.config import load
from nimmer.errors import HostError
from nimmer.host.calibration import Instruments, Workload, measure, system_instruments
from nimmer.host.energy import Rapl
from nimmer.host.private_file import write_private
from nimmer.host.workloads import workloads
from nimmer.life.gate import LEAVING_STABLE_COST
from nimmer.life.prices import EDGE_PRINTED, Prices
from nimmer.life.profile import LEAVE_STABLE, NERVE_EDGE, Profile, Sample
from nimmer.life.senses import CELLS

FILE = "prices.json"
"""Where a profile goes in the state directory."""


def calibrate(
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help=f"Write here; default: {FILE} in the state directory."),
    ] = None,
    repeat: Annotated[
        int, typer.Option("--repeat", metavar="N", min=1, max=1000, help="Batches behind each median.")
    ] = 15,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Measure what every cell, gate, nerve and brain takes on this machine, and write the profile.

    Takes a few seconds. Do it while the machine is quiet, and again on another machine.

    [dim]$[/dim] nimmer calibrate

    [dim]$[/dim] nimmer calibrate --repeat 101 --out quiet.json

    [dim]$[/dim] nimmer calibrate --json | jq .profile.operations
    """
    settings = load(config=config).settings
    path = out or settings.state_path / FILE
    _prepare(path)
    energy = Rapl()
    samples = _measured(workloads(), system_instruments(energy), repeat, hidden=as_json)
    date = datetime.fromtimestamp(SystemClock().unix_s(), UTC).isoformat(timespec="seconds")
    profile = Profile(machine(), date, repeat, samples)
    write_private(path, json.dumps(profile.to_mapping(), indent=1, allow_nan=False).encode() + b"\n")
    prices = Prices.measured(profile, scale=settings.lifeforce.price_scale)
    if as_json:
        emit_json(
            {
                "path": str(path),
                "no_joules_because": energy.reason or None,
                "not_measured": prices.missing,
                "prices": prices.known,
                "profile": profile.to_mapping(),
            }
        )
    else:
        screen().print(page(profile, prices, path, energy.reason))


def machine() -> str:
    """Return this machine in words: its processor, how many cores, its kernel."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass  # another system than Linux
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def _prepare(path: Path) -> None:
    """Make the directory before anything is measured. Raises HostError when it cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HostError(
            f"{path.parent} cannot be made: {error.strerror}; give another place with --out"
        ) from error
    if path.is_dir():
        raise HostError(f"{path} is a directory; give a file with --out")


def _measured(
    wanted: list[Workload], instruments: Instruments, repeats: int, *, hidden: bool
) -> dict[str, Sample]:
    columns = (TextColumn("measuring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    found: dict[str, Sample] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden) as progress:
        for workload in progress.track(wanted):
            sample = measure(workload, instruments, repeats)
            found.update(dict.fromkeys(workload.names, sample))
    return found


def printed_prices() -> dict[str, float]:
    """Return the printed price of every operation that has one, lifeforce."""
    cells = {f"cell.{kind.name}": kind.cost for kind in CELLS}
    return {**cells, LEAVE_STABLE: LEAVING_STABLE_COST, NERVE_EDGE: EDGE_PRINTED}


def page(profile: Profile, prices: Prices, path: Path, no_joules: str) -> RenderableType:
    """Return the page people read."""
    printed = printed_prices()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=DIM, pad_edge=False)
    table.add_column("operation", no_wrap=True)
    for name in ("CPU us", "elapsed us", "KB", "mJ"):
        table.add_column(name, justify="right")
    table.add_column(f"printed x {prices.scale:g}", justify="right")
    table.add_column("measured LF", justify="right", style=LIFEFORCE)
    table.add_column("measured / printed", justify="right")
    for name, sample in profile.operations.items():
        once = printed[name] * prices.scale if name in printed else None
        price = prices.known[name]
        table.add_row(
            name,
            f"{sample.cpu_s * 1e6:.2f}",
            f"{sample.elapsed_s * 1e6:.2f}",
            f"{sample.mb * 1e3:.1f}",
            "-" if sample.joules is None else f"{sample.joules * 1e3:.4f}",
            "-" if once is None else f"{once:.5f}",
            f"{price:.5f}",
            f"{price / once:.2f}" if once else "-",
        )
    foot = Text(f"{profile.machine}; medians of {profile.samples}\n", DIM)
    if no_joules:
        foot.append(f"no joules: {no_joules}\n", WARNING)
    if prices.missing:
        foot.append(f"not measured, so charged as printed: {', '.join(prices.missing)}\n", DIM)
    foot.append(f"written to {path}\n", ACTIVE)
    foot.append(f'a village lives by it with lifeforce.prices = "{path}" in nimmer.toml', DIM)
    return Group(table, foot)
