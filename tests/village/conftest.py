"""One village for all tests of living and dying; short runs come after it has ended, for one machine holds one."""

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nimmer.host.household import last_known
from tests.actors.governed import saved
from tests.village.footprint import Footprint
from tests.village.raised import Raised

ORDER = (
    "test_living",
    "test_bus",
    "test_orders",
    "test_nervous_system",
    "test_deaths",
    "test_outages",
    "test_afterlife",
    "test_by_eye",
    "test_launches",
    "test_learning",
    "test_faculties",
)
"""Harmless first, then what kills, then what needs the village to have ended, then runs of their own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    ours = [item for item in items if item.path.parent == here]
    ours.sort(key=lambda item: ORDER.index(item.path.stem))
    others = [item for item in items if item.path.parent != here]
    items[:] = others + ours


@dataclass(frozen=True, slots=True)
class Ended:
    """What is known of a village that has ended."""

    raised: Raised
    code: int
    summary: dict[str, Any]
    before: Footprint
    """What it had while it lived."""


@dataclass(slots=True)
class Keeper:
    """Raises the one village when it is first asked for, and ends it once."""

    raised: Raised | None = None
    result: Ended | None = None
    run: str = ""

    def living(self) -> Raised:
        assert self.result is None, "the village has ended: the order of the tests is broken"
        if self.raised is None:
            self.raised = Raised()
            net = saved(self.raised.home / "net.safetensors")
            self.raised.start("--npcs", "9", "--seed", "7", "--json", NIMMER_GOVERNOR__WEIGHTS=net)
            self.raised.await_life()
            estate = last_known(self.raised.state)
            assert estate is not None
            self.run = estate.run
        return self.raised

    def ended(self) -> Ended:
        if self.result is None:
            raised = self.living()
            before = Footprint.of(raised.home, self.run)
            assert raised.launcher is not None
            raised.launcher.send_signal(signal.SIGINT)
            code = raised.ended()
            self.result = Ended(raised, code, json.loads(raised.out), before)
        return self.result

    def close(self) -> None:
        if self.raised is not None:
            self.raised.end()


@pytest.fixture(scope="session")
def keeper() -> Iterator[Keeper]:
    one = Keeper()
    yield one
    one.close()


@pytest.fixture
def village(keeper: Keeper) -> Raised:
    """The living village of nine; every epoch (3 s) the governor decides and the oracle asks."""
    return keeper.living()


@pytest.fixture
def ended(keeper: Keeper) -> Ended:
    """The same village after Ctrl-C."""
    return keeper.ended()


@pytest.fixture
def alone(keeper: Keeper) -> Iterator[Raised]:
    """A directory for a run of its own, with no other village living."""
    if keeper.raised is not None and keeper.result is None:
        keeper.ended()
    one = Raised()
    yield one
    one.end()
