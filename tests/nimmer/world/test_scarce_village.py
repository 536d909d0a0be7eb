"""Villages under scarcity: the same fortune for all, nothing beyond the budget, and a price for being late."""

from dataclasses import replace

import numpy as np
import pytest

from nimmer.minds.governor_net import GOVERNED_GATES, Proposal
from nimmer.world.levels import load_levels
from nimmer.world.observation import observe
from nimmer.world.rules import Rules
from nimmer.world.scarce_score import ScoreWeights, Tally
from nimmer.world.scarce_village import ScarceVillage
from nimmer.world.scarcity import ScarcityModel
from nimmer.world.state import Village

LEVELS = load_levels()
MODEL = ScarcityModel(epoch_ticks=60)


def village(
    share: float,
    seeds: tuple[int, ...] = (1, 2),
    npcs: int = 6,
    copies: int = 1,
    level: int = 2,
    model: ScarcityModel = MODEL,
) -> ScarceVillage:
    return ScarceVillage(LEVELS[level], Rules(), model, npcs, np.full(len(seeds), share), seeds, copies)


def alike(one: ScarceVillage, hz: float = 20.0, ask: bool = True) -> Proposal:
    shape = one.lifeforce.shape
    return Proposal(
        np.full(shape, hz),
        np.broadcast_to((one.capacity / shape[1])[:, None], shape).copy(),
        np.zeros((*shape, GOVERNED_GATES), np.int8),
        np.full(shape, ask),
        np.full(shape, 5.0),
    )


def lived(one: ScarceVillage, epochs: int = 4, hz: float = 20.0, ask: bool = True) -> Tally:
    for _ in range(epochs):
        one.live(alike(one, hz, ask))
    return one.total


def same(one: Tally, other: Tally) -> bool:
    return all(np.array_equal(mine, yours) for mine, yours in zip(one, other, strict=True))


def test_the_same_seed_is_the_same_fortune_whoever_else_is_in_the_batch() -> None:
    alone, together = lived(village(0.3, (7,))), lived(village(0.3, (3, 7)))
    assert same(alone, lived(village(0.3, (7,))))
    assert all(np.array_equal(mine[0], yours[1]) for mine, yours in zip(alone, together, strict=True))


def test_what_the_governor_sees_and_what_triggers_need_is_what_the_world_shows() -> None:
    one = village(0.6, npcs=40)
    for _ in range(3):
        one.live(alike(one))
        records, _ = observe(one.level, one.rules, one.village)
        npcs, _ = one.columns()
        assert npcs["news"] == pytest.approx(records["news"], abs=1e-3)
        assert npcs["occupants"] == pytest.approx(records["occupants"], abs=1e-3)
        assert records["news"].any()


def test_each_kind_of_trigger_comes_only_where_its_cause_is() -> None:
    """Whoever knows every house, is full of energy and alone meets no battery, no unknown house and no news."""
    one = village(1.0, npcs=1, level=1)
    knowledge = np.broadcast_to(one.level.traits, one.village.knowledge.shape).copy()
    knowing = Village.from_bytes(replace(one.village, knowledge=knowledge).to_bytes())
    one.begin(knowing, one.lifeforce)
    one._nerves(np.ones((2, 1), np.bool_), np.ones((2, 1), np.bool_), next(iter(one.fortune.epoch())))
    assert not one._triggers.open[..., 1:4].any()


def test_every_copy_of_a_scenario_fares_alike_under_the_same_government() -> None:
    total = lived(village(0.3, (3, 7), copies=2))
    assert all(np.array_equal(part[:2], part[2:]) for part in total)


@pytest.mark.parametrize("share", [0.15, 0.5])
def test_no_village_uses_more_cpu_than_it_has(share: float) -> None:
    one = village(share)
    used_percent = lived(one).cpu_ms.sum(axis=1) / (4 * MODEL.epoch_s * 10.0)
    # what runs when the time is up is paid afterwards
    assert (used_percent <= one.capacity * 1.1).all()


def test_more_cpu_teaches_more_and_meets_more() -> None:
    poor, rich = (lived(village(share, tuple(range(8)))) for share in (0.15, 1.0))
    assert rich.gained.sum() > poor.gained.sum()
    assert rich.met[..., 0].sum() > poor.met[..., 0].sum()


def test_without_permission_no_question_is_asked_or_answered() -> None:
    silent = lived(village(0.5, tuple(range(8))), ask=False)
    assert silent.calls.sum() == 0
    assert silent.met[..., -1].sum() == 0
    assert lived(village(0.5, tuple(range(8)))).met[..., -1].sum() > 0


def test_a_stuck_cortex_is_seen_and_a_starved_npc_keeps_fewer_ticks() -> None:
    stuck = village(0.5, tuple(range(8)), model=replace(MODEL, stuck_share=1.0, starved_share=1.0))
    seen_stuck, kept = False, []
    for _ in range(8):
        stuck.live(alike(stuck, 10.0))
        npcs, aggregate = stuck.columns()
        seen_stuck |= bool((aggregate["cortex_stuck"] > 0).any())
        kept.append(npcs["ticks_kept"])
    starved = stuck.fortune.effective < 1.0
    assert seen_stuck
    assert np.mean(kept, axis=0)[starved].mean() < np.mean(kept, axis=0)[~starved].mean()


def test_what_the_governor_sees_is_within_its_range_from_birth_on() -> None:
    one = village(0.2)
    for _ in range(3):
        features, world = one.observe()
        for block in (features, world):
            assert ((block >= 0.0) & (block <= 1.0)).all()
        one.live(alike(one))


def test_a_village_that_knows_everything_begins_to_learn_anew() -> None:
    one = village(1.0, npcs=4, level=1)
    total = lived(one, 10)
    assert (total.gained.sum(axis=1) / 4 > 1.0).all()
    assert (one.village.tick == 10 * MODEL.epoch_ticks).all()


def test_the_score_is_the_documented_sum() -> None:
    tally = Tally.nothing((1, 2))
    tally.gained[:] = 0.5
    tally.earned[:] = 50.0
    tally.met[0, :, 0] = 2.0
    assert tally.score()[0] == pytest.approx(20 * 0.5 + 2.0 + 0.02 * 50)
    assert tally.score(ScoreWeights(coverage=0.0, lifeforce=0.0))[0] == pytest.approx(2.0)
    assert tally.parts()["triggers_met"][0] == 1.0
