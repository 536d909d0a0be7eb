"""Iris at a real Chroma server, and away from one."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from nimmer.clock import SystemClock
from nimmer.embedded.chroma_server import ChromaServer
from nimmer.errors import StoreUnavailableError
from nimmer.host.ports import free_port
from nimmer.stores.iris import Iris
from nimmer.stores.memories import Memories
from nimmer.testing.memories_contract import RUN, MemoriesContract, by_letters, memory


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = ChromaServer(Path(tmp_path_factory.mktemp("iris")), SystemClock())
    url = server.start()
    server.wait_ready()
    yield url
    server.stop()


@pytest.mark.servers
class TestIris(MemoriesContract):
    @pytest.fixture
    async def memories(self, chroma: str) -> AsyncIterator[Memories]:
        iris = Iris(chroma, "dev", by_letters, within_s=20.0)
        await iris.clear()
        yield iris
        await iris.close()


@pytest.mark.servers
async def test_environments_do_not_share_memories(chroma: str) -> None:
    dev, staging = (Iris(chroma, name, by_letters, within_s=20.0) for name in ("dev", "staging"))
    await dev.clear()
    await dev.remember([memory("a", "mine")])
    assert (await staging.count(), await dev.count()) == (0, 1)
    await dev.close()
    await staging.close()


async def test_iris_away_is_said_and_not_waited_for() -> None:
    iris = Iris(f"http://127.0.0.1:{free_port()}", "dev", by_letters)
    with pytest.raises(StoreUnavailableError, match=r"iris at http://127\.0\.0\.1"):
        await iris.recall(RUN, 7, "mine", 3)
    await iris.close()
