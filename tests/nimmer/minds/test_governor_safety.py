"""Whatever net stands behind it, what the village is given is safe: the whole way from weights to shares."""

from dataclasses import replace
from math import isfinite

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.chance import Chance
from nimmer.life.governor import Allocation, Envelope, Limits, NpcSituation, VillageSituation
from nimmer.life.governor_observation import observe_village
from nimmer.minds.governor_net import GovernorNet, initial_weights, shapes

SCALES = (0.0, 1.0, 1e3, 1e30, 3e38)
POISONS = (float("nan"), float("inf"), float("-inf"), 3e38)


def net(seed: int, scale: float, poison: float | None, share: float) -> GovernorNet:
    """Return a net of normal weights times `scale`, a `share` of them `poison`, which no file could bring in."""
    generator = Chance(seed).generator("adversary")
    made = GovernorNet(initial_weights("small", generator))
    for name, shape in shapes(made.width).items():
        drawn = np.clip(generator.standard_normal(shape) * scale, -3e38, 3e38).astype(np.float32)
        if poison is not None:
            drawn[generator.random(shape) < share] = poison
        made.weights[name] = drawn
    return made


numbers = st.floats(allow_nan=True, allow_infinity=True)
situations = st.lists(
    st.builds(
        NpcSituation,
        npc=st.just(0),
        alive=st.booleans(),
        tick_hz=st.floats(1.0, 20.0),
        cpu_percent=st.floats(5.0, 100.0),
        coverage=numbers,
        energy=numbers,
        lifeforce=numbers,
        lateness_p99_ms=numbers,
        balance=numbers,
        gained=numbers,
        earned=numbers,
        cpu_used_percent=numbers,
        wants_cortex=st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@given(
    situations,
    st.integers(0, 10_000),
    st.sampled_from(SCALES),
    st.sampled_from((None, *POISONS)),
    st.sampled_from((0.01, 0.5, 1.0)),
    st.floats(5.0, 2000.0),
)
@settings(max_examples=300, deadline=None)
def test_no_net_gets_anything_unsafe_through_the_envelope(
    drawn: list[NpcSituation], seed: int, scale: float, poison: float | None, share: float, capacity: float
) -> None:
    village = [replace(one, npc=3 * place) for place, one in enumerate(drawn)]
    limits = Limits()
    seen = observe_village(village, VillageSituation(1, capacity))
    with np.errstate(all="ignore"):
        proposed = net(seed, scale, poison, share).propose(seen, capacity, limits)
    previous = {one.npc: Allocation(one.npc, one.tick_hz, one.cpu_percent) for one in village}
    verdict = Envelope(capacity, limits=limits).apply(proposed, previous, village)

    living = [one for one in village if one.alive]
    assert [one.npc for one in verdict.allocations] == [one.npc for one in living]
    floors = limits.min_cpu_percent * len(living)
    assert sum(one.cpu_percent for one in verdict.allocations) <= max(capacity, floors) + 1e-6
    for one, before in zip(verdict.allocations, living, strict=True):
        assert isfinite(one.tick_hz)
        assert limits.min_tick_hz <= one.tick_hz <= limits.max_tick_hz
        assert limits.min_cpu_percent <= one.cpu_percent <= limits.max_cpu_percent
        assert abs(one.tick_hz - before.tick_hz) <= 5.0 + 1e-9
        assert one.cpu_percent - before.cpu_percent <= 25.0 + 1e-9
        assert 0 <= one.cortex_priority <= 10
        assert -20 <= one.nice <= 19
        assert len(one.gates) == 8
        assert set(one.gates) <= {-1, 0, 1}
