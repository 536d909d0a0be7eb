"""A village that looks through the eye: the organs see rendered houses, NPCs believe what was seen, the run replays."""

from collections.abc import Iterator

import pytest

from nimmer.stores.action_log import ActionLog
from nimmer.world.journal import TickFrame
from tests.village.raised import Raised, until

pytestmark = pytest.mark.village


@pytest.fixture
def seeing() -> Iterator[Raised]:
    village = Raised(
        NIMMER_VILLAGE__NPCS="4",
        NIMMER_VILLAGE__LOOK="eye",
        NIMMER_ORGANS__ENABLED="true",
        NIMMER_ORGANS__PORT="0",
        NIMMER_VIRTUAL__ENABLED="false",
    )
    yield village
    village.end()


@pytest.mark.timeout(300)
def test_houses_are_known_by_what_the_organ_saw_and_the_run_is_executed_again_without_it(
    seeing: Raised,
) -> None:
    seeing.start()
    seeing.await_life()
    until(lambda: seeing.status().coverage >= 0.15, 90.0, "NPCs know some houses", every_s=1.0)
    run = seeing.status().run
    log = ActionLog(seeing.state / "runs" / run / "actions.log")
    seen = [frame.sights for frame in log.frames() if isinstance(frame, TickFrame) and frame.sights]
    assert log.header.rules["look_by_eye"] == 1
    assert sum(one.size for one in seen) >= 4
    assert seeing.launcher is not None
    seeing.launcher.terminate()
    assert seeing.ended() == 0
    assert "equal: all" in seeing.nimmer("replay", run).stdout
