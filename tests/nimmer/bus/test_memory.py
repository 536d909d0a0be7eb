import pytest

from nimmer.bus.bus import Bus, Delivery, Violation
from nimmer.bus.identities import identities
from nimmer.bus.memory import PENDING, MemoryBroker
from nimmer.testing.bus_contract import Broker, BusContract, Ear


class InMemory:
    def __init__(self) -> None:
        self._broker = MemoryBroker()
        self._permissions = identities("dev")

    async def join(self, identity: str, on_violation: Violation | None = None) -> Bus:
        return self._broker.connect(identity, self._permissions[identity], on_violation)


class TestMemoryBus(BusContract):
    @pytest.fixture
    def broker(self) -> Broker:
        return InMemory()


async def test_a_handler_that_is_too_slow_drops_and_counts() -> None:
    bus = MemoryBroker().connect()
    await bus.subscribe("dev.npc.7.state", Ear())
    for _ in range(PENDING + 3):
        await bus.publish("dev.npc.7.state", b"")
    assert bus.counts.dropped == 3
    await bus.close()


async def test_an_answer_nobody_awaits_goes_nowhere() -> None:
    broker = MemoryBroker()
    bus = broker.connect()
    everything = Ear()
    await bus.subscribe(">", everything)
    await bus.subscribe("dev.npc.7.state", Ear(answer=b"unasked"))
    await bus.publish("dev.npc.7.state", b"event")
    assert await everything.next() == Delivery("dev.npc.7.state", b"event", "")
    assert everything.waiting == 0
    await bus.close()
