import pytest

from nimmer.stores.in_memory import InMemoryTraces
from nimmer.stores.traces import Traces
from nimmer.testing.store_contract import TracesContract


class TestInMemoryTraces(TracesContract):
    @pytest.fixture
    def traces(self) -> Traces:
        return InMemoryTraces()
