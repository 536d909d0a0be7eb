"""`nimmer train`: brains of NPCs, the governor's net and the eye, each by a command of its own."""

import typer

from nimmer.cli.train_eye import eye
from nimmer.cli.train_governor import governor
from nimmer.cli.train_npc import npc

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Train the brains of NPCs, the governor's net, or the eye.",
)
app.command("npc")(npc)
app.command("governor")(governor)
app.command("eye")(eye)
