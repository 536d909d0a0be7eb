"""`nimmer bus`: what travels on the bus, what a program needs to connect to it, and a way to ask and to listen.

Source: docs/bus.md.
"""

import asyncio
import os
import sys
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from nimmer.bus import subject as grammar
from nimmer.bus.asyncapi import document
from nimmer.bus.bus import Delivery
from nimmer.bus.identities import GUEST, WATCH, inbox_prefix
from nimmer.cli.console import emit_json, screen
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.palette import DIM
from nimmer.cli.village import RunningVillage, find_village
from nimmer.config import load
from nimmer.errors import ConfigError, HostError, MessageError

_UNKNOWN_BROKER = "nats://127.0.0.1:4222"
"""Named in the document when no village runs: its own server takes any free port."""

IdentityOption = Annotated[
    str,
    typer.Option("--identity", "-i", help="Whom to connect as; guest reads and asks, operator commands too."),
]

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich", help="Describe the bus, and hand out identities."
)


@app.command()
def asyncapi(config: ConfigOption = None) -> None:
    """Print the AsyncAPI 3.0 document of every subject and message, as JSON.

    [dim]$[/dim] nimmer bus asyncapi > asyncapi.json
    """
    settings = load(config=config).settings
    try:
        url = find_village(settings).nats_url()
    except HostError:
        url = settings.bus.url or _UNKNOWN_BROKER
    emit_json(document(settings.environment, url))


@app.command()
def credentials(
    identity: IdentityOption = GUEST,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Print where the running village's bus is and how to log in. The password is a secret: mind where it goes.

    [dim]$[/dim] nimmer bus credentials --identity guest --json

    [dim]$[/dim] nats --server "$(nimmer bus credentials --json | jq -r .url)" sub 'dev.npc.*.state'
    """
    village = find_village(load(config=config).settings)
    found = {
        "url": village.nats_url(),
        "user": identity,
        "password": village.password(identity),
        "inbox_prefix": inbox_prefix(identity),
    }
    if as_json:
        emit_json(found)
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(style=DIM)
    for name, value in found.items():
        table.add_row(name, value)
    screen().print(table)


@app.command()
def ask(
    subject: Annotated[
        str, typer.Argument(help="A request subject without its environment, such as npc.7.action.")
    ],
    body: Annotated[str, typer.Argument(help="The message's body as JSON.")] = "{}",
    identity: IdentityOption = GUEST,
    config: ConfigOption = None,
) -> None:
    """Ask the running village one question and print the answer's body as JSON.

    [dim]$[/dim] nimmer bus ask nervous.cells.math.request '{"operation": "add", "operands": [1, 2]}'

    [dim]$[/dim] nimmer bus ask npc.7.action '{"npc_id": 7, "verb": "look"}'
    """
    settings = load(config=config).settings
    question, kind = read_question(f"{settings.environment}.{subject}", body)
    village = find_village(settings)
    emit_json(msgspec.to_builtins(asyncio.run(village.ask(identity, subject, question, kind))))


def read_question(on: str, body: str) -> tuple[msgspec.Struct, type[msgspec.Struct]]:
    """Return the body to send on the subject `on`, and the type of its answer.

    Raises:
        ConfigError: nothing is asked on that subject, or the body is not what it carries.
    """
    try:
        topic = grammar.parse(on).topic
    except MessageError as error:
        raise ConfigError(str(error)) from error
    if topic.reply is None:
        asked = ", ".join(one.pattern for one in grammar.TOPICS if one.reply is not None)
        raise ConfigError(f"{on} is an event, nobody answers there; questions go to {asked}")
    try:
        return msgspec.json.decode(body, type=topic.body), topic.reply
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise ConfigError(f"the body {body!r} is no {topic.body.__name__}: {error}") from error


@app.command()
def listen(
    pattern: Annotated[
        str, typer.Argument(help="Subjects without the environment; * is one token, > the rest.")
    ] = ">",
    count: Annotated[int | None, typer.Option("--count", min=1, help="End after so many messages.")] = None,
    identity: IdentityOption = WATCH,
    config: ConfigOption = None,
) -> None:
    """Print every message on a subject, one JSON object per line, until Ctrl-C.

    [dim]$[/dim] nimmer bus listen 'thalamus.gate.*'

    [dim]$[/dim] nimmer bus listen npc.7.state --count 1 | jq .body
    """
    village = find_village(load(config=config).settings)
    asyncio.run(_listen(village, pattern, count, identity))


async def _listen(village: RunningVillage, pattern: str, count: int | None, identity: str) -> None:
    enough = asyncio.Event()
    heard = 0

    async def hear(delivery: Delivery) -> None:
        nonlocal heard
        if enough.is_set():
            return
        heard += 1
        line = f'{{"subject":"{delivery.subject}",{delivery.payload[1:].decode(errors="replace")}\n'
        try:
            sys.stdout.write(line)
            sys.stdout.flush()
        except BrokenPipeError:  # who read along has had enough, as `head` has
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            enough.set()
        if heard == count:
            enough.set()

    async with village.connect(identity) as bus:
        await bus.subscribe(f"{village.environment}.{pattern}", hear)
        await enough.wait()
