"""The roles and the database of an embedded PostgreSQL, brought in line with the credentials at every start.

nimmer owns the database, watch may only read it; nobody knows a superuser password, for there is none.
Source: docs/domain.md section 12 (PostgreSQL roles).
"""

from collections.abc import Mapping

import psycopg
from psycopg import sql

OWNER = "nimmer"
WATCH = "watch"
ADMIN = "postgres"


def apply(admin: str, database: str, passwords: Mapping[str, str]) -> None:
    """Make the roles `nimmer` and `watch` and the database where missing, and set the passwords.

    Args:
        admin: connection string of the superuser (peer-authenticated socket).
        database: `nimmer_<environment>`.
        passwords: by role.

    Raises:
        psycopg.Error: the server refuses.
    """
    with psycopg.connect(admin, autocommit=True) as connection:
        for role, password in passwords.items():
            _role(connection, role, password)
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone()
        if found is None:
            make = sql.SQL("CREATE DATABASE {} OWNER {}")
            connection.execute(make.format(sql.Identifier(database), sql.Identifier(OWNER)))
        for statement in (
            "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
            "GRANT CONNECT ON DATABASE {database} TO {watch}",
            "GRANT pg_read_all_data TO {watch}",
            "ALTER ROLE {watch} SET default_transaction_read_only = on",
        ):
            parts = {"database": sql.Identifier(database), "watch": sql.Identifier(WATCH)}
            connection.execute(sql.SQL(statement).format(**parts))


def _role(connection: psycopg.Connection[tuple[object, ...]], role: str, password: str) -> None:
    """Make one login role and set its password, which crosses the socket and the log only as a verifier."""
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if found is None:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    change = sql.SQL("ALTER ROLE {} PASSWORD {}")
    connection.execute(change.format(sql.Identifier(role), sql.Literal(verifier.decode())))
