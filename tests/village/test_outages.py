"""kill -9 of the servers: the broker comes back on its port, and an outage of the database costs no row."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import nats
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from nimmer.bus.identities import BRIDGE, GUEST
from nimmer.host.household import running
from nimmer.host.processes import ProcessId
from tests.village.nats_by_hand import HandClient
from tests.village.raised import Raised, until, wait_s

pytestmark = pytest.mark.village
OUTAGE_S = 30.0


def server(village: Raised, name: str) -> ProcessId:
    estate = running(village.state)
    assert estate is not None
    return estate.servers[name]


def stored(village: Raised, stream: str) -> int:
    """Return the sequence of the newest message in a stream."""

    async def look() -> int:
        found = village.found()
        client = await nats.connect(
            found.nats_url(), user=BRIDGE, password=found.password(BRIDGE), inbox_prefix=b"_INBOX.bridge"
        )
        try:
            state = (await client.jetstream().stream_info(stream)).state
        finally:
            await client.close()
        return state.last_seq

    return asyncio.run(look())


def test_a_killed_broker_comes_back_on_its_port_and_the_bridge_with_it(village: Raised) -> None:
    port = urlsplit(village.found().nats_url()).port
    before, kept = village.status(), stored(village, "TRAINING_DATA")
    victim = server(village, "nats")

    def die_and_return() -> None:
        village.kill(victim)

        def lives() -> bool:
            status = village.status()
            return status.bus.connected and status.bus.reconnects > before.bus.reconnects

        until(lives, 60.0, "the bridge is connected again")

    pace = village.pace(die_and_return)
    assert pace.world >= 0.9
    assert pace.npcs >= 0.9
    assert server(village, "nats") != victim
    assert urlsplit(village.found().nats_url()).port == port
    told = village.json("bus", "credentials", "--identity", GUEST)
    with HandClient(told["url"], told["user"], told["password"]) as guest:
        guest.subscribe("dev.npc.7.state")
        assert guest.hear().json()["body"]["npc_id"] == 7
    until(lambda: stored(village, "TRAINING_DATA") > kept, 30.0, "training data is stored again")
    until(
        lambda: any("nats runs again" in line for line in village.status().incidents), 10.0, "status names it"
    )


def trained(village: Raised) -> int:
    """Return how many messages the training stream holds."""
    return stored(village, "TRAINING_DATA")


class Squatter:
    """Sits on a port and hangs up on everyone who calls."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._thread = threading.Thread(target=self._hang_up)

    def take(self, port: int) -> None:
        self._socket.bind(("127.0.0.1", port))
        self._socket.listen()
        self._thread.start()

    def leave(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._socket.accept()[0].close()


@contextmanager
def held_down(village: Raised, port: int) -> Iterator[None]:
    """Kill PostgreSQL and sit on its port, so that the launcher cannot start it again."""
    squatter = Squatter()
    village.kill(server(village, "postgres"))
    squatter.take(port)
    try:
        yield
    finally:
        squatter.leave()


def test_half_a_minute_without_the_database_costs_no_row(village: Raised) -> None:
    dsn = running(village.state)
    assert dsn is not None
    port = int(str(conninfo_to_dict(str(dsn.postgres_dsn))["port"]))
    before = village.status()
    stream = trained(village)

    def outage() -> None:
        with held_down(village, port):
            until(
                lambda: (one := village.status()).stores.state == "spooling" and one.stores.spooled_rows > 0,
                20.0,
                "rows are spooled",
            )
            until(
                lambda: any(
                    "postgres ended with status -9" in line or "postgres does not start" in line
                    for line in village.status().incidents
                ),
                20.0,
                "the status names what happened",
            )
            wait_s(OUTAGE_S)
            with pytest.raises(psycopg.OperationalError):
                village.rows("select 1")

    pace = village.pace(outage)
    assert pace.world >= 0.9
    assert pace.npcs >= 0.9
    assert trained(village) > stream  # the bus did not wait for the database

    def whole() -> bool:
        stores = village.status().stores
        return stores.state == "connected" and stores.spooled_rows == 0

    until(whole, 60.0, "the spool has followed")
    after = village.status()
    assert after.stores.trail_rows_lost == 0
    assert after.stores.trail_rows > before.stores.trail_rows + 9 * OUTAGE_S
    village.complete()
    assert any("postgres runs again" in line for line in after.incidents)
    assert any("recorder" in line for line in after.incidents)
