"""The in-memory twin of the NATS bus: same contract, no server. For tests and single-process use.

It copies the broker's rules that callers can notice: wildcards, permissions, bounded queues, one handler call
at a time, streams that store a message id once, and an error at once when nobody listens to a request.
"""

import asyncio
import logging
from collections.abc import Iterable
from itertools import count

from nimmer.bus import subject as grammar
from nimmer.bus.bus import Ack, BusCounts, Delivery, Handler, Violation
from nimmer.bus.identities import Permissions, inbox_prefix
from nimmer.bus.streams import streams
from nimmer.bus.tally import Tally, Watchman
from nimmer.errors import BusError, BusPermissionError, BusUnavailableError

PENDING = 65536
"""Messages that may wait for one subscription's handler."""
IDS_KEPT = 65536
"""Message ids a stream remembers."""
EVERYTHING = Permissions((">",), (">",))
_LOG = logging.getLogger(__name__)


class MemoryBroker:
    """What in-memory buses share: who listens to what, and what the streams stored."""

    def __init__(self, environment: str = "dev", max_payload: int = 1 << 20) -> None:
        """Store what falls under the streams of `environment`; refuse payloads of more than `max_payload` bytes."""
        self._streams = streams(environment)
        self.max_payload = max_payload
        self.listeners: list[MemorySubscription] = []
        self._ids: dict[str, dict[str, int]] = {stream.name: {} for stream in self._streams}
        self._sequence: dict[str, int] = {stream.name: 0 for stream in self._streams}

    def connect(
        self,
        identity: str = "bridge",
        permissions: Permissions = EVERYTHING,
        on_violation: Violation | None = None,
    ) -> "MemoryBus":
        """Return a bus of `identity` with `permissions`."""
        return MemoryBus(self, identity, permissions, on_violation)

    def deliver(self, delivery: Delivery) -> int:
        """Hand a message to every listener it concerns; return how many that were."""
        concerned = [one for one in self.listeners if grammar.matches(one.subject, delivery.subject)]
        for listener in concerned:
            listener.put(delivery)
        return len(concerned)

    def store(self, subject: str, message_id: str) -> Ack | None:
        """Store a message id in the stream of `subject`; None when no stream stores it."""
        for stream in self._streams:
            if any(grammar.matches(pattern, subject) for pattern in stream.subjects):
                return self._store(stream.name, message_id)
        return None

    def _store(self, stream: str, message_id: str) -> Ack:
        ids = self._ids[stream]
        if message_id in ids:
            return Ack(stream, ids[message_id], duplicate=True)
        self._sequence[stream] += 1
        ids[message_id] = self._sequence[stream]
        if len(ids) > IDS_KEPT:
            del ids[next(iter(ids))]
        return Ack(stream, self._sequence[stream], duplicate=False)


class MemorySubscription:
    """A queue and the task that empties it into the handler."""

    def __init__(self, bus: "MemoryBus", subject: str, handler: Handler) -> None:
        """Start handling; must be called in a running event loop."""
        self.subject = subject
        self._bus = bus
        self._handler = handler
        self._waiting: asyncio.Queue[Delivery] = asyncio.Queue(PENDING)
        self._task = asyncio.get_running_loop().create_task(self._run())

    def put(self, delivery: Delivery) -> None:
        """Queue a message, or drop and count it when too many wait."""
        try:
            self._waiting.put_nowait(delivery)
        except asyncio.QueueFull:
            self._bus.watchman.slow(self.subject)

    async def cancel(self) -> None:
        """Stop handling messages. A second call does nothing."""
        if self in self._bus.broker.listeners:
            self._bus.broker.listeners.remove(self)
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            delivery = await self._waiting.get()
            try:
                answer = await self._handler(delivery)
            except Exception as error:  # the shell's loop: one bad message must not stop the next
                self._bus.watchman.handler_error(self.subject, error)
                continue
            if answer is not None and delivery.reply:
                self._bus.broker.deliver(Delivery(delivery.reply, answer, ""))


class MemoryBus:
    """One identity's side of a `MemoryBroker`; the port is `nimmer.bus.bus.Bus`."""

    def __init__(
        self, broker: MemoryBroker, identity: str, permissions: Permissions, on_violation: Violation | None
    ) -> None:
        """Prefer `MemoryBroker.connect`."""
        self.broker = broker
        self._permissions = permissions
        self._inbox = inbox_prefix(identity)
        self._numbers = count(1)
        self._tally = Tally()
        self.watchman = Watchman(identity, self._tally, on_violation, _LOG)
        self._subscriptions: list[MemorySubscription] = []
        self._closed = False

    @property
    def connected(self) -> bool:
        """Whether the bus is open."""
        return not self._closed

    @property
    def max_payload(self) -> int:
        """The largest message in bytes the broker takes."""
        return self.broker.max_payload

    @property
    def counts(self) -> BusCounts:
        """What this bus did so far."""
        return self._tally.read()

    async def publish(self, subject: str, payload: bytes, reply: str | None = None) -> None:
        """Deliver telemetry at once. Raises BusError when it is too large or the bus is closed."""
        self._check(subject, payload)
        if self._may_publish(subject):
            self._tally.published += 1
            self.broker.deliver(Delivery(subject, payload, reply or ""))

    async def publish_many(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Deliver many (subject, payload) pairs in order."""
        for subject, payload in messages:
            await self.publish(subject, payload)

    async def publish_acked(self, subject: str, payload: bytes, message_id: str) -> Ack:
        """Store a message once per `message_id`. Raises as `Bus.publish_acked` does."""
        self._check(subject, payload)
        if not self._may_publish(subject):
            self._tally.ack_failures += 1
            raise BusPermissionError(f"may not publish to {subject}")
        ack = self.broker.store(subject, message_id)
        if ack is None:
            self._tally.ack_failures += 1
            raise BusUnavailableError(f"no stream stores {subject}")
        self._tally.acked += 1
        self.broker.deliver(Delivery(subject, payload, ""))
        return ack

    async def subscribe(self, subject: str, handler: Handler) -> MemorySubscription:
        """Call `handler` for each message on `subject`. Raises as `Bus.subscribe` does."""
        self._open()
        if not grammar.hearable(subject):
            raise BusError(f"{subject!r} is no subject pattern")
        if not any(grammar.covers(allowed, subject) for allowed in self._permissions.subscribe):
            self.watchman.violation("subscribe", subject)
            raise BusPermissionError(f"may not subscribe to {subject}")
        subscription = MemorySubscription(self, subject, handler)
        self._subscriptions.append(subscription)
        self.broker.listeners.append(subscription)
        return subscription

    async def request(self, subject: str, payload: bytes, timeout_s: float) -> bytes:
        """Return the first answer. Raises as `Bus.request` does."""
        self._check(subject, payload)
        if not self._may_publish(subject):
            raise BusPermissionError(f"may not publish to {subject}")
        inbox = f"{self._inbox}.{next(self._numbers)}"
        first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        async def take(delivery: Delivery) -> None:
            if not first.done():
                first.set_result(delivery.payload)

        listener = await self.subscribe(inbox, take)
        try:
            if not self.broker.deliver(Delivery(subject, payload, inbox)):
                raise BusUnavailableError(f"nobody listens on {subject}: is a village running?")
            return await asyncio.wait_for(first, timeout_s)
        except TimeoutError:
            raise BusUnavailableError(f"nobody answered on {subject} within {timeout_s:g} s") from None
        finally:
            await listener.cancel()
            self._subscriptions.remove(listener)

    async def close(self) -> None:
        """End all subscriptions of this bus. A second call does nothing."""
        self._closed = True
        while self._subscriptions:
            await self._subscriptions.pop().cancel()

    def _open(self) -> None:
        if self._closed:
            raise BusUnavailableError("this bus is closed")

    def _check(self, subject: str, payload: bytes) -> None:
        self._open()
        if not grammar.sendable(subject):
            raise BusError(f"{subject!r} is no subject: it must be tokens joined by dots, without wildcards")
        if len(payload) > self.broker.max_payload:
            raise BusError(
                f"{subject}: payload has {len(payload)} bytes; the broker takes {self.broker.max_payload}"
            )

    def _may_publish(self, subject: str) -> bool:
        allowed = any(grammar.matches(pattern, subject) for pattern in self._permissions.publish)
        if not allowed:
            self.watchman.violation("publish", subject)
        return allowed
