"""The cortex as Serve runs it: by handle, killed, deleted."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import ray
from ray import serve
from ray.serve.handle import DeploymentHandle

from nimmer.bus.cortex_messages import CognitiveResponse, CortexStatus
from nimmer.clock import SystemClock
from nimmer.config.cortex import CortexSettings
from nimmer.host.processes import ProcessId, alive, identify
from nimmer.stores.tables import Row, Table
from nimmer.stores.traces import RowBatch
from serve_apps.cortex import build
from serve_apps.place import Place
from tests.serve_apps.cortices import question

pytestmark = [pytest.mark.ray, pytest.mark.servers]
CLOCK = SystemClock()
APP = "test-cortex"
Handle = DeploymentHandle[Any]


def until(true: Callable[[], bool], within_s: float = 90.0) -> None:
    deadline_s = CLOCK.monotonic_s() + within_s
    while not true():
        assert CLOCK.monotonic_s() < deadline_s
        CLOCK.wait_s(0.05)


@pytest.fixture
def handle(serving: None, place: Place) -> Iterator[Handle]:
    found = serve.run(build(CortexSettings(port=0, slots=1), place), name=APP, route_prefix=None)
    until(lambda: status(found).ready)
    yield found
    serve.delete(APP)  # of no effect when a test did it


def status(handle: Handle) -> CortexStatus:
    found = handle.status.remote().result(timeout_s=30)
    assert isinstance(found, CortexStatus)
    return found


def engine_of(handle: Handle) -> ProcessId:
    """The process that listens at the engine's URL."""
    url, _ = handle.engine.remote().result(timeout_s=30)
    port = f"--port {url.rsplit(':', 1)[1].split('/')[0]} "
    for pid in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208  names are enough
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123  a pseudo file
                line = file.read().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if "llama_server" in line and "guardian" not in line and port in line:
            found = identify(int(pid))
            assert found is not None
            return found
    raise AssertionError(f"nobody has {port}")


def rows() -> list[Row]:
    recorder = ray.get_actor("recorder", namespace="nimmer-dev")
    batches: list[RowBatch] = ray.get(recorder.batches.remote())
    return [row for batch in batches if batch.table is Table.CORTEX_CALLS for row in batch.rows]


def test_a_thought_by_handle_is_answered_and_its_row_reaches_the_recorder(handle: Handle) -> None:
    asked = question(response_timeout_ms=60_000)
    response = handle.think.remote(asked, "nyx-training", ["The well is beside the house."]).result()
    assert isinstance(response, CognitiveResponse)
    assert response.outcome in ("answered", "timeout")
    until(lambda: any(row["call"] == response.request_id for row in rows()))
    assert "closed" in handle.command.remote("close", {}).result()
    assert handle.think.remote(question(), "nyx-training", []).result().outcome == "denied"
    assert handle.cancel.remote(7, "it died").result() == 0


def test_a_killed_replica_takes_its_engine_along_and_is_replaced(handle: Handle) -> None:
    engine = engine_of(handle)
    replica = next(actor for actor in ray.util.list_named_actors(all_namespaces=True) if APP in actor["name"])
    ray.kill(ray.get_actor(**replica), no_restart=True)
    until(lambda: not alive(engine))

    def lives() -> bool:
        try:
            return status(handle).ready
        except ray.exceptions.RayError:
            return False

    until(lives)
    assert engine_of(handle) != engine


def test_a_deleted_app_leaves_no_engine(handle: Handle) -> None:
    engine = engine_of(handle)
    handle.stop.remote().result(timeout_s=30)
    serve.delete(APP)
    until(lambda: not alive(engine))
