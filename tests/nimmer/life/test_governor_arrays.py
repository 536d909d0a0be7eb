"""The envelope over arrays bounds as the envelope does, village by village."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.life.governor import Allocation, Envelope, NpcSituation
from nimmer.life.governor_arrays import bounded

NPCS = st.integers(1, 6)
RATE = st.floats(-50.0, 200.0)


@settings(max_examples=60)
@given(NPCS, st.data(), st.floats(1.0, 400.0))
def test_arrays_and_one_village_are_bounded_alike(npcs: int, data: st.DataObject, capacity: float) -> None:
    wish, last = (
        np.array([[data.draw(RATE), data.draw(RATE)] for _ in range(npcs)]).T[:, None] for _ in range(2)
    )
    envelope = Envelope(capacity)
    verdict = envelope.apply(
        [Allocation(npc, *wish[:, 0, npc]) for npc in range(npcs)],
        {npc: Allocation(npc, *last[:, 0, npc]) for npc in range(npcs)},
        [NpcSituation(npc, True, 10.0, 10.0, 0.5, 1.0, 100.0) for npc in range(npcs)],
    )
    hz, cpu = bounded(envelope, (wish[0], wish[1]), (last[0], last[1]), np.array([capacity]))
    assert hz[0].tolist() == pytest.approx([one.tick_hz for one in verdict.allocations])
    assert cpu[0].tolist() == pytest.approx([one.cpu_percent for one in verdict.allocations])
