"""Large payloads in JetStream object stores, in the layout every NATS client knows.

Putting is the library's, where an object may replace another; keeping is done here, where none may. Getting is done
here too, message by message with `STREAM.MSG.GET`: the library would make a consumer, which nobody but the bridge may
(`nimmer.bus.identities` says why). A bucket is a stream with a bound on its age and size, so an object may be gone, whole
or in part; what comes back is checked against its digest. The description of an object is its sender's: nothing it says is
believed. Source: docs/domain.md section 7; NATS ADR-20 (object store).
"""

import base64
import hashlib
import json
import re

from nats import errors
from nats.js.api import ObjectInfo
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, BadObjectMetaError, NotFoundError
from nats.js.errors import Error as JetStreamError
from nats.js.object_store import ObjectStore

from nimmer.bus.nats import NatsBus
from nimmer.bus.streams import bucket_stream
from nimmer.errors import BusError, BusUnavailableError

ANSWER_S = 5.0
CHUNK = 128 << 10
NUID = re.compile(r"[A-Za-z0-9_-]{1,64}")
FIRST = {"Nats-Expected-Last-Subject-Sequence": "0"}
"""Lets the server refuse a message on whose subject there is one."""


async def put(bus: NatsBus, bucket: str, name: str, data: bytes) -> None:
    """Keep `data` under `name`. Raises BusUnavailableError when the store does not take it."""
    try:
        await _store(bus, bucket).put(name, data)
    except (errors.Error, JetStreamError, TimeoutError) as error:
        raise BusUnavailableError(f"the object store {bucket} did not take {name!r}: {error}") from None


async def keep(bus: NatsBus, bucket: str, name: str, data: bytes) -> None:
    """Keep `data` under `name`, once and for all: without the header that lets a message replace others.

    Raises BusUnavailableError when the store does not take it, as when there is an object of that name.
    """
    stream = _context(bus)
    nuid = hashlib.sha256(name.encode()).hexdigest()[:22]
    parts = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
    description = {
        "name": name,
        "bucket": bucket,
        "nuid": nuid,
        "size": len(data),
        "chunks": len(parts),
        "digest": f"SHA-256={_digest(data)}",
        "options": {"max_chunk_size": CHUNK},
    }
    try:
        for number, part in enumerate(parts):
            await stream.publish(f"$O.{bucket}.C.{nuid}", part, headers=FIRST if number == 0 else None)
        where = base64.urlsafe_b64encode(name.encode()).decode()
        await stream.publish(f"$O.{bucket}.M.{where}", json.dumps(description).encode(), headers=FIRST)
    except (errors.Error, JetStreamError, TimeoutError) as error:
        raise BusUnavailableError(f"the object store {bucket} did not take {name!r}: {error}") from None


async def get(bus: NatsBus, bucket: str, name: str, most: int) -> bytes:
    """Return the object `name`.

    Raises BusError when there is none, it has more than `most` bytes, or its parts are gone or damaged;
    BusUnavailableError when the store does not answer.
    """
    try:
        info = await _store(bus, bucket).get_info(name)
        data = await _chunks(_context(bus), bucket, name, info, most)
    except (NotFoundError, BadObjectMetaError):
        raise BusError(
            f"there is no whole object {name!r} in {bucket}; objects are kept for an hour"
        ) from None
    except (APIError, errors.Error, JetStreamError, TimeoutError) as error:
        raise BusUnavailableError(f"the object store {bucket} does not answer: {error}") from None
    if str(info.digest).partition("=")[2] != _digest(data):
        raise BusError(f"object {name!r} is damaged: its digest is not what its description says")
    return data


async def _chunks(stream: JetStreamContext, bucket: str, name: str, info: ObjectInfo, most: int) -> bytes:
    """Return the parts of an object, of which no more is read than its description says and `most` allows."""
    size: object = info.size or 0  # whatever JSON there is
    chunks: object = info.chunks or 0
    # a wildcard would read the parts of all others
    if not (isinstance(size, int) and isinstance(chunks, int) and NUID.fullmatch(str(info.nuid))):
        raise BusError(f"object {name!r} is damaged: its description is none")
    if size > most:
        raise BusError(f"object {name!r} has {size} bytes; {most} are allowed")
    subject = f"$O.{bucket}.C.{info.nuid}"
    whole = bytearray()
    sequence = 1
    for _ in range(chunks):
        message = await stream.get_msg(bucket_stream(bucket), seq=sequence, subject=subject, next=True)
        part = message.data or b""
        if not part or len(whole) + len(part) > size:
            raise BusError(f"object {name!r} is damaged: its parts are not the {size} bytes it says")
        whole += part
        sequence = (message.seq or 0) + 1
    return bytes(whole)


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()


def _store(bus: NatsBus, bucket: str) -> ObjectStore:
    return ObjectStore(bucket, bucket_stream(bucket), _context(bus))


def _context(bus: NatsBus) -> JetStreamContext:
    return bus.client.jetstream(timeout=ANSWER_S)
