"""`nimmer evaluate`: trained brains and the governor against their rivals, on seeds no training may use."""

import typer

from nimmer.cli.evaluate_governor import governor
from nimmer.cli.evaluate_npc import npc

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Compare trained brains or the governor with their rivals on fixed seeds.",
)
app.command("npc")(npc)
app.command("governor")(governor)
