"""Puts the configuration together from command line, environment, file and defaults, in that precedence.

Every refusal is a ConfigError that names the dotted key, the value, where it came from and what would be accepted.
Source: docs/configuration.md.
"""

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource, SettingsError

from nimmer.config.fields import FIELDS, SECTIONS, Setting
from nimmer.config.settings import ENV_DELIMITER, ENV_PREFIX, ENVIRONMENT_VARIABLE, Settings, redact
from nimmer.errors import ConfigError

FILE_NAME = "nimmer.toml"
FILE_VARIABLE = "NIMMER_CONFIG"
_NOT_SETTINGS = {FILE_VARIABLE, "NIMMER_PYTHON"}
"""Variables with our prefix that are no setting: the file to read, and the interpreter of scripts/setup."""

_MADE_WHEN_MISSING = {"state_dir", "village.weights_dir"}
_DIRECTORIES = _MADE_WHEN_MISSING

COMMAND_LINE = "the command line"
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration and its history: `origins` maps each dotted key to where its value came from."""

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None


@dataclass(frozen=True, slots=True)
class _Given:
    """One value somebody gave, and where."""

    value: object
    origin: str


def load(overrides: Mapping[str, object] | None = None, config: Path | None = None) -> Loaded:
    """Return the configuration: `overrides` > environment > file > defaults.

    Args:
        overrides: values of command-line options by dotted key ("village.npcs"); None means not given.
        config: the TOML file; unset: the file of NIMMER_CONFIG, else nimmer.toml in the working directory if there
            is one. A relative path inside the file counts from the file's directory.

    Raises:
        ConfigError: a key is unknown, a value unusable, or the file unreadable.
    """
    file = _choose_file(config)
    given = _from_file(file) if file else {}
    given |= _from_environment()
    given |= {
        key: _Given(value, COMMAND_LINE) for key, value in (overrides or {}).items() if value is not None
    }
    given = {key: _absolute(key, item, file) for key, item in given.items()}
    settings = _validate(given)
    origins = {key: given[key].origin if key in given else DEFAULT for key in FIELDS}
    return Loaded(settings.model_copy(update={"state_dir": settings.state_dir.absolute()}), origins, file)


def _choose_file(config: Path | None) -> Path | None:
    named, origin = (config, "--config") if config else (os.environ.get(FILE_VARIABLE), FILE_VARIABLE)
    if not named:
        standard = Path(FILE_NAME)
        return standard.absolute() if standard.is_file() else None
    path = Path(named).absolute()
    if not path.is_file():
        raise ConfigError(f"the configuration file {named} (from {origin}) does not exist")
    return path


def _from_file(file: Path) -> dict[str, _Given]:
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    given: dict[str, _Given] = {}
    for key, value in _flat(tables, str(file)):
        given[key] = _Given(value, str(file))
        _refuse_wrong_type(FIELDS[key], given[key])
    return given


def _flat(tables: Mapping[str, object], origin: str) -> Iterable[tuple[str, object]]:
    """Yield the known dotted keys of nested tables, refusing every other."""
    for name, value in tables.items():
        if name not in SECTIONS:
            if name not in FIELDS:
                raise ConfigError(unknown(name, origin))
            yield name, value
        elif not isinstance(value, dict):
            raise ConfigError(
                f"{name} = {value!r} (from {origin}) is a section: give its keys under [{name}]"
            )
        else:
            for inner, part in value.items():
                if f"{name}.{inner}" not in FIELDS:
                    raise ConfigError(unknown(f"{name}.{inner}", origin))
                yield f"{name}.{inner}", part


def _refuse_wrong_type(field: Setting, given: _Given) -> None:
    """Refuse what pydantic would bend: in a file, true is no number and "25" no integer."""
    value = given.value
    bent = (isinstance(value, bool) and field.kind != "bool") or (
        isinstance(value, str) and field.kind in {"int", "float", "bool"}
    )
    if bent:
        raise ConfigError(_refusal(field, given))


def variable(key: str) -> str:
    """Return the environment variable of a dotted key."""
    if key == "environment":
        return ENVIRONMENT_VARIABLE
    return ENV_PREFIX + key.replace(".", ENV_DELIMITER).upper()


def _from_environment() -> dict[str, _Given]:
    known = {variable(key): key for key in FIELDS}
    for name in sorted(os.environ):
        if name.startswith(ENV_PREFIX) and name not in known and name not in _NOT_SETTINGS:
            raise ConfigError(_unknown_variable(name, known))
    try:
        tables = EnvSettingsSource(Settings)()
    except SettingsError as error:
        raise ConfigError(f"the environment cannot be read: {error}") from error
    given = {
        key: _Given(_unset(key, value), variable(key)) for key, value in _flat(tables, "the environment")
    }
    environment = os.environ.get(ENVIRONMENT_VARIABLE)
    if environment:
        given["environment"] = _Given(environment, ENVIRONMENT_VARIABLE)
    return given


def _unset(key: str, value: object) -> object:
    """Return None for the word none, where unset is a possible value; elsewhere none may be one of the choices."""
    return None if value == "none" and FIELDS[key].default is None else value


def _unknown_variable(name: str, known: Mapping[str, str]) -> str:
    if name == f"{ENV_PREFIX}ENVIRONMENT":
        return (
            f"{name} is no setting: the environment is chosen by {ENVIRONMENT_VARIABLE}=dev, staging or prod"
        )
    section = name.removeprefix(ENV_PREFIX).lower()
    if section in SECTIONS:
        return f"{name} names a section: name a key of it, such as {variable(SECTIONS[section][0])}"
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else "`nimmer config show` lists all keys"
    return f"the environment variable {name} is no setting: {hint}"  # its value may be a secret


def unknown(key: str, origin: str) -> str:
    """Return the refusal of an unknown dotted key, naming the nearest known one."""
    near = difflib.get_close_matches(key, FIELDS, n=1, cutoff=0.6)
    # a key that was put in the wrong section is near no dotted name, but its last word is
    near = near or [known for known in FIELDS if known.rpartition(".")[2] == key.rpartition(".")[2]][:1]
    hint = f"did you mean {near[0]}?" if near else "`nimmer config show` lists all keys"
    return f"unknown key {key} (from {origin}): {hint}"


def _absolute(key: str, given: _Given, file: Path | None) -> _Given:
    """Make a path absolute, for it is read by processes that run elsewhere; and refuse one that is not there."""
    field = FIELDS.get(key)
    if field is None:
        raise ConfigError(unknown(key, given.origin))
    if field.kind != "path" or not isinstance(given.value, str | Path):
        return given
    base = file.parent if file and given.origin == str(file) else Path.cwd()
    path = base / Path(given.value).expanduser()
    if key not in _MADE_WHEN_MISSING and not path.exists():
        raise ConfigError(f"{key} = {str(given.value)!r} (from {given.origin}) does not exist")
    if path.is_dir() and key not in _DIRECTORIES:
        raise ConfigError(f"{key} = {str(given.value)!r} (from {given.origin}) is a directory; name a file")
    return _Given(path, given.origin)


def _validate(given: Mapping[str, _Given]) -> Settings:
    nested: dict[str, object] = {}
    for key, item in given.items():
        section, _, name = key.rpartition(".")
        table = nested.setdefault(section, {}) if section else nested
        if isinstance(table, dict):
            table[name] = item.value
    try:
        return Settings.model_validate(nested)
    except ValidationError as error:
        raise ConfigError(_explain(error, given)) from error


def _explain(error: ValidationError, given: Mapping[str, _Given]) -> str:
    problems: list[str] = []
    for problem in error.errors():
        # the location of a union's branch ends in the branch's name, which is no part of the key
        key = ".".join(map(str, problem["loc"][:2]))
        key = key if key in FIELDS or key in SECTIONS else key.partition(".")[0]
        if key in given:
            problems.append(_refusal(FIELDS[key], given[key]))
        else:
            reason = str(problem["msg"]).removeprefix("Value error, ")
            origins = sorted({item.origin for name, item in given.items() if name.startswith(f"{key}.")})
            problems.append(f"[{key}] (from {', '.join(origins)}): {reason}")
    unique = list(dict.fromkeys(problems))
    return "; ".join(unique)


def _refusal(field: Setting, given: _Given) -> str:
    value = str(given.value) if isinstance(given.value, Path) else given.value
    return f"{field.key} = {redact(value)!r} (from {given.origin}) is not {field.accepts}"
