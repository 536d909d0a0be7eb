"""JetStream over nats-py: making the streams, and storing a message until it is acknowledged.

It stands apart from `nimmer.bus.nats` because it needs other rights (`$JS.API.>`) and fails in other ways.
Source: docs/domain.md section 7, "Streams".
"""

import logging
from collections.abc import Iterable

from nats import errors
from nats.aio.client import Client
from nats.js.api import DiscardPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NoStreamResponseError

from nimmer.bus.bus import Ack
from nimmer.bus.streams import Stream
from nimmer.clock import Clock
from nimmer.errors import BusError, BusUnavailableError

ANSWER_S = 2.0
ATTEMPT_S = 1.0
RETRY_S = 0.1
_LOG = logging.getLogger(__name__)


async def ensure(client: Client, streams: Iterable[Stream]) -> None:
    """Create the streams, or bring those that exist up to date.

    Raises BusUnavailableError when JetStream does not answer, BusError when it refuses a stream.
    """
    manager = client.jsm(timeout=ANSWER_S)
    try:
        known = {info.config.name for info in await manager.streams_info()}
        for stream in streams:
            config = _config(stream)
            await (manager.update_stream(config) if stream.name in known else manager.add_stream(config))
    except APIError as refused:
        raise BusError(f"JetStream refused a stream: {refused.description}") from None
    except errors.Error as error:
        raise BusUnavailableError(
            f"JetStream does not answer ({error}): is it enabled in the server, and is this identity the bridge?"
        ) from None


async def store(client: Client, subject: str, payload: bytes, message_id: str, clock: Clock) -> Ack:
    """Publish until a stream acknowledges it; `message_id` makes the repetitions harmless.

    Does not give up by itself while the server is silent. Raises BusUnavailableError when no stream stores
    `subject`, or its stream refuses the message.
    """
    stream = client.jetstream()
    while True:
        try:
            ack = await stream.publish(
                subject, payload, timeout=ATTEMPT_S, headers={"Nats-Msg-Id": message_id}
            )
        except NoStreamResponseError:
            raise BusUnavailableError(f"no stream stores {subject}") from None
        except APIError as refused:
            raise BusUnavailableError(f"the stream of {subject} refused: {refused.description}") from None
        except errors.Error as error:
            _LOG.debug("no acknowledgement yet for %s: %s", subject, error)
            await clock.sleep_s(RETRY_S)
        else:
            return Ack(ack.stream, ack.seq, bool(ack.duplicate))


def _config(stream: Stream) -> StreamConfig:
    return StreamConfig(
        name=stream.name,
        subjects=list(stream.subjects),
        max_age=stream.max_age_s,
        max_bytes=stream.max_bytes,
        discard=DiscardPolicy.OLD,
        storage=StorageType.FILE,
        duplicate_window=stream.duplicate_window_s,
        allow_rollup_hdrs=stream.replaces,
    )
