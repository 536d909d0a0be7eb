"""What a running village owns on its host, as it stands in run.json, and what of it is left after a crash.

Pure: `leftovers` decides from facts, `nimmer.host.clearing` looks and acts. run.json is also
how every other command finds the running village.
Source: docs/domain.md section 12; docs/host.md.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nimmer.errors import HostError
from nimmer.host.processes import ProcessId

VERSION = 1
"""Of the form of run.json."""


@dataclass(frozen=True, slots=True)
class Estate:
    """One running village: who runs it, where its servers are, and everything that must go with it."""

    run: str
    """The run's id, 16 hex digits."""
    environment: str
    seed: int
    launcher: ProcessId
    boot: str
    """Identity of the boot of the machine: after another boot none of these processes lives."""
    started_s: float
    """Unix time."""
    servers: Mapping[str, ProcessId] = field(default_factory=dict)
    """Child servers by name: nats, postgres, chroma."""
    processes: Mapping[str, ProcessId] = field(default_factory=dict)
    """Other processes by name: the NPCs and whatever else must not outlive the village."""
    arena: str | None = None
    """Path of the shared-memory file."""
    groups: tuple[str, ...] = ()
    """Control group directories."""
    temp: str | None = None
    """The temporary directory."""
    nats_url: str | None = None
    postgres_dsn: str | None = None
    """Without password."""
    chroma_url: str | None = None
    dashboard_url: str | None = None
    cortex_url: str | None = None
    organs_url: str | None = None
    ray_address: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is found on the host of the things an estate names."""

    boot: str
    alive: frozenset[ProcessId]
    """Of the estate's processes and their descendants, those that live."""
    present: frozenset[str]
    """Of the estate's paths, those that exist."""


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What is to be cleared, in this order: processes first, for they hold the rest."""

    processes: tuple[ProcessId, ...]
    groups: tuple[str, ...]
    files: tuple[str, ...]
    directories: tuple[str, ...]


def leftovers(estate: Estate, facts: Facts) -> Leftovers:
    """Decide what of a village whose launcher is gone is still to be cleared; only what its run.json names.

    1. Processes of an earlier boot are gone, whatever runs under their pids now.
    2. Paths must carry nimmer's name in their last part, so that a damaged run.json removes nothing foreign.
    """
    same_boot = estate.boot == facts.boot
    processes = tuple(sorted(facts.alive)) if same_boot else ()
    groups = tuple(path for path in estate.groups if _removable(path, facts))
    files = tuple(path for path in (estate.arena,) if path and _removable(path, facts))
    directories = tuple(path for path in (estate.temp,) if path and _removable(path, facts))
    return Leftovers(processes, groups, files, directories)


def _removable(path: str, facts: Facts) -> bool:
    place = Path(path)
    return path in facts.present and place.is_absolute() and place.name.startswith("nimmer")


def owned_processes(estate: Estate) -> tuple[ProcessId, ...]:
    """Return the processes the estate names, without its launcher."""
    return (*estate.servers.values(), *estate.processes.values())


def to_json(estate: Estate) -> bytes:
    """Return run.json's content."""
    return json.dumps({"version": VERSION, **asdict(estate)}, indent=2).encode() + b"\n"


def from_json(content: bytes, source: Path) -> Estate:
    """Return the estate that run.json's content describes.

    Raises:
        HostError: it is broken or of another version; names `source` and the fix.
    """
    try:
        values: dict[str, Any] = json.loads(content)
        version = values.pop("version")
        if version != VERSION:
            raise HostError(
                f"{source} has version {version}, this nimmer reads {VERSION}: stop it with its nimmer"
            )
        values["launcher"] = ProcessId(**values["launcher"])
        for key in ("servers", "processes"):
            values[key] = {name: ProcessId(**one) for name, one in values[key].items()}
        values["groups"] = tuple(values["groups"])
        return Estate(**values)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise HostError(
            f"{source} is damaged ({error}): make sure no village runs there, then remove it"
        ) from error
