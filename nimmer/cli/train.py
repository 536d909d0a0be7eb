"""`nimmer train`: brains of NPCs and the governor's net, each by a command of its own."""

import typer

from nimmer.cli.train_governor import governor
from nimmer.cli.train_npc import npc

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich", help="Train the brains of NPCs, or the governor's net."
)
app.command("npc")(npc)
app.command("governor")(governor)
