"""The bus over a NATS server; with `nats_streams` and `nats_objects` the one importer of nats-py in nimmer.

Done here: a subscription is live when `subscribe` returns (flushed twice, for PING may overtake SUB), what is forbidden
is a BusPermissionError, every drop is counted, the connection sought for ever. Source: docs/domain.md section 7.
"""

import asyncio
import logging
import re
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from nats import errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsInterest

from nimmer.bus import nats_streams
from nimmer.bus import subject as grammar
from nimmer.bus.bus import Ack, BusCounts, Delivery, Handler, Violation
from nimmer.bus.identities import inbox_prefix
from nimmer.bus.streams import Stream
from nimmer.bus.tally import Tally, Watchman
from nimmer.clock import Clock, SystemClock
from nimmer.errors import BusError, BusPermissionError, BusUnavailableError

PENDING_MESSAGES = 65536  # that may wait for one subscription's handler
PENDING_BYTES = 32 << 20
OUTBOUND_BYTES = 16 << 20  # that may wait for the broker before telemetry is dropped
YIELD_EVERY = 512  # messages after which a long batch lets the socket be written
COMMAND_BYTES = 64  # what the protocol adds to a message's subject and payload, at most
RETRY_S = 0.1
SUBJECTS_KNOWN = 65536
_REFUSED = re.compile(r'permissions violation for (publish|subscription) to "([^"]+)"')
_LOG = logging.getLogger(__name__)
T = TypeVar("T")


class NatsSubscription:
    """A live interest in a subject; survives reconnects."""

    def __init__(self, bus: "NatsBus", subject: str, handler: Handler) -> None:
        """Prefer `NatsBus.subscribe`."""
        self.subject = subject
        self.interest: NatsInterest | None = None
        self._bus = bus
        self._handler = handler

    async def take(self, message: Msg) -> None:
        """Handle one message; answer it when the handler returns bytes and an answer is awaited."""
        try:
            answer = await self._handler(Delivery(message.subject, message.data, message.reply))
            if answer is not None and message.reply:
                await self._bus.publish(message.reply, answer)
        except Exception as error:  # the shell's loop: one bad message must not stop the next
            self._bus.watchman.handler_error(self.subject, error)

    async def cancel(self) -> None:
        """Stop handling messages. A second call does nothing."""
        self._bus.forget(self)
        interest, self.interest = self.interest, None
        if interest is not None:
            try:
                await interest.unsubscribe()
            except errors.Error as gone:
                _LOG.debug("unsubscribing from %s: %s", self.subject, gone)


class NatsBus:
    """One identity's connection to a NATS server; the port is `nimmer.bus.bus.Bus`."""

    def __init__(
        self,
        url: str,
        identity: str,
        password: str,
        clock: Clock,
        on_violation: Violation | None = None,
        ack_timeout_s: float = 5.0,
    ) -> None:
        """Prefer `NatsBus.connect`."""
        self.url = url
        self.identity = identity
        self._password = password
        self._clock = clock
        self._ack_timeout_s = ack_timeout_s
        self._tally = Tally()
        self._on_violation = on_violation
        self.watchman = Watchman(identity, self._tally, self._violated, _LOG)
        self._subscriptions: list[NatsSubscription] = []
        self._asking: dict[str, set[asyncio.Future[None]]] = {}
        self._refused: set[str] = set()
        self._known: set[str] = set()
        self._client = Client()
        self._closing = False
        self._dialling = False
        self._revival: asyncio.Task[None] | None = None

    @classmethod
    async def connect(
        cls,
        url: str,
        identity: str,
        password: str,
        clock: Clock | None = None,
        on_violation: Violation | None = None,
        ack_timeout_s: float = 5.0,
    ) -> "NatsBus":
        """Return a bus of `identity` at the server `url` (`nats://127.0.0.1:4222`).

        Args:
            url: where the server listens; only this one is sought again after a loss.
            identity: the NATS user, one of `nimmer.bus.identities`.
            password: its password.
            clock: for waiting between attempts; the wall clock when None.
            on_violation: told of every operation the broker refuses.
            ack_timeout_s: how long `publish_acked` tries.

        Raises BusUnavailableError when no server answers, BusPermissionError when it refuses the login.
        """
        bus = cls(url, identity, password, clock or SystemClock(), on_violation, ack_timeout_s)
        await bus._dial()
        return bus

    @property
    def connected(self) -> bool:
        """Whether the server is there now."""
        return self._client.is_connected

    @property
    def client(self) -> Client:
        """The client of the moment. Raises BusUnavailableError while the server is away."""
        self._open()
        if not self.connected:
            raise BusUnavailableError(f"{self._where()} is away; it is sought again, try later")
        return self._client

    @property
    def max_payload(self) -> int:
        """The largest message in bytes the server takes."""
        return int(self._client.max_payload)

    @property
    def counts(self) -> BusCounts:
        """What this bus did so far."""
        return self._tally.read()

    async def publish(self, subject: str, payload: bytes, reply: str | None = None) -> None:
        """Hand over telemetry; never waits. Raises BusError when it is too large or the bus is closed."""
        self._check(subject, payload)
        if reply is not None and not grammar.sendable(reply):
            raise BusError(f"{reply!r} is no reply subject")
        if self._room() < len(subject) + len(payload) + COMMAND_BYTES:
            self._tally.dropped += 1
            return
        try:
            await self._client.publish(subject, payload, reply or "")
        except errors.ConnectionClosedError:
            self._tally.dropped += 1
            return
        self._tally.published += 1

    async def publish_many(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Hand over many (subject, payload) pairs in order; gives way to the loop every 512 messages."""
        self._open()
        publish, largest, overhead = self._client.publish, self._client.max_payload, COMMAND_BYTES
        known = self._known
        room, sent, dropped = self._room(), 0, 0
        try:
            for subject, payload in messages:
                size = len(payload)
                room -= size + len(subject) + overhead
                if size > largest or subject not in known:
                    self._check(subject, payload)
                if room < 0:
                    dropped += 1
                    continue
                await publish(subject, payload)
                sent += 1
                if not (self._tally.published + sent) % YIELD_EVERY:
                    await self._clock.sleep_s(0.0)
                    room = self._room()
        except errors.ConnectionClosedError:
            dropped += 1
        finally:
            self._tally.published += sent
            self._tally.dropped += dropped

    async def publish_acked(self, subject: str, payload: bytes, message_id: str) -> Ack:
        """Store a message once per `message_id`. Raises as `Bus.publish_acked` does."""
        self._check(subject, payload)
        try:
            stored = nats_streams.store(self._client, subject, payload, message_id, self._clock)
            async with asyncio.timeout(self._ack_timeout_s):
                ack = await self._unless_refused(subject, stored)
        except TimeoutError:
            self._tally.ack_failures += 1
            raise BusUnavailableError(
                f"{self._where()} did not acknowledge {subject} within {self._ack_timeout_s:g} s"
            ) from None
        except BusError:
            self._tally.ack_failures += 1
            raise
        self._tally.acked += 1
        return ack

    async def subscribe(self, subject: str, handler: Handler) -> NatsSubscription:
        """Call `handler` for each message on `subject`. Raises as `Bus.subscribe` does."""
        self._open()
        if not grammar.hearable(subject):
            raise BusError(f"{subject!r} is no subject pattern")
        subscription = NatsSubscription(self, subject, handler)
        self._refused.discard(subject.lower())
        try:
            await self._listen(subscription)
        except (errors.Error, TimeoutError) as error:
            await subscription.cancel()
            raise BusUnavailableError(f"{self._where()} did not take {subject}: {error}") from None
        if subject.lower() in self._refused:
            await subscription.cancel()
            raise BusPermissionError(f"{self.identity} may not subscribe to {subject}")
        self._subscriptions.append(subscription)
        return subscription

    async def request(self, subject: str, payload: bytes, timeout_s: float) -> bytes:
        """Return the first answer. Raises as `Bus.request` does."""
        self._check(subject, payload)
        client = self.client
        try:
            asked = client.request(subject, payload, timeout=timeout_s)
            return (await self._unless_refused(subject, asked)).data
        except errors.NoRespondersError:
            raise BusUnavailableError(f"nobody listens on {subject}: is a village running?") from None
        except errors.TimeoutError:
            raise BusUnavailableError(f"nobody answered on {subject} within {timeout_s:g} s") from None
        except errors.Error as error:
            raise BusUnavailableError(f"{self._where()}: {error}") from None

    async def ensure_streams(self, streams: Iterable[Stream]) -> None:
        """Create the streams or bring them up to date; needs the right to `$JS.API.>`.

        Raises BusUnavailableError when JetStream does not answer, BusError when it refuses one.
        """
        await nats_streams.ensure(self._client, streams)

    async def close(self) -> None:
        """Send what waits, then let go of the server. A second call does nothing."""
        if self._closing:
            return
        self._closing = True
        if self._revival is not None:
            self._revival.cancel()
            await asyncio.wait([self._revival])
        if self._client.is_connected:
            try:
                await self._client.flush(2)
            except errors.Error as error:
                _LOG.debug("closing: %s", error)
        await self._client.close()
        self._subscriptions.clear()

    def forget(self, subscription: NatsSubscription) -> None:
        """Do not renew `subscription` after a loss of the server."""
        self._subscriptions = [one for one in self._subscriptions if one is not subscription]

    async def _dial(self) -> None:
        """Connect a fresh client: fail fast this first time, then let it reconnect for ever."""
        client = Client()
        self._dialling = True
        try:
            await client.connect(
                self.url,
                name=f"nimmer {self.identity}",
                user=self.identity,
                password=self._password,
                inbox_prefix=inbox_prefix(self.identity),
                error_cb=self._on_error,
                reconnected_cb=self._on_reconnect,
                closed_cb=self._on_close,
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=RETRY_S,  # type: ignore[arg-type]  # seconds; nats-py only sleeps for it
                pending_size=2 * OUTBOUND_BYTES,
                skip_subject_validation=True,  # `_check` does it
            )
        except errors.NoServersError:
            raise BusUnavailableError(
                f"{self._where()} does not answer: start a village with `nimmer up`, or correct bus.url"
            ) from None
        except (errors.Error, OSError, TimeoutError) as error:
            if "authorization" in str(error).lower():
                raise BusPermissionError(f"{self._where()} refuses the login of {self.identity}") from None
            raise BusUnavailableError(f"{self._where()} does not answer as a NATS server: {error}") from None
        finally:
            if not client.is_connected:
                await client.close()  # nats-py leaves the socket of a refused login open
            self._dialling = False
        client.options.update(allow_reconnect=True, max_reconnect_attempts=-1)
        self._client = client

    async def _listen(self, subscription: NatsSubscription) -> None:
        subscription.interest = await self._client.subscribe(
            subscription.subject,
            cb=subscription.take,
            pending_msgs_limit=PENDING_MESSAGES,
            pending_bytes_limit=PENDING_BYTES,
        )
        await self._client.flush(5)
        await self._client.flush(5)

    async def _unless_refused(self, subject: str, work: Coroutine[Any, Any, T]) -> T:
        """Return what `work` returns, or raise BusPermissionError as soon as `subject` is refused."""
        refused: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._asking.setdefault(subject.lower(), set())
        waiting.add(refused)
        task: asyncio.Task[T] = asyncio.get_running_loop().create_task(work)
        try:
            await asyncio.wait((task, refused), return_when=asyncio.FIRST_COMPLETED)
            if refused.done():
                raise BusPermissionError(f"{self.identity} may not publish to {subject}")
            return task.result()
        finally:
            task.cancel()
            await asyncio.wait((task,))
            waiting.discard(refused)
            if not waiting:
                self._asking.pop(subject.lower(), None)

    def _violated(self, operation: str, subject: str) -> None:
        if operation == "subscribe":
            self._refused.add(subject)
        for refused in self._asking.get(subject, ()):
            if operation == "publish" and not refused.done():
                refused.set_result(None)
        if self._on_violation is not None:
            self._on_violation(operation, subject)

    async def _on_error(self, error: Exception) -> None:
        found = _REFUSED.search(str(error).lower())
        if found is not None:
            self.watchman.violation("publish" if found[1] == "publish" else "subscribe", found[2])
        elif isinstance(error, errors.SlowConsumerError):
            self.watchman.slow(error.sub.subject)
        else:
            self.watchman.trouble(type(error).__name__, f"{self._where()}: {error}")

    async def _on_reconnect(self) -> None:
        self._tally.reconnects += 1
        self.watchman.calm()

    async def _on_close(self) -> None:
        """The server sent an error that nats-py answers by closing for good: start over."""
        if not (self._closing or self._dialling) and (self._revival is None or self._revival.done()):
            self._revival = asyncio.get_running_loop().create_task(self._revive())

    async def _revive(self) -> None:
        while not self._closing:
            await self._clock.sleep_s(RETRY_S)
            try:
                await self._dial()
                for subscription in self._subscriptions:
                    await self._listen(subscription)
            except (BusError, errors.Error) as error:
                self.watchman.trouble("revival", str(error))
                await self._client.close()  # half-made: its subscriptions must not hear twice
            else:
                await self._on_reconnect()
                return

    def _room(self) -> int:
        """Bytes that may still be handed over; none while the server is away."""
        return OUTBOUND_BYTES - self._client.pending_data_size if self._client.is_connected else 0

    def _open(self) -> None:
        if self._closing:
            raise BusUnavailableError("this bus is closed")

    def _check(self, subject: str, payload: bytes) -> None:
        """Raise BusError when a message cannot be sent; nats-py's own check, but once per subject."""
        self._open()
        if subject not in self._known:
            self._learn(subject)
        if len(payload) > self._client.max_payload:
            raise BusError(
                f"{subject}: payload has {len(payload)} bytes; the broker takes {self._client.max_payload}"
            )

    def _learn(self, subject: str) -> None:
        if not grammar.sendable(subject):
            raise BusError(f"{subject!r} is no subject: it must be tokens joined by dots, without wildcards")
        if len(self._known) >= SUBJECTS_KNOWN:
            self._known.clear()
        self._known.add(subject)

    def _where(self) -> str:
        """The server without the user and password its URL may hold."""
        parts = urlsplit(self.url)
        return f"the NATS server {parts.scheme}://{parts.hostname}:{parts.port or 4222}"
