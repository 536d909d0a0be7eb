"""What was recorded, whether or not a village is running: its database is found, or started for as long as it is read.

Source: docs/stores.md, "Asking questions"; docs/host.md, the state directory.
"""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from psycopg.conninfo import make_conninfo

from nimmer.cli.why import database
from nimmer.clock import SystemClock
from nimmer.config import Settings
from nimmer.embedded import credentials
from nimmer.embedded.postgres_server import PostgresOptions, PostgresServer
from nimmer.host.household import Household, Run, running
from nimmer.stores.migrate import migrate


@contextmanager
def archive(settings: Settings) -> Iterator[str]:
    """Give the address of the database, for the time of the `with`.

    A database of one's own is there anyway and is read with the role that `stores.postgres_url` names; a running
    village has one, and the one a village left is started: those with a role that may only read. While the one that
    was left is read, no village can be raised. Raises HostError when nothing was ever recorded, or the server does not
    come up.
    """
    if settings.stores.postgres_url or running(settings.state_path) is not None:
        yield database(settings)
    else:
        with _awakened(settings) as url:
            yield url


@contextmanager
def _awakened(settings: Settings) -> Iterator[str]:
    state, clock = settings.state_path, SystemClock()
    passwords = credentials.load(state)
    with ExitStack() as last:
        run = Run(secrets.token_hex(8), settings.environment, 0)
        household = Household.claim(state, run, clock)
        last.callback(household.release)
        options = PostgresOptions(port=settings.stores.postgres_port, user=settings.stores.postgres_user)
        server = PostgresServer(state, settings.environment, passwords, household.temp_dir(), clock, options)
        dsn = server.start()
        last.callback(server.stop)
        household.own_server("postgres", server.identity)
        migrate(make_conninfo(dsn, password=passwords.postgres))
        yield make_conninfo(server.watch_dsn, password=passwords.postgres_watch)
