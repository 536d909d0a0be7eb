"""One Ray with one Serve, without proxies, for all tests of the apps; a recorder that keeps rows where a test can see them."""

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
from ray import serve

from nimmer.stores.traces import RowBatch
from serve_apps.place import Place

NAMESPACE = "nimmer-dev"


class RecorderDouble:
    """Takes the batches a run's recorder would take."""

    def __init__(self) -> None:
        self._batches: list[RowBatch] = []

    def keep(self, batch: RowBatch) -> int:
        self._batches.append(batch)
        return len(batch.rows)

    def batches(self) -> list[RowBatch]:
        return self._batches


@pytest.fixture(scope="session")
def serving() -> Iterator[None]:
    """The one Serve; tests run their apps in it under names of their own and delete them."""
    with tempfile.TemporaryDirectory(prefix="nimmer-ray-", ignore_cleanup_errors=True) as directory:
        ray.init(
            address="local",
            namespace=NAMESPACE,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            num_cpus=4,
            object_store_memory=100_000_000,
            _node_ip_address="127.0.0.2",
            _temp_dir=directory,
        )
        # held here: an actor nobody holds a handle of ends
        recorder = (
            ray.remote(RecorderDouble).options(name="recorder", namespace=NAMESPACE, num_cpus=0).remote()
        )
        serve.start(proxy_location="Disabled")
        yield
        del recorder
        serve.shutdown()  # type: ignore[no-untyped-call]  # Ray's own
        ray.shutdown()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A run without a bus."""
    share = tmp_path / "share"
    share.mkdir()
    return Place(
        run="0123456789abcdef",
        environment="dev",
        namespace=NAMESPACE,
        host="here",
        state_dir=str(tmp_path),
        share_dir=str(share),
        nats_url="",
    )
