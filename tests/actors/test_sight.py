"""Looks that go through the eye: what the garden asks, what it takes in, and what it does when nobody answers."""

import asyncio
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import ray
from PIL import Image

from actors.charter import Charter
from actors.garden import GardenShell, Host
from nimmer.arena.memory import Arena
from nimmer.bus.organ_messages import Detection, Detections, DetectRequest, OrganTiming
from nimmer.engines.detector import OnnxDetector
from nimmer.errors import OrganError
from nimmer.life.action import Verb
from nimmer.stores.action_log import ActionLog
from nimmer.world.replay import replay
from tests.actors.conftest import NPCS

TIMING = OrganTiming(0.0, 0.0, 0.0, 0.0, 0)


class ShippedEye:
    """The vision organ with nothing around it: the eye that ships."""

    def __init__(self) -> None:
        self.detector = OnnxDetector()
        self.asked = 0
        self.fault: Exception | None = None

    async def call(self, method: str, *arguments: object) -> Detections:
        assert method == "detect"
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        request = arguments[0]
        assert isinstance(request, DetectRequest)
        picture = np.asarray(Image.open(io.BytesIO(request.image.data)).convert("RGB"))
        seen = [Detection(one.label, one.confidence, list(one.box)) for one in self.detector.detect(picture)]
        return Detections("eye", picture.shape[1], picture.shape[0], seen, TIMING)


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are no supervisors and no recorder; what NPCs want is set by hand."""

    def nowhere(name: str, namespace: str) -> None:
        raise ValueError(f"Failed to look up actor with name '{name}' in {namespace}")

    monkeypatch.setattr(ray, "get_actor", nowhere)


@pytest.fixture
def by_eye(charter: Charter) -> Charter:
    return replace(charter, look="eye")


def everybody_looks(shell: GardenShell) -> None:
    wants = shell._wants[0].copy()
    wants["npc_tick"] += 1
    wants["seen_tick"], wants["generation"], wants["verb"] = shell.garden.tick, 1, Verb.LOOK
    shell._wants[0] = wants
    shell._turn()


async def settle(shell: GardenShell) -> None:
    assert shell._sight is not None
    await asyncio.gather(*shell._sight._showing)


async def end(shell: GardenShell) -> None:
    assert shell._sight is not None
    await shell._sight.close()
    shell._log.close()
    tasks = [*shell._filing._under_way, *shell._exchanges.values()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_npcs_believe_what_the_eye_saw_and_the_run_replays_without_an_eye(
    by_eye: Charter, arena: Arena
) -> None:
    eye = ShippedEye()
    shell = GardenShell(by_eye, [Host("supervisor", 0, NPCS)], eye)
    everybody_looks(shell)
    everybody_looks(shell)
    assert not shell.garden.village.facts.any()  # the first looks are still before the eye
    for _ in range(NPCS):
        await settle(shell)
        everybody_looks(shell)
    village, level = shell.garden.village, shell.garden.level
    known = village.knowledge[0, np.arange(NPCS), village.node[0]]
    assert (known != 0).all()
    assert (known == level.traits[village.node[0]]).mean() > 0.7
    status = await shell.status()
    assert status["looks"]["seen"] >= NPCS
    await end(shell)
    log = ActionLog(Path(by_eye.state_dir) / "runs" / by_eye.run / "actions.log")
    report = replay(log.header, log.frames(), shell.garden.levels)
    assert (report.first_divergence, report.digest) == (None, shell.garden.digest)


@pytest.mark.parametrize("fault", [OrganError("there is no app dev-organs now"), RuntimeError("a surprise")])
async def test_without_an_answer_nothing_is_learned_and_the_looks_are_counted(
    by_eye: Charter, arena: Arena, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr("actors.sight.RETRY_S", 0.0)
    eye = ShippedEye()
    eye.fault = fault
    shell = GardenShell(by_eye, [Host("supervisor", 0, NPCS)], eye)
    for _ in range(3):
        everybody_looks(shell)
        await settle(shell)
    assert not shell.garden.village.facts.any()
    assert shell._sight is not None
    assert shell._sight.status()["failed"] == eye.asked > 0
    await end(shell)


async def test_an_oracle_asks_no_eye(charter: Charter, arena: Arena) -> None:
    eye = ShippedEye()
    shell = GardenShell(charter, [Host("supervisor", 0, NPCS)], eye)
    assert shell._sight is None
    assert (await shell.status())["looks"] is None
    shell._log.close()
