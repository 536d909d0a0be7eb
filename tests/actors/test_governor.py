"""The governor decides once an epoch, by net or rule, and whatever the net does the village is governed."""

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from math import isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.charter import Charter
from actors.governor_mind import MOST_BAD, Mind, digest
from nimmer.arena.memory import Arena
from nimmer.bus.message import GovernorAllocate, GovernorObserved, Incident
from nimmer.life.governor import MODES, Allocation, static_rule
from nimmer.life.governor_observation import NPC_FEATURE_NAMES
from nimmer.minds.governor_net import GovernorNet
from tests.actors.conftest import NPCS, told
from tests.actors.governed import EPOCH, Governed, saved, weights


@pytest.fixture
def charter(charter: Charter, tmp_path: Path) -> Charter:
    return replace(
        charter,
        epoch_ticks=EPOCH,
        governor_mode="net",
        governor_weights=saved(tmp_path / "net.safetensors"),
        capacity_percent=150.0,
    )


@pytest.fixture
def make(arena: Arena, charter: Charter, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Governed]:
    def made(**changes: Any) -> Governed:  # noqa: ANN401  of the charter
        return Governed(replace(charter, **changes), arena, monkeypatch)

    return made


class Liar(GovernorNet):
    """A net that says whatever it is told to."""

    def __init__(self, lie: Callable[[], Any]) -> None:
        super().__init__(weights())
        self.lie = lie

    def propose(self, *_: object, **__: object) -> Any:  # noqa: ANN401  it lies
        return self.lie()


def shares(**changes: Any) -> list[Allocation]:  # noqa: ANN401  of an allocation
    return [replace(Allocation(npc, 10.0, 50.0), **changes) for npc in range(NPCS)]


def failing() -> None:
    raise RuntimeError("the net is on fire")


LIES: dict[str, Callable[[], Any]] = {
    "nothing": list,
    "None": lambda: None,
    "a stranger": lambda: [*shares(), Allocation(99, 10.0, 50.0)],
    "somebody left out": lambda: shares()[1:],
    "one of them twice": lambda: [*shares()[:2], shares()[0]],
    "NaN for one": lambda: [replace(shares()[0], tick_hz=nan), *shares()[1:]],
    "inf for all": lambda: shares(cpu_percent=float("inf")),
    "a priority that is none": lambda: shares(cortex_priority=float("nan")),
    "an error": failing,
    "numbers that are no allocations": lambda: [1.0, 2.0, 3.0],
}


def incidents(governed: Governed) -> list[Incident]:
    return [one.body for one in told(governed.arena, "governor") if isinstance(one.body, Incident)]


async def test_a_net_decides_and_every_share_is_told(make: Callable[..., Governed]) -> None:
    governed = make()
    await governed.epoch(1)
    (epoch, given), status = governed.supervisor.applied[0], await governed.shell.status()
    assert (epoch, [one.npc for one in given]) == (1, [0, 1, 2])
    assert (status["mode"], status["policy"], status["fallbacks"]) == ("net", "net", 0)
    assert status["weights"] == digest(weights())
    bodies = [one.body for one in told(governed.arena, "governor")]
    assert [type(one) for one in bodies] == [GovernorObserved] + [GovernorAllocate] * NPCS
    observation = bodies[0]
    assert isinstance(observation, GovernorObserved)
    assert observation.names == list(NPC_FEATURE_NAMES)
    assert [row[0] for row in observation.features] == pytest.approx([0.1, 0.5, 0.9], abs=1e-3)


async def test_nothing_is_decided_twice_in_an_epoch(make: Callable[..., Governed]) -> None:
    governed = make()
    for _ in range(3):
        await governed.epoch(1)
    assert len(governed.supervisor.applied) == 1


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_a_net_that_lies_is_replaced_by_the_rule_in_the_same_epoch(
    make: Callable[..., Governed], lie: Callable[[], Any]
) -> None:
    governed = make()
    governed.shell.school.prepare = lambda acting: None  # type: ignore[method-assign]  # keeps the liar in place
    governed.shell.mind.net = Liar(lie)
    await governed.epoch(1)
    (given,) = [allocations for _, allocations in governed.supervisor.applied]
    living = governed.supervisor._survey().situations
    wish = static_rule([replace(one, tick_hz=10.0, cpu_percent=50.0) for one in living], 150.0)
    assert [one.npc for one in given] == [0, 1, 2]
    assert all(isfinite(one.tick_hz) and isfinite(one.cpu_percent) for one in given)
    assert [one.cortex_priority for one in given] == [one.cortex_priority for one in wish]
    status = await governed.shell.status()
    assert (status["policy"], status["fallbacks"], status["in_a_row"]) == ("fallback", 1, 1)
    assert status["fault"]
    assert [(one.kind, one.remedy) for one in incidents(governed)] == [
        ("governor-fallback", "the rule decides")
    ]
    assert {row["policy"] for row in governed.recorder.rows(1)} == {"fallback"}


async def test_weights_that_overflow_are_noticed(make: Callable[..., Governed]) -> None:
    governed = make()
    huge = {name: np.full_like(array, 1e30) for name, array in weights().items()}
    governed.shell.school.prepare = lambda acting: governed.shell.mind.take(huge)  # type: ignore[method-assign]
    governed.shell.mind.take(huge)
    net = governed.shell.mind.net
    assert net is not None
    net.weights["head_w"][:] = np.inf
    governed.shell.school.prepare = lambda acting: None  # type: ignore[method-assign]
    await governed.epoch(1)
    assert (await governed.shell.status())["fault"] == "its outputs are not finite"


async def test_a_net_that_fails_again_and_again_is_given_up_until_told_otherwise(
    make: Callable[..., Governed],
) -> None:
    governed = make()
    asked: list[int] = []
    governed.shell.school.prepare = lambda acting: None  # type: ignore[method-assign]
    governed.shell.mind.net = Liar(lambda: asked.append(1))
    for epoch in range(1, MOST_BAD + 3):
        await governed.epoch(epoch)
    status = await governed.shell.status()
    assert len(asked) == MOST_BAD
    assert (status["trusted"], status["policy"], status["fallbacks"]) == (False, "fallback", MOST_BAD)
    assert "nimmer governor mode net" in incidents(governed)[-1].remedy
    assert len(governed.supervisor.applied) == MOST_BAD + 2
    governed.shell.mind.net = GovernorNet(weights())
    await governed.shell.command("mode", {"mode": "net"})
    await governed.epoch(MOST_BAD + 3)
    assert (await governed.shell.status())["policy"] == "net"


async def test_a_net_in_shadow_that_is_given_up_is_asked_again_in_shadow(
    make: Callable[..., Governed],
) -> None:
    governed = make(governor_mode="shadow")
    governed.shell.school.prepare = lambda acting: None  # type: ignore[method-assign]
    governed.shell.mind.net = Liar(failing)
    for epoch in range(1, MOST_BAD + 1):
        await governed.epoch(epoch)
    remedy = incidents(governed)[-1].remedy
    found = re.search("`nimmer governor mode ([a-z]+)` asks it again", remedy)
    assert found is not None, remedy
    governed.shell.mind.net = GovernorNet(weights())
    await governed.shell.command("mode", {"mode": found[1]})
    await governed.epoch(MOST_BAD + 1)
    rows = governed.recorder.rows(MOST_BAD + 1)
    assert {(row["mode"], row["policy"]) for row in rows} == {("shadow", "rule")}
    assert all(row["recommended"] for row in rows)


@pytest.mark.parametrize(("asked", "commanded"), list(product(("net", "shadow"), MODES)))
async def test_the_mode_commanded_while_the_net_thinks_is_the_one_that_counts(
    make: Callable[..., Governed], asked: str, commanded: str
) -> None:
    governed = make(governor_mode=asked)
    governed.command_while_it_thinks(commanded)
    await governed.epoch(1)
    rows = governed.recorder.rows(1)
    assert {(row["mode"], row["policy"]) for row in rows} == {
        "net": {("net", "net")},
        "rule": {("rule", "rule")},
        "shadow": {("shadow", "rule")},
        "off": set(),
    }[commanded]
    assert all((row["recommended"] is not None) == (commanded == "shadow") for row in rows)


async def test_how_far_a_net_is_trusted_outlives_the_process(make: Callable[..., Governed]) -> None:
    governed = make(governor_weights="")
    for epoch in range(1, MOST_BAD + 2):
        await governed.epoch(epoch)
    before = await governed.shell.status()
    governed.born()
    after = await governed.shell.status()
    for name in ("fallbacks", "in_a_row", "trusted", "fault", "clamped", "policy", "epoch"):
        assert after[name] == before[name], name


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """What a net hangs on, until the test is over."""
    event = threading.Event()
    yield event
    event.set()


async def test_a_net_that_hangs_is_replaced_in_time_and_not_asked_while_it_hangs(
    make: Callable[..., Governed], hanging: threading.Event
) -> None:
    governed = make()
    governed.shell.mind = Mind(0.05)
    governed.shell.mind.net = Liar(lambda: hanging.wait(60))
    governed.shell.school.prepare = lambda acting: None  # type: ignore[method-assign]
    await governed.epoch(1)
    assert (await governed.shell.status())["fault"] == "no proposal within 0.05 s"
    await governed.epoch(2)
    assert (await governed.shell.status())["fault"] == "it still hangs over an earlier epoch"
    assert [epoch for epoch, _ in governed.supervisor.applied] == [1, 2]


async def test_the_kill_switch_works_while_the_net_hangs(
    make: Callable[..., Governed], hanging: threading.Event
) -> None:
    governed = make()
    governed.shell.school.prepare = lambda acting: None  # type: ignore[method-assign]
    begun = threading.Event()

    def hang() -> list[Allocation]:
        begun.set()
        hanging.wait(60)
        return shares()

    governed.shell.mind.net = Liar(hang)

    async def thrown() -> None:
        assert await asyncio.to_thread(begun.wait, 60)
        assert await governed.shell.command("mode", {"mode": "off"}) == "mode is off"
        hanging.set()  # not before the order is obeyed: what the net says now comes too late

    await asyncio.gather(governed.epoch(1), thrown())
    await governed.epoch(2)
    assert governed.supervisor.applied == []
    assert (await governed.shell.status())["policy"] == "off"


async def test_the_kill_switch_lets_go_of_gates_that_were_forced(make: Callable[..., Governed]) -> None:
    governed = make()
    governed.shell.school.prepare = lambda acting: None  # type: ignore[method-assign]
    governed.shell.mind.net = Liar(lambda: shares(gates=(1, -1, 0, 0, 0, 0, 0, 0)))
    await governed.epoch(1)
    assert governed.arena.view("control")["gate_override"].any()
    await governed.shell.command("mode", {"mode": "off"})
    await governed.epoch(1)
    assert not governed.arena.view("control")["gate_override"].any()
    assert governed.arena.view("control")["tick_hz"].tolist() == [10.0] * NPCS


async def test_letting_go_of_gates_changes_nothing_else_even_after_a_kill(
    make: Callable[..., Governed],
) -> None:
    governed = make()
    governed.shell.school.prepare = lambda acting: None  # type: ignore[method-assign]
    governed.shell.mind.net = Liar(
        lambda: shares(gates=(1, -1, 0, 0, 0, 0, 0, 0), cortex_permission=True, cortex_priority=7, nice=5)
    )
    await governed.epoch(1)
    await governed.shell.command("mode", {"mode": "off"})
    governed.born()
    await governed.epoch(1)
    assert not governed.arena.view("control")["gate_override"].any()
    assert [epoch for epoch, _ in governed.supervisor.applied] == [1]  # nobody got other shares


async def test_off_decides_nothing_and_is_remembered_through_a_kill(make: Callable[..., Governed]) -> None:
    governed = make()
    await governed.shell.command("mode", {"mode": "off"})
    governed.born()
    await governed.epoch(1)
    await governed.epoch(2)
    assert governed.supervisor.applied == []
    assert governed.recorder.batches == []
    assert (await governed.shell.status())["mode"] == "off"


async def test_shadow_gives_what_the_rule_gives_whatever_the_net_says(
    make: Callable[..., Governed],
) -> None:
    governed = make(governor_mode="rule")
    for epoch in (1, 2, 3):
        await governed.epoch(epoch)
    by_rule = [given for _, given in governed.supervisor.applied]
    governed.supervisor.applied.clear()
    governed.supervisor.shares.clear()
    control = governed.arena.view("control")
    control["tick_hz"], control["epoch"] = 10.0, 0
    governed.charter = replace(governed.charter, governor_mode="shadow", run="fedcba9876543210")
    governed.born()
    governed.clock.advance(1.0)
    for epoch in (1, 2, 3):
        await governed.epoch(epoch)
    assert [given for _, given in governed.supervisor.applied] == by_rule
    row = governed.recorder.rows(2)[-1]
    assert (row["mode"], row["policy"]) == ("shadow", "rule")
    assert row["recommended"]["weights"] == digest(weights())
    assert {"tick_hz", "cpu_percent", "reasons", "corrections"} <= set(row["recommended"])


async def test_a_net_in_shadow_that_fails_recommends_nothing(make: Callable[..., Governed]) -> None:
    governed = make(governor_mode="shadow")
    governed.shell.school.prepare = lambda acting: None  # type: ignore[method-assign]
    governed.shell.mind.net = Liar(failing)
    await governed.epoch(1)
    assert {row["recommended"] for row in governed.recorder.rows(1)} == {None}
    assert {row["policy"] for row in governed.recorder.rows(1)} == {"rule"}


async def test_without_weights_the_rule_governs_and_it_is_told(make: Callable[..., Governed]) -> None:
    governed = make(governor_weights="")
    await governed.epoch(1)
    assert len(governed.supervisor.applied) == 1
    assert {one.kind for one in incidents(governed)} == {"governor-net", "governor-fallback"}


@pytest.mark.parametrize(
    ("name", "arguments"), [("dance", {}), ("mode", {}), ("mode", {"mode": "loud"}), ("mode", {"mode": 1})]
)
async def test_an_order_it_cannot_obey_is_refused(
    make: Callable[..., Governed], name: str, arguments: dict[str, Any]
) -> None:
    governed = make()
    with pytest.raises(ValueError, match="net, rule, shadow, off"):
        await governed.shell.command(name, arguments)
    assert governed.shell.mode == "net"


async def test_a_supervisor_that_is_away_is_waited_for(make: Callable[..., Governed]) -> None:
    governed = make()
    governed.away = {"supervisor"}
    await governed.epoch(1)
    assert (governed.shell.epoch, governed.recorder.batches) == (0, [])
    governed.away = set()
    await governed.epoch(1)
    assert (governed.shell.epoch, len(governed.supervisor.applied)) == (1, 1)
