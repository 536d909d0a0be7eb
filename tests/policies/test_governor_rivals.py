"""The governor's rivals: each within the budget, the static rule as it runs in a village, the net as it runs there."""

import numpy as np
import pytest

from nimmer.chance import Chance
from nimmer.life.governor import NpcSituation, VillageSituation, static_rule
from nimmer.life.governor_observation import NPC_COLUMNS, observe_village
from nimmer.minds.governor_net import GovernorNet
from policies.governor_evaluation import RIVALS
from policies.governor_rivals import Columns, Net, Rival, greedy, need_proportional, round_robin
from policies.governor_static_search import StaticAllocation
from policies.governor_training import beginning

NPCS = 9
CAPACITY = 90.0


def people(seed: int = 1) -> list[NpcSituation]:
    chance = Chance(seed).generator("people")
    return [
        NpcSituation(
            npc,
            True,
            10.0,
            10.0,
            float(chance.random()),
            1.0,
            float(200 * chance.random()),
            gained=float(chance.random()),
            wants_cortex=bool(npc % 2),
        )
        for npc in range(NPCS)
    ]


def columns(worlds: int = 1) -> tuple[Columns, Columns]:
    rows = [
        [[float(getattr(one, name)) for one in people(seed)] for name in NPC_COLUMNS]
        for seed in range(worlds)
    ]
    table = np.array(rows)
    village = {
        "level": 2.0,
        "capacity_percent": CAPACITY,
        "cortex_slots": 1.0,
        "cortex_queue": 0.0,
        "cortex_p95_ms": 0.0,
        "cortex_stuck": 0.0,
        "lifeforce_budget": 50.0,
    }
    return (
        {name: table[:, at] for at, name in enumerate(NPC_COLUMNS)},
        {name: np.full(worlds, value) for name, value in village.items()},
    )


@pytest.mark.parametrize("name", RIVALS)
def test_every_rival_stays_within_the_budget_and_leaves_nobody_below_the_floor(name: str) -> None:
    wish = RIVALS[name]()(*columns(3), 4)
    assert (wish.cpu_percent.sum(axis=1) <= CAPACITY + 1e-6).all()
    assert (wish.cpu_percent >= 5.0).all()
    assert ((wish.tick_hz >= 1.0) & (wish.tick_hz <= 20.0)).all()
    assert wish.gates.shape == (3, NPCS, 5)


def test_need_proportional_is_the_static_rule_of_the_village() -> None:
    wish = need_proportional(*columns(), 0)
    ruled = static_rule(people(0), CAPACITY)
    assert wish.tick_hz[0].tolist() == pytest.approx([one.tick_hz for one in ruled])
    assert wish.cpu_percent[0].tolist() == pytest.approx([one.cpu_percent for one in ruled])
    assert wish.priority[0].tolist() == [one.cortex_priority for one in ruled]
    assert wish.permission[0].tolist() == [one.cortex_permission for one in ruled]


def test_round_robin_favours_everybody_once_in_three_epochs() -> None:
    favoured = [round_robin(*columns(), epoch).cpu_percent[0] > 5.0 for epoch in range(3)]
    assert (np.sum(favoured, axis=0) == 1).all()


def test_greedy_favours_those_that_gained_most() -> None:
    npcs, village = columns()
    favoured = greedy(npcs, village, 0).cpu_percent[0] > 5.0
    assert favoured.sum() == 3
    assert npcs["gained"][0][favoured].min() > npcs["gained"][0][~favoured].max()


def test_the_net_of_an_evaluation_is_the_net_of_a_village() -> None:
    net = GovernorNet(beginning("small", Chance(1).generator("net")))
    situations = people(0)
    village = VillageSituation(2, CAPACITY, 1, lifeforce_budget=50.0)
    live = net.propose(observe_village(situations, village), CAPACITY)
    wish = Net.of(net)(*columns(), 0)
    assert wish.cpu_percent[0].tolist() == pytest.approx([one.cpu_percent for one in live], rel=1e-5)
    assert wish.tick_hz[0].tolist() == pytest.approx([one.tick_hz for one in live], rel=1e-5)
    assert [tuple(gates) for gates in wish.gates[0].tolist()] == [one.gates[:5] for one in live]


def test_an_ablation_takes_one_power_and_leaves_the_others() -> None:
    net = GovernorNet(beginning("small", Chance(1).generator("net")))
    whole, without = (
        Net.of(net)(*columns(), 0),
        {power: Net.of(net, power)(*columns(), 0) for power in ("gates", "priorities", "quotas")},
    )
    assert whole.gates.any()
    assert not without["gates"].gates.any()
    assert (without["priorities"].priority == 5.0).all()
    assert np.unique(without["quotas"].cpu_percent).size == 1
    assert np.array_equal(without["gates"].cpu_percent, whole.cpu_percent)


def test_a_population_governs_block_by_block() -> None:
    nets = [beginning("small", Chance(seed).generator("net")) for seed in (1, 2)]
    for at, net in enumerate(nets):
        net["head_w"] += np.float32(0.1 * (at + 1))
    together = Net({name: np.stack([net[name] for net in nets]) for name in nets[0]})(*columns(4), 0)
    npcs, village = columns(4)
    for at, net in enumerate(nets):
        block = slice(2 * at, 2 * at + 2)
        alone = Net(net)(
            {name: rows[block] for name, rows in npcs.items()},
            {name: rows[block] for name, rows in village.items()},
            0,
        )
        np.testing.assert_allclose(together.cpu_percent[block], alone.cpu_percent, rtol=1e-5)


def test_a_static_allocation_says_the_same_every_epoch_and_its_change_is_another() -> None:
    first: Rival = StaticAllocation.uniform(1, NPCS)
    changed = StaticAllocation.uniform(1, NPCS).changed(Chance(1).generator("change"))
    assert np.array_equal(first(*columns(), 0).cpu_percent, first(*columns(), 9).cpu_percent)
    assert not np.array_equal(first(*columns(), 0).cpu_percent, changed(*columns(), 0).cpu_percent)
    assert (changed(*columns(), 0).cpu_percent.sum(axis=1) <= CAPACITY + 1e-6).all()
