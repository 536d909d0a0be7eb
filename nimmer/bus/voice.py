"""A voice: one speaker who turns bodies into messages, with the time and a fresh id in each header.

It exists so that only this place needs a clock and entropy, and `nimmer.bus.message` stays pure.
Source: docs/domain.md section 7, "Header".
"""

import os
from collections.abc import Callable
from uuid import UUID

from msgspec import Struct

from nimmer.bus.message import Source, encode
from nimmer.clock import Clock


class Voice:
    """One entity that speaks on the bus."""

    def __init__(self, source: Source, clock: Clock, entropy: Callable[[int], bytes] = os.urandom) -> None:
        """Speak as `source`; `entropy(n)` gives n unpredictable bytes for message ids."""
        self.source = source
        self._clock = clock
        self._entropy = entropy

    def message_id(self) -> str:
        """Return a fresh uuid4."""
        return str(UUID(bytes=self._entropy(16), version=4))

    def say(self, body: Struct, message_id: str | None = None) -> bytes:
        """Return `body` as a whole message. Raises MessageError when its receivers would refuse it."""
        return encode(body, self.source, self._clock.unix_s(), message_id or self.message_id())
