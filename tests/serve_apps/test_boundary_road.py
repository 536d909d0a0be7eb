"""The whole road: an NPC in the arena, the boundary, the cortex app as Serve runs it, a real engine, the world."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import ray
from ray import serve

from actors.boundary import BoundaryShell
from actors.charter import Charter
from actors.cortex_line import CortexLine
from nimmer.arena.layout import Plan
from nimmer.arena.memory import Arena
from nimmer.arena.outbox import OUTBOXES
from nimmer.clock import SystemClock
from nimmer.config.cortex import CortexSettings
from nimmer.cortex.apps import cortex_app
from nimmer.errors import CortexError
from nimmer.life.action import TALK
from nimmer.world.levels import load_levels
from serve_apps.cortex import build
from serve_apps.place import Place
from tests.actors.asking_village import AskingVillage
from tests.actors.conftest import NPCS

pytestmark = [pytest.mark.ray, pytest.mark.servers]
CLOCK = SystemClock()


@pytest.fixture
def village(
    serving: None, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AskingVillage]:
    levels = load_levels()
    arena = Arena.create(tmp_path / "arena", Plan(NPCS, levels.most_nodes, len(OUTBOXES)), 1.0)
    charter = Charter(
        place.run,
        "dev",
        7,
        NPCS,
        1,
        "here",
        str(tmp_path / "arena"),
        str(tmp_path),
        mapper="model",
        stale_ticks=1000,
        cortex_timeout_ms=60_000,
    )
    made = AskingVillage(charter, arena, levels)
    app = build(CortexSettings(port=0, slots=2, timeout_ms=60_000), replace(place))
    handle = serve.run(app, name=cortex_app("dev"), route_prefix=None)
    deadline_s = CLOCK.monotonic_s() + 60.0
    while not handle.status.remote().result(timeout_s=30).ready:
        assert CLOCK.monotonic_s() < deadline_s
        CLOCK.wait_s(0.1)
    find: Any = ray.get_actor

    def named(name: str, namespace: str | None = None) -> Any:  # noqa: ANN401  an actor, or a double of one
        return made.neighbours.named(name, "") if name in ("garden", "recorder") else find(name, namespace)

    monkeypatch.setattr(ray, "get_actor", named)
    yield made
    serve.delete(cortex_app("dev"))


async def test_two_who_meet_exchange_facts_through_a_cortex_that_thinks(village: AskingVillage) -> None:
    boundary = BoundaryShell(village.charter, None, None, village.recollection)
    await boundary.asked(village.garden.tick, [0])
    await boundary.idle()
    assert village.neighbours.proposed == [(0, TALK), (1, TALK)]
    village.turn()
    assert {8} <= village.knows(0)
    assert {7} <= village.knows(1)
    status = await boundary.stop()
    assert status["counts"]["answered"] == 1
    assert status["mapper"]["by_model"] + status["mapper"]["by_template"] == 1
    assert status["memories"]["remembered"] == 1
    line = CortexLine("dev")
    await line.cancel(0, "it is over")
    url, model = await line.engine()
    assert url.startswith("http://127.0.0.1:")
    assert model == "nyx"


async def test_a_line_to_an_app_that_is_not_there_says_so(serving: None) -> None:
    with pytest.raises(CortexError, match="staging-cortex"):
        await CortexLine("staging").engine()
