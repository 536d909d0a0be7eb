"""What was recorded can be read when no village runs: its database is started for the time of reading, and no longer."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner

from nimmer.cli.archive import archive
from nimmer.cli.main import app
from nimmer.clock import SystemClock
from nimmer.config import Settings
from nimmer.embedded.credentials import ensure
from nimmer.embedded.postgres_server import PostgresServer
from nimmer.errors import HostError
from nimmer.host.household import Household, Run, running
from nimmer.stores.migrate import migrate
from nimmer.stores.postgres import PostgresTraces
from nimmer.stores.tables import Table
from nimmer.stores.traces import RowBatch

RUNNER = CliRunner()
CLOCK = SystemClock()
RUN = "0123456789abcdef"
ROW = {
    "run": RUN, "epoch": 3, "npc": 0, "at": 1_700_000_000.0, "mode": "rule", "tick_hz": 12.5, "cpu_percent": 40.0,
    "nice": 3, "gates": {}, "llm_priority": 5, "cortex_permission": False, "clamped": False,
}  # fmt: skip


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The state directory of a village that has ended."""
    home = Path(tempfile.mkdtemp(prefix="nimmer-"))
    home.chmod(0o711)
    state = home / "dev"
    state.mkdir(mode=0o711)
    passwords = ensure(state, ())
    server = PostgresServer(state, "dev", passwords, home, CLOCK)
    try:
        dsn = make_conninfo(server.start(), password=passwords.postgres)
        migrate(dsn)
        asyncio.run(kept(dsn))
    finally:
        server.stop()
    monkeypatch.setenv("NIMMER_STATE_DIR", str(home))
    yield state
    shutil.rmtree(home)


async def kept(dsn: str) -> None:
    traces = PostgresTraces(dsn)
    await traces.write(RowBatch(Table.GOVERNOR_DECISIONS, (ROW,)))
    await traces.close()


@pytest.mark.servers
def test_an_epoch_is_explained_after_the_run_and_nothing_is_left_running(left: Path) -> None:
    for _ in range(2):
        result = RUNNER.invoke(app, ["governor", "explain", "--json"])
        assert result.exit_code == 0, result.stderr
        assert json.loads(result.stdout)["epoch"] == 3
        assert running(left) is None
        assert not (left / "run.json").exists()


@pytest.mark.servers
def test_it_is_not_started_beside_a_village_that_is_just_starting(left: Path) -> None:
    household = Household.claim(left, Run(RUN, "dev", 1), CLOCK)
    try:
        result = RUNNER.invoke(app, ["governor", "explain"])
        assert result.exit_code == 1
        assert "has not started its database yet" in result.stderr
    finally:
        household.release()


def test_where_nothing_was_ever_recorded_it_says_how_to_begin(place: Path) -> None:
    with pytest.raises(HostError, match="start the village once with `nimmer up`"), archive(Settings()):
        pass
    assert not (place / ".nimmer").exists()


def test_a_database_of_ones_own_needs_no_village() -> None:
    settings = Settings.model_validate({"stores": {"postgres_url": "postgresql://me@host/db"}})
    with archive(settings) as url:
        assert url == "postgresql://me@host/db"
