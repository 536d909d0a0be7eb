"""Section 6 of docs/domain.md by number: what the night keeps, what a reflex pays and earns, how detail fades."""

import pytest

from nimmer.life.reflex_account import TERMS, ReflexAccounts
from nimmer.life.slumber import LAYERS, Fate, Trail, consolidate, fade, fate


def test_6_a_confident_success_with_enough_similar_is_compiled_deleted_and_pays_50() -> None:
    found = consolidate([Trail(7, success=True, confidence=0.9)] * 100)
    assert (found.compiled, found.kept, found.deleted, found.reward) == ((7,), (), 100, 50.0)


def test_6_a_confident_failure_is_kept_for_one_cycle_and_the_rest_is_deleted() -> None:
    failure = Trail(7, success=False, confidence=0.9)
    assert [fate(failure, 0), fate(failure._replace(cycles=1), 0)] == [Fate.KEEP, Fate.DELETE]
    assert fate(Trail(7, success=True, confidence=0.9), 99) is Fate.DELETE
    assert fate(Trail(7, success=False, confidence=0.5), 0) is Fate.DELETE


@pytest.mark.parametrize(
    ("kind", "rent", "reward"),
    [("motor", 0.5, 5.0), ("sensor", 1.0, 3.0), ("heuristic", 2.0, 10.0), ("identity", 0.1, 1.0)],
)
def test_6_a_reflex_pays_rent_per_cycle_and_earns_per_trigger(kind: str, rent: float, reward: float) -> None:
    assert TERMS[kind] == (rent, reward)
    accounts = ReflexAccounts()
    accounts.open("it", kind)
    accounts.trigger("it")
    accounts.pay_rent()
    assert accounts.balance("it") == pytest.approx(100.0 + reward - rent)


def test_6_a_reflex_starts_at_100_and_is_deleted_at_0() -> None:
    accounts = ReflexAccounts()
    accounts.open("it", "heuristic")
    assert accounts.balance("it") == 100.0
    assert [accounts.pay_rent() for _ in range(50)][-2:] == [(), ("it",)]  # after 50 rents of 2
    assert "it" not in accounts


@pytest.mark.parametrize(("level", "cycles"), [(0, 1), (1, 2), (2, 5), (3, 10), (4, 20)])
def test_6_unread_detail_fades_after_1_2_5_10_and_20_cycles(level: int, cycles: int) -> None:
    at, unread = level, 0
    for _ in range(cycles):
        assert at == level
        at, unread = fade(at, unread, read=False)
    assert at == level + 1


def test_6_the_coarsest_detail_stays() -> None:
    assert fade(5, 1000, read=False)[0] == 5


def test_6_layers_are_1_mm_to_100_km_at_s2_levels_30_28_24_20_14_and_8() -> None:
    assert [(layer.cell_m, layer.s2_level) for layer in LAYERS] == [
        (0.001, 30),
        (0.01, 28),
        (0.5, 24),
        (10.0, 20),
        (1_000.0, 14),
        (100_000.0, 8),
    ]
