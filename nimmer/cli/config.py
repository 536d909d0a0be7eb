"""`nimmer config`: the configuration as it is, with the source of each value, and as it could be."""

from typing import Annotated

import typer
from rich.table import Table

from nimmer.cli.console import emit_json, screen
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.palette import ACTIVE, DIM
from nimmer.config import Settings, load
from nimmer.config.fields import FIELDS, value_of
from nimmer.config.loading import DEFAULT
from nimmer.config.reference import example, reference
from nimmer.config.settings import redact

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich", help="Show the configuration and what can be set."
)


@app.command()
def show(
    as_json: JsonOption = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="Only what differs from the default's source.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Show every setting, its value and where the value came from.

    [dim]$[/dim] nimmer config show --changed

    [dim]$[/dim] NIMMERVERSE_ENV=staging nimmer config show --json
    """
    loaded = load(config=config)
    rows = [
        (key, redact(_plain(value_of(loaded.settings, key))), origin)
        for key, origin in loaded.origins.items()
        if not changed or origin != DEFAULT
    ]
    if as_json:
        emit_json({key: {"value": value, "origin": origin} for key, value, origin in rows})
        return
    table = Table(box=None, pad_edge=False, header_style=DIM)
    for title in ("key", "value", "from"):
        table.add_column(title, overflow="fold")
    for key, value, origin in rows:
        table.add_row(key, _shown(value, FIELDS[key].unit), origin, style="" if origin == DEFAULT else ACTIVE)
    screen().print(table)


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _shown(value: object, unit: str) -> str:
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else f"{value} {unit}".strip()


@app.command()
def schema() -> None:
    """Print the JSON schema of nimmer.toml.

    [dim]$[/dim] nimmer config schema > nimmer.schema.json
    """
    emit_json(Settings.model_json_schema())


@app.command("example")
def example_file() -> None:
    """Print a nimmer.toml with every key, explained, at its default.

    [dim]$[/dim] nimmer config example > nimmer.toml
    """
    typer.echo(example(), nl=False)


@app.command("reference")
def reference_page() -> None:
    """Print the reference of all settings as Markdown.

    [dim]$[/dim] nimmer config reference > docs/configuration.md
    """
    typer.echo(reference(), nl=False)
