"""How a living village shows itself."""

import pytest

from tests.village.raised import Raised, wait_s

pytestmark = pytest.mark.village


def test_everyone_lives_in_a_process_of_its_own(village: Raised) -> None:
    status = village.status()
    assert [npc.id for npc in status.npcs] == list(range(9))
    assert all(npc.alive and npc.generation == 1 for npc in status.npcs)
    assert len({npc.pid for npc in status.npcs}) == 9
    assert status.restarts == 0
    assert status.incidents == []
    assert set(status.servers.values()) == {"answers"}


def test_the_village_keeps_time(village: Raised) -> None:
    pace = village.pace(lambda: wait_s(10.0))
    assert pace.world >= 0.9
    assert pace.npcs >= 0.9
