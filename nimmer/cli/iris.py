"""`nimmer iris`: what NPCs remember, made again from the database. Source: docs/domain.md section 11; docs/boundary.md."""

import asyncio
from collections.abc import Sequence

import typer

from nimmer.cli.console import emit_json, screen
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.village import find_village
from nimmer.cli.why import database
from nimmer.config import Settings, load
from nimmer.cortex.remembrance import remembrance
from nimmer.engines.embedding import WordVectors
from nimmer.errors import ConfigError
from nimmer.host.household import running
from nimmer.stores.call_log import AnsweredCall, answered_calls
from nimmer.stores.iris import Iris
from nimmer.stores.memories import Memories, Memory

WITHIN_S = 20.0

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Make the memories of NPCs again from the database, which is the truth.",
)


@app.callback()
def iris() -> None:
    """Commands about what NPCs remember."""


@app.command()
def rebuild(
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Forget every memory of this environment, and make them again from the answered calls in PostgreSQL.

    The village must be running, or both stores must be your own: `stores.postgres_url` and `stores.chroma_url`.

    [dim]$[/dim] nimmer iris rebuild
    """
    settings = load(config=config).settings
    calls = answered_calls(database(settings))
    store = Iris(chroma_of(settings), settings.environment, WordVectors(), WITHIN_S)
    made = asyncio.run(made_again(store, calls))
    if as_json:
        emit_json({"memories": made, "runs": sorted({one.run for one in calls})})
    else:
        screen().print(f"{made} memories of {len({one.run for one in calls})} runs")


def chroma_of(settings: Settings) -> str:
    """Return where iris is: a server of one's own, or the running village's. Raises ConfigError or HostError."""
    if settings.stores.chroma_url:
        return settings.stores.chroma_url
    if not settings.stores.chroma:
        raise ConfigError("stores.chroma is false: there is no iris to rebuild; set it, or stores.chroma_url")
    find_village(settings)
    estate = running(settings.state_path)
    url = "" if estate is None else str(estate.chroma_url or "")
    if not url:
        raise ConfigError("the running village has no iris yet; try again in some seconds")
    return url


def memories_of(calls: Sequence[AnsweredCall]) -> list[Memory]:
    """Return the memory that each call left."""
    return [
        Memory(
            one.run,
            one.call,
            one.npc,
            one.world_tick,
            remembrance(one.question, one.answer, one.commands),
        )
        for one in calls
    ]


async def made_again(store: Memories, calls: Sequence[AnsweredCall]) -> int:
    """Empty `store`, fill it from `calls`, let go of it, and return how many memories it has."""
    try:
        await store.clear()
        await store.remember(memories_of(calls))
        return await store.count()
    finally:
        await store.close()
