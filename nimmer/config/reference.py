"""Writes docs/configuration.md and docs/nimmer.example.toml from the models, so that they cannot fall behind."""

from collections.abc import Iterator
from pathlib import Path

from nimmer.config.fields import FIELDS, SECTION_TEXTS, SECTIONS, Setting
from nimmer.config.loading import FILE_NAME, FILE_VARIABLE, variable
from nimmer.config.settings import ENVIRONMENT_VARIABLE

_HEAD = f"""# Configuration

<!-- Written by `nimmer config reference`; change nimmer/config/settings.py, not this file. -->

nimmer runs without any configuration. To change something, in order of precedence:

1. **Options of a command**: `nimmer up --npcs 10`.
2. **Environment variables**: `NIMMER_` + section + `__` + key, in capitals: `NIMMER_VILLAGE__NPCS=10`. The word
   `none` unsets an optional setting; an empty variable counts as not given.
3. **A file**, `{FILE_NAME}` in the working directory, or the one named by `--config FILE` or `{FILE_VARIABLE}`. Start
   from [nimmer.example.toml](nimmer.example.toml), or from `nimmer config example`. A relative path inside the file
   counts from the file's directory, any other from the working directory.
4. **Defaults**, in the tables below.

`nimmer config show` prints every value and where it came from. A key that does not exist, or a value that is out of
range, stops the command before anything is started; the message names the key, the value, its source and what would be
accepted. So does an environment variable that begins with `NIMMER_` and is no setting.

`{ENVIRONMENT_VARIABLE}` alone moves a village to another environment:

| `{ENVIRONMENT_VARIABLE}` | bus subjects | database | state directory | colour |
|---|---|---|---|---|
| `dev` (default) | `dev.>` | `nimmer_dev` | `.nimmer/dev` | green #6B8E6B |
| `staging` | `staging.>` | `nimmer_staging` | `.nimmer/staging` | amber #D4A574 |
| `prod` | `prod.>` | `nimmer_prod` | `.nimmer/prod` | blue #4169E1 |
"""

_TABLE = "| key | default | accepts | meaning |\n|---|---|---|---|\n"


def _literal(value: object) -> str:
    """Return `value` as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str | Path) else str(value)


def _row(field: Setting) -> str:
    default = "-" if field.default is None else f"`{_literal(field.default)}`"
    name = f"`{field.key}`" + (f" (`{variable(field.key)}`)" if field.key == "environment" else "")
    return f"| {name} | {default} | {field.accepts} | {field.description} |\n"


def _top() -> list[str]:
    return [key for key in FIELDS if "." not in key]


def reference() -> str:
    """Return docs/configuration.md."""
    parts = [_HEAD, "\n## Top level\n\n", _TABLE, *(_row(FIELDS[key]) for key in _top())]
    for section, keys in SECTIONS.items():
        parts += [
            f"\n## [{section}]\n\n{SECTION_TEXTS[section]}\n\n",
            _TABLE,
            *(_row(FIELDS[key]) for key in keys),
        ]
    return "".join(parts)


def _lines(key: str) -> Iterator[str]:
    field = FIELDS[key]
    yield f"# {field.description}\n# {field.accepts}\n"
    name = key.rpartition(".")[2]
    # what has no default cannot be written in TOML, so it is shown as a comment
    yield f"# {name} =\n" if field.default is None else f"{name} = {_literal(field.default)}\n"


def example() -> str:
    """Return docs/nimmer.example.toml: every key at its default."""
    parts = [f"# Every setting of nimmer at its default. Copy to {FILE_NAME} and keep what you change.\n"]
    for key in _top():
        parts += ["\n", *_lines(key)]
    for section, keys in SECTIONS.items():
        parts.append(f"\n\n# {SECTION_TEXTS[section]}\n[{section}]\n")
        for number, key in enumerate(keys):
            parts += ["\n" if number else "", *_lines(key)]
    return "".join(parts)
