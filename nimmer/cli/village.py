"""The running village as other commands find it: through run.json and credentials.json, and over the bus.

Source: docs/host.md, the state directory; docs/domain.md section 7.
"""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import msgspec
from psycopg.conninfo import make_conninfo

from nimmer.bus.message import Source, encode, expect
from nimmer.bus.nats import NatsBus
from nimmer.clock import Clock, SystemClock
from nimmer.config import Settings
from nimmer.embedded.credentials import Credentials
from nimmer.embedded.credentials import load as load_credentials
from nimmer.errors import HostError
from nimmer.host.estate import Estate
from nimmer.host.household import last_known, running
from nimmer.host.private_file import read_private

B = TypeVar("B", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class RunningVillage:
    """A village whose launcher is alive, and how to reach its servers.

    estate: what its run.json says; passwords: NATS password by identity; reader_password: of the
    database role watch; timeout_s: how long an answer may take.
    """

    estate: Estate
    state_path: Path
    passwords: Mapping[str, str]
    reader_password: str
    timeout_s: float

    @property
    def environment(self) -> str:
        """Return the village's environment."""
        return self.estate.environment

    def patient(self, timeout_s: float) -> "RunningVillage":
        """Return the same village, asked with more patience: an answer may take `timeout_s`."""
        return replace(self, timeout_s=timeout_s)

    def nats_url(self) -> str:
        """Return the broker's address. Raises HostError while the village has none yet."""
        if self.estate.nats_url is None:
            raise HostError(f"the village in {self.state_path} is still starting: try again in a few seconds")
        return self.estate.nats_url

    def reader_url(self) -> str:
        """Return how to read the village's own database, as the role that may only read.

        Raises:
            HostError: the database has not been started yet.
        """
        if self.estate.postgres_dsn is None:
            raise HostError(f"the village in {self.state_path} has not started its database yet: try again")
        return make_conninfo(self.estate.postgres_dsn, user="watch", password=self.reader_password)

    def password(self, identity: str) -> str:
        """Return the NATS password of `identity`. Raises HostError naming the identities there are."""
        if identity not in self.passwords:
            raise HostError(
                f"there is no identity {identity!r}; choose one of {', '.join(sorted(self.passwords))}"
            )
        return self.passwords[identity]

    @asynccontextmanager
    async def connect(self, identity: str) -> AsyncIterator[NatsBus]:
        """Be on the bus as `identity` for a while. Raises BusUnavailableError when no broker answers."""
        bus = await NatsBus.connect(self.nats_url(), identity, self.password(identity), SystemClock())
        try:
            yield bus
        finally:
            await bus.close()

    async def ask(self, identity: str, subject: str, body: msgspec.Struct, kind: type[B]) -> B:
        """Ask one question as `identity` and return its answer.

        Args:
            identity: who asks.
            subject: without the environment, such as "thalamus.status.request".
            body: the question.
            kind: the message type of the answer.

        Raises:
            BusError: no broker, no answer in time, or the identity may not ask this.
            MessageError: the village refused the question, or its answer is malformed.
        """
        clock: Clock = SystemClock()
        payload = encode(body, Source(f"cli.{identity}", "service"), clock.unix_s(), str(uuid.uuid4()))
        async with self.connect(identity) as bus:
            reply = await bus.request(f"{self.environment}.{subject}", payload, self.timeout_s)
        return expect(kind, reply)


def find_village(settings: Settings) -> RunningVillage:
    """Return the village that runs in the state directory of `settings`.

    Raises:
        HostError: none runs there, or its files are unsafe or damaged.
    """
    state = settings.state_path
    estate = running(state)
    if estate is None:
        left = last_known(state)
        why = f" (that of pid {left.launcher.pid} has ended)" if left else ""
        raise HostError(f"no village is running in {state}{why}: start one with `nimmer up`")
    credentials = load_credentials(state)
    passwords = nats_passwords(settings, credentials)
    return RunningVillage(
        estate, state, passwords, credentials.postgres_watch, settings.bus.request_timeout_s
    )


def nats_passwords(settings: Settings, credentials: Credentials) -> Mapping[str, str]:
    """Return the NATS password by identity: of `bus.passwords_file` when set, else the generated ones.

    Raises HostError when the file is missing, unsafe or malformed.
    """
    file = settings.bus.passwords_file
    if file is None:
        return credentials.nats
    try:
        return msgspec.json.decode(read_private(file), type=dict[str, str])
    except FileNotFoundError:
        raise HostError(f"bus.passwords_file {file} does not exist") from None
    except msgspec.MsgspecError as error:
        raise HostError(f"bus.passwords_file {file} must map identities to passwords: {error}") from error
