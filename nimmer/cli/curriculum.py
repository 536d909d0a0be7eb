"""`nimmer curriculum`: runs a village through its levels, says where the running one stands, lists levels."""

import typer

from nimmer.cli.curriculum_levels import levels
from nimmer.cli.curriculum_run import run
from nimmer.cli.curriculum_status import status

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Run a village through the levels; say where the running one stands and who holds it back.",
)
app.command("run")(run)
app.command("status")(status)
app.command("levels")(levels)
