"""Living NPCs, their garden, the boundary and a cortex that thinks: questions get out, commands get in."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray import serve

from actors.boundary import BoundaryActor
from actors.charter import Charter
from actors.village import Village
from nimmer.arena.memory import Arena
from nimmer.clock import SystemClock
from nimmer.config.cortex import CortexSettings
from nimmer.cortex.apps import cortex_app
from nimmer.stores.tables import Table
from serve_apps.cortex import build
from serve_apps.place import Place
from tests.serve_apps.conftest import NAMESPACE

pytestmark = [pytest.mark.ray, pytest.mark.servers]
CLOCK = SystemClock()
NPCS = 8


def until(
    true: Callable[[], bool], what: str, why: Callable[[], object] = str, within_s: float = 120.0
) -> None:
    deadline_s = CLOCK.monotonic_s() + within_s
    while not true():
        assert CLOCK.monotonic_s() < deadline_s, f"not within {within_s:g} s: {what}; {why()}"
        CLOCK.wait_s(0.1)


@pytest.fixture
def village(serving: None, place: Place, tmp_path: Path) -> Iterator[Village]:
    serve.run(
        build(CortexSettings(port=0, slots=2, timeout_ms=60_000), place),
        name=cortex_app("dev"),
        route_prefix=None,
    )
    charter = Charter(
        run="00000000b0da2ce5",
        environment="dev",
        seed=7,
        npcs=NPCS,
        level=2,
        host="here",
        arena=str(tmp_path / "arena"),
        state_dir=str(tmp_path),
        limits_mode="none",
        cortex_enabled=True,
        cortex_timeout_ms=60_000,
        stale_ticks=100_000,
    )
    made = Village(charter)
    made.begin()
    made._create("boundary", BoundaryActor)  # without the bridge and what else needs servers
    until(Path(charter.arena).exists, "the arena is there")
    arena = Arena.attach(Path(charter.arena))
    arena.view("control")["cortex_permission"] = 1  # as a governor would
    yield made
    made.stop(lambda _: None)
    for actor in made.actors.values():
        ray.kill(actor)
    serve.delete(cortex_app("dev"))


def rows(recorder: Any) -> list[Any]:  # noqa: ANN401  an actor's handle
    batches = ray.get(recorder.batches.remote())
    found = [row for batch in batches if batch.table is Table.CORTEX_CALLS for row in batch.rows]
    return [row for row in found if row["run"] == "00000000b0da2ce5" and "commands" in row]


def test_npcs_that_live_ask_are_answered_and_do_it(
    village: Village,
) -> None:
    recorder = ray.get_actor("recorder", namespace=NAMESPACE)

    def done() -> list[Any]:
        return [one for one in rows(recorder) if any(each["fate"] == "accepted" for each in one["commands"])]

    def fares() -> object:
        return ray.get(village.actors["boundary"].status.remote())["counts"], rows(recorder)[:2]

    until(lambda: bool(done()), "an answer's command is accepted", fares)
    row = done()[0]
    assert (row["identity"], row["outcome"], row["event_type"]) == ("nyx-training", "answered", "npc_asks")
    assert row["npc"] in range(NPCS)
    status = ray.get(village.actors["boundary"].status.remote())
    assert status["counts"]["answered"] >= 1
    assert ray.get(village.actors["garden"].status.remote())["questions_lost"] == 0
