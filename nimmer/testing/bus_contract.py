"""What every driver of the bus port must do, as tests that both drivers inherit.

A driver's test class inherits `BusContract` and gives a fixture `broker`: a `Broker` with the streams of
`nimmer.bus.streams` and the identities of `dev`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import pytest

from nimmer.bus.bus import Bus, Delivery, Violation
from nimmer.errors import BusError, BusPermissionError, BusUnavailableError

PATIENCE_S = 10.0
STATE = "dev.npc.7.state"
ASK = "dev.world.quiz.request"
TRAINING = "dev.thalamus.traces.training"


class Broker(Protocol):
    """A broker under test."""

    async def join(self, identity: str, on_violation: Violation | None = None) -> Bus:
        """Return a new bus of `identity`, one of `nimmer.bus.identities`."""
        ...


class Ear:
    """A handler that keeps what it hears and answers `answer`."""

    def __init__(self, answer: bytes | None = None) -> None:
        """Answer every message with `answer`, None for no answer."""
        self._heard: asyncio.Queue[Delivery] = asyncio.Queue()
        self._answer = answer

    async def __call__(self, delivery: Delivery) -> bytes | None:
        """Keep one message."""
        self._heard.put_nowait(delivery)
        return self._answer

    async def next(self) -> Delivery:
        """Return the next message heard, in order."""
        return await asyncio.wait_for(self._heard.get(), PATIENCE_S)

    @property
    def waiting(self) -> int:
        """Messages heard and not yet asked for."""
        return self._heard.qsize()


@asynccontextmanager
async def joined(broker: Broker, identity: str, on_violation: Violation | None = None) -> AsyncIterator[Bus]:
    """Be on the bus for a while."""
    bus = await broker.join(identity, on_violation)
    try:
        yield bus
    finally:
        await bus.close()


class BusContract:
    """The contract; inherit it and give a fixture `broker`."""

    async def test_what_is_published_is_heard(self, broker: Broker) -> None:
        """One subject, one listener, and both sides count."""
        async with joined(broker, "bridge") as bridge, joined(broker, "guest") as guest:
            ear = Ear()
            await guest.subscribe(STATE, ear)
            await bridge.publish(STATE, b"one")
            assert await ear.next() == Delivery(STATE, b"one", "")
            assert bridge.counts.published == 1
            assert bridge.counts.dropped == 0
            assert bridge.connected

    async def test_a_star_is_one_token_and_a_bracket_the_rest(self, broker: Broker) -> None:
        """Both wildcards, and a subject that only one of them matches."""
        async with joined(broker, "bridge") as bus:
            star, rest = Ear(), Ear()
            await bus.subscribe("dev.npc.*.state", star)
            await bus.subscribe("dev.npc.>", rest)
            await bus.publish("dev.npc.7.action", b"a")
            await bus.publish("dev.npc.8.state", b"s")
            assert (await star.next()).subject == "dev.npc.8.state"
            assert [(await rest.next()).payload for _ in range(2)] == [b"a", b"s"]

    async def test_many_messages_keep_their_order(self, broker: Broker) -> None:
        """More than the driver hands over at a time."""
        async with joined(broker, "bridge") as bus:
            ear = Ear()
            await bus.subscribe("dev.npc.*.state", ear)
            await bus.publish_many((STATE, b"%d" % number) for number in range(1500))
            assert [int((await ear.next()).payload) for _ in range(1500)] == list(range(1500))
            assert bus.counts.published == 1500

    async def test_a_request_gets_what_the_handler_returns(self, broker: Broker) -> None:
        """Across identities, each with its own inbox."""
        async with joined(broker, "bridge") as bridge, joined(broker, "guest") as guest:
            await bridge.subscribe(ASK, Ear(answer=b"all know all"))
            assert await guest.request(ASK, b"quiz", PATIENCE_S) == b"all know all"

    async def test_a_request_nobody_listens_to_fails_at_once(self, broker: Broker) -> None:
        """The long timeout must not be waited for."""
        async with joined(broker, "guest") as guest:
            with pytest.raises(BusUnavailableError, match="nobody listens on dev"):
                await asyncio.wait_for(guest.request(ASK, b"", 600.0), PATIENCE_S)

    async def test_a_request_nobody_answers_fails_after_its_timeout(self, broker: Broker) -> None:
        """A handler that returns None does not answer."""
        async with joined(broker, "bridge") as bridge, joined(broker, "guest") as guest:
            await bridge.subscribe(ASK, Ear(answer=None))
            with pytest.raises(BusUnavailableError, match="nobody answered"):
                await guest.request(ASK, b"", 0.05)

    async def test_a_handler_that_fails_is_counted_and_goes_on(self, broker: Broker) -> None:
        """The bad message is the first of two."""
        ear = Ear()

        async def picky(delivery: Delivery) -> bytes | None:
            if delivery.payload == b"bad":
                raise ValueError("bad message")
            return await ear(delivery)

        async with joined(broker, "bridge") as bus:
            await bus.subscribe(STATE, picky)
            await bus.publish(STATE, b"bad")
            await bus.publish(STATE, b"good")
            assert (await ear.next()).payload == b"good"
            assert bus.counts.handler_errors == 1

    async def test_a_handler_is_never_called_twice_at_once(self, broker: Broker) -> None:
        """The first call is held until the second message has certainly arrived."""
        running: list[int] = []
        gate, done = asyncio.Event(), Ear()

        async def slow(delivery: Delivery) -> bytes | None:
            running.append(1)
            assert len(running) == 1
            await gate.wait()
            running.clear()
            return await done(delivery)

        async with joined(broker, "bridge") as bus:
            witness = Ear()
            await bus.subscribe(STATE, slow)
            await bus.subscribe(STATE, witness)
            await bus.publish(STATE, b"1")
            await bus.publish(STATE, b"2")
            assert [(await witness.next()).payload for _ in range(2)] == [b"1", b"2"]
            gate.set()
            assert [(await done.next()).payload for _ in range(2)] == [b"1", b"2"]
            assert bus.counts.handler_errors == 0

    async def test_a_message_id_is_stored_once(self, broker: Broker) -> None:
        """Publishing again with the same id gives the first one's sequence."""
        async with joined(broker, "bridge") as bus:
            first = await bus.publish_acked(TRAINING, b"rows", "id-1")
            again = await bus.publish_acked(TRAINING, b"rows", "id-1")
            other = await bus.publish_acked(TRAINING, b"rows", "id-2")
            assert (first.stream, first.duplicate) == ("TRAINING_DATA", False)
            assert (again.sequence, again.duplicate) == (first.sequence, True)
            assert (other.sequence, other.duplicate) == (first.sequence + 1, False)
            assert bus.counts.acked == 3

    async def test_what_no_stream_stores_is_not_acknowledged(self, broker: Broker) -> None:
        """The failure is raised and counted."""
        async with joined(broker, "bridge") as bus:
            with pytest.raises(BusUnavailableError, match="no stream stores"):
                await bus.publish_acked(STATE, b"", "id-3")
            assert (bus.counts.acked, bus.counts.ack_failures) == (0, 1)

    async def test_a_forbidden_publish_is_seen_and_not_delivered(self, broker: Broker) -> None:
        """Publishing does not wait, so the refusal comes by callback and count."""
        told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

        def tell(operation: str, subject: str) -> None:
            told.put_nowait((operation, subject))

        async with joined(broker, "bridge") as bridge, joined(broker, "guest", tell) as guest:
            ear = Ear()
            await bridge.subscribe("dev.>", ear)
            await guest.publish("dev.thalamus.gate.open", b"forged")
            assert await asyncio.wait_for(told.get(), PATIENCE_S) == ("publish", "dev.thalamus.gate.open")
            await bridge.publish(STATE, b"after")
            assert (await ear.next()).payload == b"after"
            assert guest.counts.permission_violations == 1

    async def test_a_forbidden_subscription_raises(self, broker: Broker) -> None:
        """Commands, and the inbox of another identity."""
        async with joined(broker, "guest") as guest:
            for subject in ("dev.npc.*.commands.>", "_INBOX.operator.>", "prod.npc.*.state", "_INBOX.>"):
                with pytest.raises(BusPermissionError, match="may not subscribe"):
                    await guest.subscribe(subject, Ear())
            assert guest.counts.permission_violations == 4

    async def test_a_forbidden_request_raises_before_its_timeout(self, broker: Broker) -> None:
        """A guest gives no orders."""
        async with joined(broker, "bridge") as bridge, joined(broker, "guest") as guest:
            await bridge.subscribe("dev.npc.*.commands.>", Ear(answer=b"done"))
            with pytest.raises(BusPermissionError, match="may not publish"):
                await asyncio.wait_for(
                    guest.request("dev.npc.theia.commands.tick_hz", b"", 600.0), PATIENCE_S
                )

    async def test_a_forbidden_acked_publish_raises(self, broker: Broker) -> None:
        """A guest stores nothing."""
        async with joined(broker, "guest") as guest:
            with pytest.raises(BusPermissionError, match="may not publish"):
                await guest.publish_acked(TRAINING, b"", "id-4")
            assert guest.counts.ack_failures == 1

    async def test_too_large_a_payload_is_refused_by_name(self, broker: Broker) -> None:
        """One byte more than the broker takes."""
        async with joined(broker, "bridge") as bus:
            with pytest.raises(BusError, match="payload has 1048577 bytes; the broker takes 1048576"):
                await bus.publish(STATE, bytes((1 << 20) + 1))

    async def test_a_malformed_subject_is_refused(self, broker: Broker) -> None:
        """A line break in a subject could smuggle commands to the broker."""
        async with joined(broker, "bridge") as bus:
            for subject in ("", "dev..state", "dev.npc.*.state", "dev.npc.7.state\r\nPING", "dev.npc 7"):
                with pytest.raises(BusError, match="is no subject"):
                    await bus.publish(subject, b"")
                with pytest.raises(BusError, match="is no subject"):
                    await bus.publish_many([(subject, b"")])
            for pattern in ("", "dev.>.state", "dev.np*", "dev.npc 7"):
                with pytest.raises(BusError, match="is no subject pattern"):
                    await bus.subscribe(pattern, Ear())

    async def test_a_cancelled_subscription_hears_nothing_more(self, broker: Broker) -> None:
        """Cancelling twice is harmless."""
        async with joined(broker, "bridge") as bus:
            cancelled, other = Ear(), Ear()
            subscription = await bus.subscribe(STATE, cancelled)
            await bus.subscribe(STATE, other)
            await subscription.cancel()
            await subscription.cancel()
            await bus.publish(STATE, b"late")
            await other.next()
            assert cancelled.waiting == 0

    async def test_closing_twice_is_harmless_and_final(self, broker: Broker) -> None:
        """After it, everything raises."""
        bus = await broker.join("bridge")
        await bus.close()
        await bus.close()
        assert not bus.connected
        with pytest.raises(BusUnavailableError, match="closed"):
            await bus.publish(STATE, b"")
        with pytest.raises(BusUnavailableError, match="closed"):
            await bus.subscribe(STATE, Ear())
