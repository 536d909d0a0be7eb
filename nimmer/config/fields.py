"""The settings as a flat table: dotted key, kind, unit, accepted values and default of each, read from the models.

It serves error messages, `nimmer config show` and docs/configuration.md, so that none of them can disagree with
the models. Source: docs/configuration.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from nimmer.config.settings import Settings

_WORDS = {"int": "an integer", "float": "a number", "bool": "true or false", "path": "a path", "str": "text"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. kind: int, float, bool, str, path or choice; accepts: the accepted values in words."""

    key: str
    kind: str
    accepts: str
    default: object
    unit: str
    description: str


def _alternatives(annotation: Any) -> list[Any]:  # noqa: ANN401  # an annotation is any object
    """Return the member types of a union without None, each without its `Annotated` wrapping."""
    if get_origin(annotation) is Annotated:
        return [get_args(annotation)[0]]
    if get_origin(annotation) is Literal or not get_args(annotation):
        return [annotation]
    return [inner for part in get_args(annotation) if part is not NoneType for inner in _alternatives(part)]


def _kind(annotation: Any) -> str:  # noqa: ANN401  # an annotation is any object
    if get_origin(annotation) is Literal:
        return "choice"
    return "path" if annotation is Path else str(annotation.__name__)


def _bounds(metadata: list[Any]) -> str:
    low = high = ""
    for mark in metadata:
        if isinstance(mark, Ge | Gt):
            bound = mark.ge if isinstance(mark, Ge) else mark.gt
            low = f" from {bound}" if isinstance(mark, Ge) else f" above {bound}"
        elif isinstance(mark, Le | Lt):
            high = f" to {mark.le}" if isinstance(mark, Le) else f" below {mark.lt}"
    return low + (high if "from" in low else high.replace(" to ", ", at most "))


def _setting(key: str, info: FieldInfo) -> Setting:
    annotation = _alternatives(info.annotation)[0]
    kind = _kind(annotation)
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    unit = str(extra.get("unit", ""))
    if kind == "choice":
        accepts = "one of " + ", ".join(map(str, get_args(annotation)))
    elif key.endswith(("_url", ".url")):
        accepts = "a URL such as " + (info.description or "").partition("such as ")[2].partition(";")[0]
    else:
        accepts = _WORDS[kind] + _bounds(info.metadata) + (f" ({unit})" if unit else "")
    return Setting(key, kind, accepts, info.get_default(), unit, info.description or "")


def _models() -> dict[str, type[BaseModel]]:
    return {
        name: info.annotation
        for name, info in Settings.model_fields.items()
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel)
    }


def _table() -> dict[str, Setting]:
    models = _models()
    found: dict[str, Setting] = {
        name: _setting(name, info) for name, info in Settings.model_fields.items() if name not in models
    }
    for section, model in models.items():
        for name, info in model.model_fields.items():
            found[f"{section}.{name}"] = _setting(f"{section}.{name}", info)
    return found


FIELDS: Mapping[str, Setting] = _table()
"""Every setting by dotted key, in the order of the models."""

SECTIONS: Mapping[str, tuple[str, ...]] = {
    section: tuple(f"{section}.{name}" for name in model.model_fields) for section, model in _models().items()
}
"""The dotted keys of every section."""

SECTION_TEXTS: Mapping[str, str] = {
    section: (model.__doc__ or "").strip() for section, model in _models().items()
}
"""What each section is about, in one sentence."""


def value_of(settings: Settings, key: str) -> object:
    """Return the value of a dotted key, as the model holds it."""
    section, _, name = key.rpartition(".")
    return getattr(getattr(settings, section) if section else settings, name)
