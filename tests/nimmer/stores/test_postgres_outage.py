import asyncio
import os
import signal
from pathlib import Path

import pytest

from nimmer.clock import SystemClock
from nimmer.embedded.postgres_server import PostgresServer
from nimmer.errors import SpoolFullError
from nimmer.stores.postgres import PostgresTraces
from nimmer.stores.recorder import SpooledTraces
from nimmer.stores.spool import Spool
from nimmer.testing.store_contract import fresh_run, trail_batch

pytestmark = pytest.mark.servers


async def test_every_row_acknowledged_around_a_kill_of_the_server_is_there_once(
    phoebe: tuple[PostgresServer, str], tmp_path: Path
) -> None:
    server, dsn = phoebe
    run = fresh_run()
    with Spool(tmp_path, 1 << 26) as spool:
        traces = SpooledTraces(PostgresTraces(dsn), spool, SystemClock())
        acknowledged = 0
        well_under_way = asyncio.Event()

        async def record(first: int, last: int) -> None:
            nonlocal acknowledged
            for tick in range(first, last, 10):
                await traces.write(trail_batch(run, range(tick, tick + 10), npcs=25))
                acknowledged += 250
                if acknowledged >= 6000:
                    well_under_way.set()

        await record(1, 201)
        writing = asyncio.create_task(record(201, 601))
        # this task wakes while the next batch is on its way
        await well_under_way.wait()
        os.kill(server.identity.pid, signal.SIGKILL)
        await writing
        assert acknowledged == 15_000
        assert traces.recording.condition == "spooling"
        assert traces.recording.rows_waiting > 0
        server.restart()
        while await traces.replay():
            await SystemClock().sleep_s(0.05)
        await record(601, 701)
        recording = traces.recording
        assert recording.condition == "connected"
        trails = await traces.trails(run, limit=100_000)
        assert len(trails) == acknowledged == 17_500
        assert {(trail.npc, trail.tick) for trail in trails} == {
            (npc, tick) for npc in range(25) for tick in range(1, 701)
        }
        # a commit whose reply the kill swallowed is written again and recognised
        assert recording.rows_stored + recording.rows_duplicate in (17_500, 17_750)
        assert recording.rows_refused == recording.rows_lost == recording.rows_set_aside == 0
        await traces.close()


async def test_with_server_and_spool_both_gone_nothing_is_acknowledged(tmp_path: Path) -> None:
    run = fresh_run()
    with Spool(tmp_path, 30_000) as spool:
        traces = SpooledTraces(PostgresTraces("host=127.0.0.1 port=1 dbname=none"), spool, SystemClock())
        acknowledged = 0

        async def record_until_refused() -> None:
            nonlocal acknowledged
            for tick in range(1, 1000):
                await traces.write(trail_batch(run, range(tick, tick + 1)))
                acknowledged += 5

        with pytest.raises(SpoolFullError, match=str(tmp_path)):
            await record_until_refused()
        assert 0 < acknowledged == traces.recording.rows_waiting
        assert traces.recording.rows_refused == 5


async def test_a_server_that_stops_in_order_is_waited_for(
    phoebe: tuple[PostgresServer, str], tmp_path: Path
) -> None:
    server, dsn = phoebe
    run = fresh_run()
    with Spool(tmp_path, 1 << 26) as spool:
        traces = SpooledTraces(PostgresTraces(dsn), spool, SystemClock())
        await traces.write(trail_batch(run, range(1, 11)))
        server.stop()
        try:
            assert await traces.write(trail_batch(run, range(11, 21))) == 50
            assert traces.recording.rows_waiting == 50
        finally:
            server.restart()
        while await traces.replay():
            await SystemClock().sleep_s(0.05)
        assert await traces.count_trails(run) == 100
        await traces.close()


async def test_a_server_that_falls_silent_is_given_up_and_its_rows_are_spooled(
    phoebe: tuple[PostgresServer, str], tmp_path: Path
) -> None:
    run = fresh_run()
    with Spool(tmp_path, 1 << 26) as spool:
        database = PostgresTraces(phoebe[1], statement_timeout_s=0.3)
        traces = SpooledTraces(database, spool, SystemClock())
        await traces.write(trail_batch(run, range(1, 11)))
        assert database._connection is not None
        backend = database._connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        try:
            assert await traces.write(trail_batch(run, range(11, 21))) == 50
            assert traces.recording.condition == "spooling"
        finally:
            os.kill(backend, signal.SIGCONT)
        while await traces.replay():
            await SystemClock().sleep_s(0.05)
        assert await traces.count_trails(run) == 100
        await traces.close()
