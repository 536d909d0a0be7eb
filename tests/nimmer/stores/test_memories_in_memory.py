"""The twin keeps to the contract of memories."""

import pytest

from nimmer.stores.memories import Memories
from nimmer.stores.memories_in_memory import InMemoryMemories
from nimmer.testing.memories_contract import MemoriesContract, by_letters


class TestInMemoryMemories(MemoriesContract):
    @pytest.fixture
    def memories(self) -> Memories:
        return InMemoryMemories(by_letters)
