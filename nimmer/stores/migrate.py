"""Brings a database to the tables this release writes: numbered SQL files, each applied once, in order.

Two at once are safe (an advisory lock, which a killed process cannot leave behind), a file changed after it
was applied is refused. Source: docs/domain.md section 11; PostgreSQL documentation, advisory locks.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import psycopg

from nimmer.errors import MigrationError, StoreUnavailableError

_LOCK = 0x6E696D6D6572
"""The advisory lock every migrating nimmer takes ("nimmer" in ASCII)."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file: `version` counts from 1, `name` is the file's."""

    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Return the checksum by which a later change is noticed."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def packaged_migrations() -> tuple[Migration, ...]:
    """Return the migrations of this release, in order."""
    files = resources.files("nimmer.stores.migrations").iterdir()
    names = sorted(file.name for file in files if file.name.endswith(".sql"))
    directory = resources.files("nimmer.stores.migrations")
    return tuple(
        Migration(int(name.partition("_")[0]), name, directory.joinpath(name).read_text(encoding="utf-8"))
        for name in names
    )


def migrate(dsn: str, migrations: Sequence[Migration] | None = None) -> tuple[str, ...]:
    """Apply what is missing in the database at `dsn` and return the names of the files applied now.

    Args:
        dsn: a libpq connection string of the owner's role.
        migrations: other files than this release's, for tests.

    Raises:
        StoreUnavailableError: no server answers at `dsn`.
        MigrationError: a file failed (nothing of it is left), was changed after it was applied, or the
            database was made by a newer release.
    """
    wanted = packaged_migrations() if migrations is None else tuple(migrations)
    try:
        connection = psycopg.connect(
            dsn, autocommit=True, connect_timeout=5, application_name="nimmer migrate"
        )
    except psycopg.OperationalError as error:
        raise StoreUnavailableError(f"no PostgreSQL to migrate: {error}") from error
    with connection:
        connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
        connection.execute(
            "create table if not exists schema_migrations ("
            "version integer primary key, name text not null, sha256 text not null,"
            " applied_at timestamptz not null default now())"
        )
        missing = _missing(connection, wanted)
        for migration in missing:
            _apply(connection, migration)
    return tuple(migration.name for migration in missing)


def _missing(connection: psycopg.Connection, wanted: Sequence[Migration]) -> list[Migration]:
    rows = connection.execute(
        "select version, name, sha256 from schema_migrations order by version"
    ).fetchall()
    applied = {version: (name, sha256) for version, name, sha256 in rows}
    newer = applied.keys() - {migration.version for migration in wanted}
    if newer:
        names = ", ".join(applied[version][0] for version in sorted(newer))
        raise MigrationError(f"the database was made by another release: it has {names}; use that release")
    for migration in wanted:
        name, sha256 = applied.get(migration.version, (migration.name, migration.sha256))
        if sha256 != migration.sha256:
            raise MigrationError(
                f"{migration.name} was changed after the database applied it (as {name}, sha256 {sha256[:12]}, "
                f"now {migration.sha256[:12]}): restore the file and put the change in a new one"
            )
    return [migration for migration in wanted if migration.version not in applied]


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    try:
        with connection.transaction():
            # without arguments one call may hold many statements
            connection.execute(migration.sql)
            connection.execute(
                "insert into schema_migrations (version, name, sha256) values (%s, %s, %s)",
                (migration.version, migration.name, migration.sha256),
            )
    except psycopg.Error as error:
        raise MigrationError(f"{migration.name} failed and was undone: {error}") from error
