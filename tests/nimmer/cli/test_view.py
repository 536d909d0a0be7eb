import pytest

from nimmer.cli.view import DOMAINS, NPCS, TRANSITIONS, Rate, View
from tests.nimmer.cli.village_talk import RUN, aggregate, npc_state, transition, wave, wire


def test_a_rate_is_measured_over_about_a_second() -> None:
    rate = Rate()
    for tick in range(31):
        rate.reach(tick, tick / 10)
    assert rate.now(3.0) == pytest.approx(10.0)


def test_a_rate_is_zero_once_nothing_comes_any_more() -> None:
    rate = Rate()
    for tick in range(31):
        rate.reach(tick, tick / 10)
    assert rate.now(6.1) == 0.0


def test_a_count_that_went_back_starts_anew() -> None:
    rate = Rate()
    rate.reach(1000, 0.0)
    rate.reach(3, 2.0)
    assert (rate.total, rate.now(2.0)) == (3, 0.0)


def test_each_message_finds_its_place() -> None:
    view = View("dev", RUN)
    view.hear("dev.world.arena.aggregate", wire(aggregate()), 1.0)
    view.hear("dev.npc.7.state", wire(npc_state(7)), 1.0)
    view.hear("dev.thalamus.gate.open", wire(transition()), 1.0)
    view.hear("dev.nervous.cells.distance.wave", wire(wave()), 1.0)
    assert view.world is not None
    assert view.world.tick == 1234
    assert view.npcs[7].state.node == 7
    assert view.transitions[-1].gate == "npc.7.collision_avoidance_gate"
    assert view.transitions[-1].at == "22:13:20"
    assert view.waves["distance"].total == 1
    assert view.refused == 0


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff\xff", b"[]", wire(npc_state(8))])
def test_a_malformed_message_is_counted_and_nothing_else(payload: bytes) -> None:
    view = View("dev", RUN)
    view.hear("dev.npc.7.state", payload, 1.0)
    assert view.refused == 1
    assert not view.npcs


def test_memory_is_bounded_whatever_is_said() -> None:
    view = View("dev", RUN)
    said = wire(transition())
    for number in range(TRANSITIONS * 3):
        view.hear("dev.thalamus.gate.open", said, float(number))
        view.hear(f"dev.nervous.cells.domain{number}.wave", b"", float(number))
    for npc in range(NPCS + 5):
        view.hear(f"dev.npc.{npc}.state", wire(npc_state(npc)), 1.0)
    assert len(view.transitions) == TRANSITIONS
    assert len(view.waves) == DOMAINS + 1
    assert view.waves["other"].total == TRANSITIONS * 3 - DOMAINS
    assert len(view.npcs) == NPCS
    assert view.refused == 5
