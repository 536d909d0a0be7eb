"""Where the command line writes: tables and lines for people on stdout, errors on stderr, JSON for programs."""

import json
import sys

from rich.console import Console
from rich.text import Text

WIDE = 160
"""Columns of a table that goes to a file or a pipe, where no terminal says how wide it is."""


def screen() -> Console:
    """Return the console people read."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDE)


def complain(message: str) -> None:
    """Write one red line on stderr, whatever is in `message`."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        Text.assemble(("error: ", "bold red"), (" ".join(message.split()), "red"))
    )


def emit_json(value: object) -> None:
    """Write `value` as one JSON document on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, default=str, allow_nan=False) + "\n")
