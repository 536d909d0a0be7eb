"""Reads queries.sql: fixed statements kept as SQL, called by name.

Source: docs/style.md, "named SQL in queries.sql" (procrastinate's way).
"""

import re
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def named_sql() -> dict[str, str]:
    """Return every statement of queries.sql by its name, without the closing semicolon."""
    text = resources.files("nimmer.stores").joinpath("queries.sql").read_text(encoding="utf-8")
    parts = _NAME.split(text)
    return {name: body.strip().removesuffix(";") for name, body in zip(parts[1::2], parts[2::2], strict=True)}
