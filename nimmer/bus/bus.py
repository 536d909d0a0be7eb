"""The port every part of nimmer speaks and listens through; the drivers are `memory.py` and `nats.py`.

Telemetry is fire-and-forget and counted; what must not be lost is published with an id and acknowledged;
questions are requests. Payloads are bytes: what they mean is `nimmer.bus.message`'s business.
Source: docs/domain.md section 7.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Delivery(NamedTuple):
    """One message as a handler gets it; `reply` is where an answer is awaited, "" for nowhere."""

    subject: str
    payload: bytes
    reply: str


Handler = Callable[[Delivery], Awaitable[bytes | None]]
"""What is done with a message. The bytes it returns are sent as the answer when one is awaited."""

Violation = Callable[[str, str], None]
"""Told of each forbidden (operation, subject), operation being `publish` or `subscribe`."""


class Ack(NamedTuple):
    """What storing a message gave: the stream, its sequence there, and whether its id was stored before."""

    stream: str
    sequence: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class BusCounts:
    """What a bus did since it was made.

    published: telemetry handed to the broker; dropped: telemetry given up because the broker was away or
    too slow, or a handler was; acked and ack_failures: of acknowledged publishing; permission_violations:
    operations the broker refused; handler_errors: messages whose handler raised.
    """

    published: int = 0
    dropped: int = 0
    acked: int = 0
    ack_failures: int = 0
    reconnects: int = 0
    permission_violations: int = 0
    handler_errors: int = 0


class Subscription(Protocol):
    """A live interest in a subject."""

    async def cancel(self) -> None:
        """Stop handling messages; those waiting are discarded. A second call does nothing."""
        ...


class Bus(Protocol):
    """One identity's connection to the broker. Not for use from several threads."""

    @property
    def connected(self) -> bool:
        """Whether a broker is there now."""
        ...

    @property
    def max_payload(self) -> int:
        """The largest message in bytes the broker takes."""
        ...

    @property
    def counts(self) -> BusCounts:
        """What this bus did so far."""
        ...

    async def publish(self, subject: str, payload: bytes, reply: str | None = None) -> None:
        """Hand over telemetry; never waits. Counted as dropped when the broker is away or too slow.

        Raises BusError when the payload is larger than the broker takes, or the bus is closed.
        """
        ...

    async def publish_many(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Hand over many (subject, payload) pairs in order, like `publish` at less cost for each."""
        ...

    async def publish_acked(self, subject: str, payload: bytes, message_id: str) -> Ack:
        """Store a message in its stream, once per `message_id` however often this is called.

        Raises BusUnavailableError when it was not acknowledged in time (call again with the same id),
        BusPermissionError when this identity may not publish there.
        """
        ...

    async def subscribe(self, subject: str, handler: Handler) -> Subscription:
        """Call `handler` for each message on `subject` (wildcards `*`, `>`), one at a time, in order.

        Returns when the subscription is live. A handler that raises is logged and counted, the next message
        is handled all the same. Raises BusPermissionError when this identity may not subscribe there,
        BusUnavailableError when the broker is away.
        """
        ...

    async def request(self, subject: str, payload: bytes, timeout_s: float) -> bytes:
        """Return the first answer to `payload`.

        Raises BusUnavailableError at once when nobody listens on `subject` or the broker is away, and after
        `timeout_s` when nobody answered; BusPermissionError when this identity may not publish there.
        """
        ...

    async def close(self) -> None:
        """Let go of the broker after what was handed over has left. A second call does nothing."""
        ...
