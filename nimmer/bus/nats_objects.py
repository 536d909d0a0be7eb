"""Large payloads in a JetStream object store, in the layout every NATS client knows.

Putting is the library's. Getting is done here, message by message with `STREAM.MSG.GET`: the library would make a
consumer, which nobody but the bridge may (`nimmer.bus.identities` says why). A bucket is a stream with a bound on its
age and size, so an object may be gone, whole or in part; what comes back is checked against its digest.
Source: docs/domain.md section 7; NATS ADR-20 (object store).
"""

import base64
import hashlib

from nats import errors
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, BadObjectMetaError, NotFoundError
from nats.js.errors import Error as JetStreamError
from nats.js.object_store import ObjectStore

from nimmer.bus.nats import NatsBus
from nimmer.bus.streams import bucket_stream
from nimmer.errors import BusError, BusUnavailableError

ANSWER_S = 5.0


async def put(bus: NatsBus, bucket: str, name: str, data: bytes) -> None:
    """Keep `data` under `name`. Raises BusUnavailableError when the store does not take it."""
    try:
        await _store(bus, bucket).put(name, data)
    except (errors.Error, JetStreamError, TimeoutError) as error:
        raise BusUnavailableError(f"the object store {bucket} did not take {name!r}: {error}") from None


async def get(bus: NatsBus, bucket: str, name: str, most: int) -> bytes:
    """Return the object `name`.

    Raises BusError when there is none, it has more than `most` bytes, or its parts are gone or damaged;
    BusUnavailableError when the store does not answer.
    """
    stream = bucket_stream(bucket)
    try:
        info = await _store(bus, bucket).get_info(name)
        if (info.size or 0) > most:
            raise BusError(f"object {name!r} has {info.size} bytes; {most} are allowed")
        data = await _chunks(_context(bus), stream, f"$O.{bucket}.C.{info.nuid}", int(info.chunks or 0))
    except (NotFoundError, BadObjectMetaError):
        raise BusError(
            f"there is no whole object {name!r} in {bucket}; objects are kept for an hour"
        ) from None
    except (APIError, errors.Error, JetStreamError, TimeoutError) as error:
        raise BusUnavailableError(f"the object store {bucket} does not answer: {error}") from None
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()
    if (info.digest or "").partition("=")[2] != digest:
        raise BusError(f"object {name!r} is damaged: its digest is not what its description says")
    return data


async def _chunks(stream: JetStreamContext, name: str, subject: str, count: int) -> bytes:
    parts: list[bytes] = []
    sequence = 1
    for _ in range(count):
        message = await stream.get_msg(name, seq=sequence, subject=subject, next=True)
        parts.append(message.data or b"")
        sequence = (message.seq or 0) + 1
    return b"".join(parts)


def _store(bus: NatsBus, bucket: str) -> ObjectStore:
    return ObjectStore(bucket, bucket_stream(bucket), _context(bus))


def _context(bus: NatsBus) -> JetStreamContext:
    return bus.client.jetstream(timeout=ANSWER_S)
