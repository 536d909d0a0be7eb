"""One throw-away PostgreSQL for all tests of the stores."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from nimmer.clock import SystemClock
from nimmer.embedded.credentials import ensure
from nimmer.embedded.postgres_server import PostgresServer
from nimmer.stores.migrate import migrate
from nimmer.stores.postgres import PostgresTraces

PASSWORD_DSN = tuple[PostgresServer, str]


@pytest.fixture(scope="session")
def phoebe() -> Iterator[PASSWORD_DSN]:
    """A running, migrated server and the connection string of its owner."""
    home = Path(tempfile.mkdtemp(prefix="nimmer-"))
    # the user that PostgreSQL runs as must be able to pass
    home.chmod(0o711)
    credentials = ensure(home, ())
    server = PostgresServer(home, "dev", credentials, home, SystemClock())
    try:
        dsn = make_conninfo(server.start(), password=credentials.postgres)
        migrate(dsn)
        yield server, dsn
    finally:
        server.stop()
        shutil.rmtree(home)


@pytest.fixture
async def stored(phoebe: PASSWORD_DSN) -> AsyncIterator[PostgresTraces]:
    """Traces in that server."""
    traces = PostgresTraces(phoebe[1])
    yield traces
    await traces.close()
