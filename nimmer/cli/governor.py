"""`nimmer governor`: who got how much and why, what a net in shadow would have changed, and orders to the governor.

Source: docs/governor.md, "In the live village"; docs/domain.md section 8.
"""

import asyncio
from typing import Annotated

import typer

from nimmer.bus.identities import OPERATOR
from nimmer.bus.life_messages import Scalar
from nimmer.bus.message import Command, Reply
from nimmer.cli.console import emit_json, screen
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.village import find_village
from nimmer.cli.why import RUN
from nimmer.config import load
from nimmer.errors import ConfigError
from nimmer.life.governor import MODES

SUBJECT = "thalamus.governor.command"
RunOption = Annotated[
    str | None, typer.Option("--run", metavar="RUN", help="Of this run; unset: the one that decided last.")
]

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Explain who got how much and why; let the net decide, recommend or be silent.",
)


@app.command()
def explain(
    epoch: Annotated[
        int | None, typer.Argument(min=0, metavar="EPOCH", help="Number of the epoch; unset: the newest.")
    ] = None,
    npc: Annotated[int | None, typer.Option("--npc", min=0, help="Everything about this NPC.")] = None,
    run: RunOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show for one epoch who got what and why, what the envelope corrected, and what came of it.

    What a feature was worth is how far the share stands from where it would be if nobody differed in it.

    [dim]$[/dim] nimmer governor explain

    [dim]$[/dim] nimmer governor explain 12 --npc 7

    [dim]$[/dim] nimmer governor explain --json | jq '.npcs[] | {npc, cpu_percent, reasons}'
    """
    from nimmer.cli.archive import archive
    from nimmer.cli.governor_explained import as_plain, epoch_page, npc_page
    from nimmer.stores.governor_inquiry import GovernorInquiry

    _check_run(run)
    with archive(load(config=config).settings) as url:
        inquiry = GovernorInquiry(url)
        found, newest = inquiry.newest_epoch(run)
        rows = inquiry.epoch(found, newest if epoch is None else epoch)
    if npc is not None and npc not in {row["npc"] for row in rows}:
        had = ", ".join(str(row["npc"]) for row in rows)
        raise ConfigError(f"--npc {npc} got nothing in epoch {rows[0]['epoch']}; these did: {had}")
    if as_json:
        emit_json(as_plain(rows, npc))
    else:
        screen().print(epoch_page(rows) if npc is None else npc_page(rows, npc))


@app.command()
def report(
    epochs: Annotated[
        int, typer.Option("--epochs", min=1, max=100_000, help="The newest so many epochs in shadow.")
    ] = 100,
    run: RunOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what would have changed if the net in shadow had decided: who had got how much more or less.

    [dim]$[/dim] nimmer governor report

    [dim]$[/dim] nimmer governor report --epochs 20 --json | jq '.npcs'
    """
    from nimmer.cli.archive import archive
    from nimmer.cli.governor_report import changes, report_page
    from nimmer.stores.governor_inquiry import GovernorInquiry

    _check_run(run)
    with archive(load(config=config).settings) as url:
        inquiry = GovernorInquiry(url)
        chosen = run or inquiry.newest_epoch(None)[0]
        found = changes(chosen, inquiry.recommendations(chosen, epochs))
    if as_json:
        emit_json(found)
    else:
        screen().print(report_page(found))


@app.command()
def mode(
    wanted: Annotated[str, typer.Argument(metavar="MODE", help="net, rule, shadow or off.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let the net decide, or the rule, or the rule with the net recommending; off is the kill switch.

    It holds from the next epoch on and outlives the governor's process, not the run. A mode commanded anew also trusts a
    net again that had failed too often.

    [dim]$[/dim] nimmer governor mode shadow

    [dim]$[/dim] nimmer governor mode off   [dim]# rates and quotas stay as they are, forced gates are let go[/dim]
    """
    if wanted not in MODES:
        raise ConfigError(f"mode {wanted!r} is none of {', '.join(MODES)}")
    _order(Command("mode", {"mode": wanted}), as_json, config)


@app.command()
def reset(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Forget what the net has learned in this state directory: back to the weights it came from.

    [dim]$[/dim] nimmer governor reset
    """
    _order(Command("reset"), as_json, config)


def _order(command: Command, as_json: bool, config: ConfigOption) -> None:
    village = find_village(load(config=config).settings)
    reply = asyncio.run(village.ask(OPERATOR, SUBJECT, command, Reply))
    detail: dict[str, Scalar] = {"said": reply.reason}
    if as_json:
        emit_json(detail)
    else:
        screen().print(reply.reason)


def _check_run(run: str | None) -> None:
    if run is not None and not RUN.fullmatch(run):
        raise ConfigError(f"--run {run!r} is no run: 16 hex digits, as `nimmer status` shows them")
