"""Gathers the facts the doctor judges by, without starting anything that stays.

Source: docs/host.md.
"""

import importlib.metadata
import importlib.util
import os
import resource
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from nimmer.clock import Clock
from nimmer.errors import HostError
from nimmer.host import ports
from nimmer.host.binaries import postgres_candidates, program
from nimmer.host.doctor import Faculty, PortUse, Probe
from nimmer.host.household import RUN_FILE, prepare_state_dir, running
from nimmer.host.limits_choice import Mode, choose, this_host
from nimmer.host.private_file import complaint
from nimmer.host.reach import barrier

PRIVATE_FILES = ("credentials.json", "api-keys.json", RUN_FILE, "nats/nats.conf")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the settings ask of this host."""

    state_dir: Path
    """Of the environment."""
    npcs: int
    limits: Mode = "auto"
    ports: Mapping[str, int] = field(default_factory=dict)
    """Fixed ports by setting, e.g. {"ray.dashboard_port": 8265}."""
    private_files: tuple[Path, ...] = ()
    """More files to look at, e.g. Ray's token."""
    faculties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The modules that each faculty that is switched on cannot do without."""


def probe(wish: Wish, clock: Clock) -> Probe:
    """Return the facts. Tries the limits with a child group, and makes the state directory if missing."""
    state_dir_error, village = _state(wish.state_dir)
    backend, reasons = _limits(wish.limits, clock)
    postgres, postgres_user, postgres_error = _postgres(wish.state_dir)
    return Probe(
        python=sys.version_info[:3],
        ray=_version("ray"),
        nats_server=_found("nats-server"),
        postgres=postgres,
        postgres_user=postgres_user,
        postgres_error=postgres_error,
        chroma=_version("chromadb") if program("chroma") else None,
        limits=backend,
        limits_reasons=reasons,
        shm_free=_free(Path("/dev/shm")),
        disk_free=_free(wish.state_dir),
        memory_available=int(psutil.virtual_memory().available),
        cores=len(os.sched_getaffinity(0)),
        npcs=wish.npcs,
        ports=() if village else _ports(wish.ports),
        compiled=_compiled(),
        open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        state_dir=str(wish.state_dir),
        state_dir_error=state_dir_error,
        running=village,
        unsafe_files=_unsafe(wish),
        faculties=tuple(Faculty(name, missing(modules)) for name, modules in wish.faculties.items()),
    )


def missing(modules: tuple[str, ...]) -> str:
    """Return the first of these top-level modules that is not installed, "" when all are; none is imported."""
    return next((name for name in modules if importlib.util.find_spec(name) is None), "")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _found(name: str) -> str | None:
    found = program(name)
    return str(found) if found else None


def _postgres(state_dir: Path) -> tuple[tuple[str, ...], str, str | None]:
    """Return the installations, a sentence on the user it would run as, and what stands in the way."""
    try:
        candidates = postgres_candidates()
    except HostError as error:
        return ("damaged",), "", str(error)
    names = tuple(f"{one.source} {one.major} {one.bin}" for one in candidates)
    if os.geteuid() != 0 or not candidates:
        return names, "runs as this user", None
    nobody = 65534
    closed = barrier(candidates[0].bin / "postgres", nobody, nobody, readable=True)
    user = "root hands it to an unprivileged user"
    if closed is not None:
        user += f"; its programs are copied, for {closed} is closed"
    closed = barrier(state_dir.resolve(), nobody, nobody)
    if closed is not None:
        user += f"; its data goes below /var/tmp, for {closed} is closed"
    return names, user, None


def _limits(mode: Mode, clock: Clock) -> tuple[str, tuple[str, ...]]:
    """Try the limits in a group of the doctor's own; return the backend and why others were passed over."""
    try:
        choice = choose(mode, f"nimmer-doctor-{os.getpid()}", this_host(clock))
    except HostError as error:
        return f"{mode} does not work", (str(error),)
    choice.limits.close()
    return choice.limits.backend, choice.reasons


def _free(path: Path) -> int:
    """Return the bytes free where `path` is or would be; 0 when that cannot be told."""
    for place in (path, *path.resolve().parents):
        if place.exists():
            return shutil.disk_usage(place).free
    return 0


def _ports(wanted: Mapping[str, int]) -> tuple[PortUse, ...]:
    return tuple(PortUse(key, port, ports.is_free(port)) for key, port in wanted.items())


def _compiled() -> float:
    """Return the share of Ray's modules that have byte-code, as a sample of the installation."""
    spec = importlib.util.find_spec("ray")
    if spec is None or spec.origin is None:
        return 0.0
    sources = list((Path(spec.origin).parent / "_private").glob("*.py"))
    compiled = sum(Path(importlib.util.cache_from_source(str(source))).exists() for source in sources)
    return compiled / len(sources) if sources else 1.0


def _state(state_dir: Path) -> tuple[str | None, str | None]:
    """Return what is wrong with the state directory, and the village running there."""
    try:
        prepare_state_dir(state_dir)
        estate = running(state_dir)
    except HostError as error:
        return str(error), None
    return None, f"pid {estate.launcher.pid}, run {estate.run}" if estate else None


def _unsafe(wish: Wish) -> tuple[str, ...]:
    files = [wish.state_dir / name for name in PRIVATE_FILES] + list(wish.private_files)
    found = (complaint(file) for file in files if file.exists())
    return tuple(one for one in found if one is not None)
