"""The servers of one village: embedded where the configuration names no other, watched and revived while it runs.

Source: docs/host.md; docs/domain.md section 7, "Boot".
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from psycopg.conninfo import make_conninfo

from nimmer.bus.identities import BRIDGE
from nimmer.bus.nats import NatsBus
from nimmer.cli.village import nats_passwords
from nimmer.clock import Clock
from nimmer.config import Settings
from nimmer.config.settings import redact
from nimmer.embedded.chroma_server import ChromaServer
from nimmer.embedded.credentials import Credentials
from nimmer.embedded.nats_conf import BrokerLimits
from nimmer.embedded.nats_server import NatsServer
from nimmer.embedded.postgres_server import PostgresOptions, PostgresServer
from nimmer.errors import HostError
from nimmer.host.household import Household
from nimmer.host.processes import ProcessId
from nimmer.life.restart import Backoff, GiveUp, RestartPolicy
from nimmer.stores.migrate import migrate

_RETRY = Backoff(first_s=0.5, most_s=5.0)
"""Waits between two tries to start a server that does not start."""


class Server(Protocol):
    """A child server as the watch sees it."""

    @property
    def identity(self) -> ProcessId:
        """The running process."""
        ...

    def poll(self) -> int | None:
        """Return None while it runs."""
        ...

    def restart(self) -> str:
        """Start it again on the same port."""
        ...

    def stop(self) -> None:
        """Stop it."""
        ...


@dataclass(slots=True)
class _Watched:
    server: Server
    policy: RestartPolicy
    due_s: float | None = None
    status: int | None = None
    """What it ended with last."""
    failed: int = 0
    """Starts in a row that did not succeed: tried again for ever, for a port or a disk comes free again."""
    given_up: bool = False


class Servers:
    """NATS, PostgreSQL and Chroma of one village."""

    def __init__(
        self, settings: Settings, household: Household, credentials: Credentials, clock: Clock
    ) -> None:
        """Prepare; nothing runs yet."""
        self._settings = settings
        self._household = household
        self._credentials = credentials
        self._clock = clock
        self._watched: dict[str, _Watched] = {}
        self._chroma: ChromaServer | None = None
        self.nats_url = ""
        self.postgres_dsn = ""
        self.chroma_url = ""
        """Where the vector store will answer; empty when there is to be none."""

    def start(self) -> None:
        """Start what the actors need and is not given as a URL; bring the database to this release's tables.

        Raises HostError or StoreError when a server does not come up.
        """
        settings, household = self._settings, self._household
        self._reserve_chroma()
        if settings.bus.url:
            self.nats_url = settings.bus.url
            asyncio.run(self._try_broker())
        else:
            nats = NatsServer(
                settings.state_path,
                settings.environment,
                self._credentials,
                self._clock,
                settings.bus.port,
                BrokerLimits(max_payload=settings.bus.max_payload_kb << 10),
            )
            self.nats_url = nats.start()
            self._watch("nats", nats)
        password = ""
        if settings.stores.postgres_url:
            self.postgres_dsn = settings.stores.postgres_url
        else:
            postgres = PostgresServer(
                settings.state_path,
                settings.environment,
                self._credentials,
                household.temp_dir(),
                self._clock,
                PostgresOptions(port=settings.stores.postgres_port, user=settings.stores.postgres_user),
            )
            self.postgres_dsn = postgres.start()
            password = self._credentials.postgres
            self._watch("postgres", postgres)
        household.update(nats_url=shown(self.nats_url), postgres_dsn=shown(self.postgres_dsn))
        migrate(make_conninfo(self.postgres_dsn, password=password) if password else self.postgres_dsn)

    async def _try_broker(self) -> None:
        """Log in once as the bridge. Raises BusError naming what is wrong: better here than in an actor."""
        password = nats_passwords(self._settings, self._credentials)[BRIDGE]
        bus = await NatsBus.connect(self.nats_url, BRIDGE, password, self._clock)
        await bus.close()

    def _reserve_chroma(self) -> None:
        """Know where the vector store will be, though it starts last; a port that is taken is said now."""
        stores = self._settings.stores
        if not stores.chroma:
            return
        if stores.chroma_url:
            self.chroma_url = stores.chroma_url
            return
        self._chroma = ChromaServer(self._settings.state_path, self._clock, stores.chroma_port)
        self.chroma_url = self._chroma.reserve()

    def start_chroma(self) -> None:
        """Start the vector store, without waiting for it: seconds of CPU that no first tick should wait behind."""
        self._household.update(chroma_url=shown(self.chroma_url) or None)
        if self._chroma is not None:
            self._chroma.start()
            self._watch("chroma", self._chroma)

    def tend(self, tell: Callable[[str], None]) -> None:
        """Start again what ended by itself, on its old port; say so, and say when it is given up."""
        now_s = self._clock.monotonic_s()
        for name, watched in self._watched.items():
            if watched.given_up or watched.server.poll() is None:
                continue
            if watched.due_s is None:
                verdict = watched.policy.on_death(now_s)
                if isinstance(verdict, GiveUp):
                    watched.given_up = True
                    tell(f"{name} is given up: {verdict.reason}")
                    continue
                watched.due_s, watched.status = now_s + verdict.after_s, watched.server.poll()
                tell(f"{name} ended with status {watched.status} and is started again")
            if now_s >= watched.due_s:
                self._revive(name, watched, tell)

    def stop(self) -> None:
        """Stop what we started, in the reverse order; may be called twice."""
        for watched in reversed(self._watched.values()):
            watched.server.stop()
        self._watched.clear()

    def _revive(self, name: str, watched: _Watched, tell: Callable[[str], None]) -> None:
        try:
            watched.server.restart()
        except HostError as error:
            watched.failed += 1
            wait_s = _RETRY.wait_s(watched.failed)
            watched.due_s = self._clock.monotonic_s() + wait_s
            tell(f"{name} does not start again, next try in {wait_s:g} s: {error}")
        else:
            watched.due_s, watched.failed = None, 0
            self._household.own_server(name, watched.server.identity)
            tell(f"{name} runs again, after it had ended with status {watched.status}")

    def _watch(self, name: str, server: Server) -> None:
        self._watched[name] = _Watched(server, RestartPolicy())
        self._household.own_server(name, server.identity)


def shown(url: str) -> str:
    """Return `url` as it may be written down: a password in it becomes ***."""
    return str(redact(url))
