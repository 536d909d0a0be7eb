import base64
import json
import os
import uuid
from collections.abc import AsyncIterator
from typing import Protocol

import nats
import pytest
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.errors import APIError

from nimmer.bus import nats_objects
from nimmer.bus.nats import NatsBus
from nimmer.bus.streams import bucket, spoken_bucket, streams
from nimmer.clock import SystemClock
from nimmer.errors import BusError, BusUnavailableError

pytestmark = pytest.mark.servers
CLOCK = SystemClock()
BUCKET = bucket("dev")
SPOKEN = spoken_bucket("dev")
LARGE = os.urandom(300_000)
"""More than two chunks."""


class Server(Protocol):
    @property
    def url(self) -> str: ...

    def stop(self) -> None: ...


async def join(server: Server, identity: str) -> NatsBus:
    return await NatsBus.connect(server.url, identity, identity, CLOCK)


@pytest.fixture
async def guest(server: Server) -> AsyncIterator[NatsBus]:
    bridge = await join(server, "bridge")
    await bridge.ensure_streams(streams("dev"))
    await bridge.close()
    bus = await join(server, "guest")
    yield bus
    await bus.close()


async def test_what_one_puts_the_other_gets(server: Server, guest: NatsBus) -> None:
    organs = await join(server, "nyx-organs")
    for name, data in (("large.wav", LARGE), ("small", b"x"), ("empty", b"")):
        await nats_objects.put(guest, BUCKET, name, data)
        assert await nats_objects.get(organs, BUCKET, name, 1 << 20) == data
        await nats_objects.keep(organs, SPOKEN, name, data)
        assert await nats_objects.get(guest, SPOKEN, name, 1 << 20) == data
    await organs.close()


async def test_what_is_kept_is_kept_once_and_for_all(server: Server, guest: NatsBus) -> None:
    organs = await join(server, "nyx-organs")
    await nats_objects.keep(organs, SPOKEN, "answer.wav", b"mine")
    with pytest.raises(BusUnavailableError, match=r"did not take 'answer\.wav'"):
        await nats_objects.keep(organs, SPOKEN, "answer.wav", b"another")
    with pytest.raises(APIError, match="rollup"):
        await organs.client.jetstream().publish(f"$O.{SPOKEN}.M.AAAA", b"{}", headers={"Nats-Rollup": "all"})
    assert await nats_objects.get(guest, SPOKEN, "answer.wav", 100) == b"mine"
    await organs.close()


async def test_a_guest_can_neither_forge_nor_remove_what_is_spoken(server: Server, guest: NatsBus) -> None:
    organs = await join(server, "nyx-organs")
    await nats_objects.keep(organs, SPOKEN, "true.wav", b"mine")
    plain = await nats.connect(server.url, user="guest", password="guest")
    where = base64.urlsafe_b64encode(b"true.wav").decode()
    for subject in (f"$O.{SPOKEN}.M.{where}", f"$O.{SPOKEN}.C.x", f"$O.{SPOKEN}.M.AAAA"):
        for rolled in ({}, {"Nats-Rollup": "all"}):
            with pytest.raises(NatsTimeoutError):
                await plain.request(subject, b"forged", timeout=0.1, headers=rolled)
    await nats_objects.put(guest, BUCKET, "true.wav", b"forged")
    await plain.jetstream().publish(f"$O.{BUCKET}.M.AAAA", b"{}", headers={"Nats-Rollup": "all"})
    assert await nats_objects.get(guest, SPOKEN, "true.wav", 100) == b"mine"
    await plain.close()
    await organs.close()


async def test_a_name_is_given_once_by_whoever_may_not_purge(server: Server, guest: NatsBus) -> None:
    """What docs/organs.md says: a fresh name each time."""
    plain = await nats.connect(server.url, user="guest", password="guest")
    store = await plain.jetstream(timeout=0.3).object_store(BUCKET)
    for data in (b"one", b"two"):
        name = f"{uuid.uuid4()}.wav"
        await store.put(name, data)
        assert await nats_objects.get(guest, BUCKET, name, 100) == data
    with pytest.raises(NatsTimeoutError):
        await store.put(name, b"three")
    await plain.close()


def described(**more: object) -> bytes:
    whole = {"name": "evil", "bucket": BUCKET, "nuid": "evil", "size": 1, "chunks": 1, "digest": "SHA-256=x"}
    return json.dumps({**whole, "mtime": "2026-01-01T00:00:00Z", **more}).encode()


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ({"nuid": "*"}, "its description is none"),
        ({"nuid": ">"}, "its description is none"),
        ({"nuid": "a.b"}, "its description is none"),
        ({"size": "1"}, "its description is none"),
        ({"chunks": "1"}, "its description is none"),
        ({"size": -1}, "is damaged"),
        ({"size": 1, "chunks": 10**9}, "its parts are not the 1 bytes"),
        ({"size": 101, "chunks": 10**9}, "101 bytes; 100 are allowed"),
        ({"nuid": "hollow", "chunks": 10**9}, "its parts are not the 1 bytes"),
        ({"digest": None}, "is damaged|no whole object"),
    ],
)
async def test_what_a_description_says_is_not_believed(
    guest: NatsBus, description: dict[str, object], reason: str
) -> None:
    stream = guest.client.jetstream()
    await stream.publish(f"$O.{BUCKET}.C.evil", bytes(1000))
    await stream.publish(f"$O.{BUCKET}.C.hollow", b"")
    where = base64.urlsafe_b64encode(b"evil").decode()
    await stream.publish(f"$O.{BUCKET}.M.{where}", described(**description))
    with pytest.raises(BusError, match=reason):
        await nats_objects.get(guest, BUCKET, "evil", 100)


async def test_any_client_puts_with_its_own_object_store(server: Server, guest: NatsBus) -> None:
    plain = await nats.connect(server.url, user="operator", password="operator")
    store = await plain.jetstream().object_store(BUCKET)
    await store.put("theirs", LARGE)
    assert await nats_objects.get(guest, BUCKET, "theirs", 1 << 20) == LARGE
    await plain.close()


async def test_what_is_not_there_or_too_large_is_a_reason(guest: NatsBus) -> None:
    with pytest.raises(BusError, match="no whole object 'nothing'"):
        await nats_objects.get(guest, BUCKET, "nothing", 100)
    await nats_objects.put(guest, BUCKET, "large", LARGE)
    with pytest.raises(BusError, match="300000 bytes; 100 are allowed"):
        await nats_objects.get(guest, BUCKET, "large", 100)


async def test_an_object_whose_parts_were_tampered_with_is_found_out(server: Server, guest: NatsBus) -> None:
    await nats_objects.put(guest, BUCKET, "true", b"true")
    plain = await nats.connect(server.url, user="bridge", password="bridge", inbox_prefix="_INBOX.bridge")
    stream = plain.jetstream()
    subject = f"$O.{BUCKET}.M.{base64.urlsafe_b64encode(b'true').decode()}"
    info = json.loads((await stream.get_last_msg(f"OBJ_{BUCKET}", subject)).data or b"{}")
    await stream.purge_stream(f"OBJ_{BUCKET}", subject=f"$O.{BUCKET}.C.{info['nuid']}")
    with pytest.raises(BusError, match="no whole object 'true'"):
        await nats_objects.get(guest, BUCKET, "true", 100)
    await guest.publish(f"$O.{BUCKET}.C.{info['nuid']}", b"lies")
    await guest.client.flush()
    with pytest.raises(BusError, match="'true' is damaged"):
        await nats_objects.get(guest, BUCKET, "true", 100)
    await plain.close()


@pytest.mark.parametrize(
    "order",
    ["STREAM.CREATE.OTHER", "STREAM.DELETE.OBJ_dev-organs", "STREAM.PURGE.OBJ_dev-organs", "STREAM.NAMES",
     "STREAM.MSG.GET.TRAINING_DATA", "DIRECT.GET.OBJ_dev-organs", "CONSUMER.CREATE.OBJ_dev-organs",
     "CONSUMER.CREATE.OBJ_dev-spoken", "STREAM.PURGE.OBJ_dev-spoken"],
)  # fmt: skip
async def test_a_guest_has_no_other_power_over_jetstream(server: Server, guest: NatsBus, order: str) -> None:
    plain = await nats.connect(server.url, user="guest", password="guest")
    with pytest.raises(NatsTimeoutError):
        await plain.request(f"$JS.API.{order}", b"{}", timeout=0.3)
    await plain.close()


async def test_a_guest_cannot_let_the_server_deliver_stored_bytes_as_a_command(
    server: Server, guest: NatsBus
) -> None:
    bridge = await join(server, "bridge")
    heard: list[bytes] = []

    async def hear(delivery: object) -> None:
        heard.append(getattr(delivery, "payload", b""))

    order = "dev.npc.theia.commands.tick_hz"
    await bridge.subscribe(order, hear)
    await nats_objects.put(guest, BUCKET, "order", b"speed up")
    plain = await nats.connect(server.url, user="guest", password="guest")
    consumer = {"stream_name": f"OBJ_{BUCKET}", "config": {"deliver_subject": order, "ack_policy": "none"}}
    with pytest.raises(NatsTimeoutError):
        await plain.request(
            f"$JS.API.CONSUMER.CREATE.OBJ_{BUCKET}", json.dumps(consumer).encode(), timeout=0.3
        )
    await bridge.client.flush()
    assert not heard
    await plain.close()
    await bridge.close()


async def test_a_store_that_is_away_is_said_at_once(own_server: Server) -> None:
    guest = await join(own_server, "guest")
    own_server.stop()
    while guest.connected:
        await CLOCK.sleep_s(0.01)
    with pytest.raises(BusUnavailableError, match="is away"):
        await nats_objects.get(guest, BUCKET, "x", 100)
    await guest.close()
