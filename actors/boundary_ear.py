"""The boundary's ear on the bus, as nyx-training: asked what question a gate's transition makes, it answers.

A connection of its own; while the broker is away it is sought, and everything else goes on.
Source: docs/domain.md sections 7 (subjects) and 12 (identities).
"""

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from actors.shell import log
from nimmer.bus.bus import Bus, Delivery
from nimmer.bus.cortex_messages import TransformRequest
from nimmer.bus.message import ErrorReply, decode
from nimmer.bus.nats import NatsBus
from nimmer.bus.subject import build
from nimmer.cortex.mapper import Mapper
from nimmer.cortex.rights import FOR_NPCS
from nimmer.errors import BusUnavailableError, MessageError, NimmerError

if TYPE_CHECKING:
    from actors.boundary import BoundaryShell

RECONNECT_S = 0.5
LOOK_S = 1.0


class BoundaryEar:
    """One subscription, kept for the boundary's life."""

    def __init__(self, boundary: "BoundaryShell", mapper: Mapper) -> None:
        """Answer for `boundary` with what `mapper` makes."""
        self._boundary = boundary
        self._mapper = mapper
        self._bus: Bus | None = None
        self.answered = self.refused = 0

    async def live(self) -> None:
        """Listen until cancelled; a broker that is away is sought for ever, and said once."""
        said = False
        while True:
            bus: Bus | None = None
            try:
                self._bus = bus = await self.dial()
                await bus.subscribe(
                    build(self._boundary.charter.environment, "cortex.gemma.transform"), self.hear
                )
            except BusUnavailableError as error:
                if bus is not None:
                    await bus.close()
                if not said:
                    log.warning("boundary: %s", error)
                said = True
                await self._boundary.clock.sleep_s(RECONNECT_S)
                continue
            except NimmerError as error:  # a wrong password does not become right by waiting
                self._boundary.report("bus", "boundary", str(error)[:500])
                return
            await self._stay(bus)

    async def dial(self) -> Bus:
        """Return a connection. Raises BusUnavailableError or BusPermissionError."""
        charter = self._boundary.charter
        password = charter.secrets.get(FOR_NPCS, "")
        return await NatsBus.connect(charter.nats_url, FOR_NPCS, password, self._boundary.clock)

    async def hear(self, delivery: Delivery) -> bytes:
        """Return the answer to one request, whatever it is."""
        return self._boundary.voice.say(await self._answer(delivery))

    def status(self) -> dict[str, Any]:
        """Return what was answered and refused, and whether the broker is there."""
        connected = self._bus is not None and self._bus.connected
        return {"connected": connected, "answered": self.answered, "refused": self.refused}

    async def _stay(self, bus: Bus) -> None:
        """Hold the connection, which seeks a lost broker by itself."""
        try:
            while True:
                await self._boundary.clock.sleep_s(LOOK_S)
        finally:
            await bus.close()

    async def _answer(self, delivery: Delivery) -> Struct:
        try:
            body = decode(delivery.subject, delivery.payload).body
            assert isinstance(body, TransformRequest)
            found = await self._mapper.transform(body)
        except MessageError as error:
            self.refused += 1
            return ErrorReply("bad_message", str(error)[:1000])
        self.answered += 1
        return found
