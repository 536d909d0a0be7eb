"""The thalamus: shared gates by domain, unharmed by floods and nonsense, restored after a kill."""

import json
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.life.flood import Flood
from nimmer.life.gates import SHARED_GATES
from nimmer.life.senses import CELLS
from nimmer.life.thalamus import TOO_MANY, Thalamus, domains_of, shard_of
from nimmer.life.transition import Transition
from nimmer.life.verification import Outcome
from nimmer.life.wave import Wave

DOMAINS = {spec.domain for spec in SHARED_GATES}
ADDED = (0.0, 2.0, 5.0)


def math(time_s: float, confidence: float = 0.7) -> Wave:
    return Wave(10, time_s, confidence, 0.1, ADDED)


def near(time_s: float, cell: int = 0) -> Wave:
    return Wave(cell, time_s, 0.9, 0.5, (20.0, float(cell), 0.0))


def test_the_shards_divide_the_domains_among_them_and_never_change_their_mind() -> None:
    for shards in (1, 2, 3, 4):
        parts = [domains_of(shard, shards) for shard in range(shards)]
        assert sorted(domain for part in parts for domain in part) == sorted(DOMAINS)
        gates = [name for part in parts for name in Thalamus(domains=part).gates]
        assert sorted(gates) == sorted(spec.name for spec in SHARED_GATES)
    assert [shard_of(domain, 4) for domain in ("danger", "battery", "math", "speech")] == [1, 2, 1, 3]


def test_a_gate_keeps_its_number_in_whichever_shard_it_lives() -> None:
    for shard in range(4):
        for name, gate in Thalamus(domains=domains_of(shard, 4)).gates.items():
            assert SHARED_GATES[gate.index].name == name


def test_answers_of_the_math_cell_open_its_gate() -> None:
    thalamus = Thalamus()
    found = [one for tick in range(10) for one in thalamus.hear("cells", math(tick * 0.05), tick * 0.05)]
    assert [(SHARED_GATES[one.gate].name, one.to_state) for one in found] == [("math_gate", 1)]
    assert thalamus.summary()["gates"]["math_gate"]["state"] == 1
    assert [one.to_state for one in thalamus.settle(30.0)] == [0]


def test_a_hot_host_opens_the_danger_gate_at_once_and_a_cool_one_does_not_close_it() -> None:
    thalamus = Thalamus()
    (leap,) = thalamus.hear("host.a", Wave(8, 1.0, 1.0, 0.1, (85.0,)), 1.0)
    assert (leap.to_state, leap.tier, leap.triggers[0][0]) == (1, 0, 8)
    for tick in range(20):
        assert thalamus.hear("host.b", Wave(8, 1.0 + tick * 0.01, 0.9, 0.1, (40.0,)), 1.0 + tick * 0.01) == ()
    assert thalamus.gate("danger_reflex_gate").value > 0.5


def test_two_devices_with_something_near_agree_and_one_with_nothing_near_does_not_disagree() -> None:
    thalamus = Thalamus()
    found: list[Transition] = []
    for tick in range(4):
        now_s = tick * 0.05
        found += thalamus.hear("device.one", near(now_s, 1), now_s)
        found += thalamus.hear("device.far", Wave(0, now_s, 0.9, 0.5, (400.0, 0.0, 0.0)), now_s)
        found += thalamus.hear("device.two", near(now_s, 1), now_s)
    assert [SHARED_GATES[one.gate].name for one in found] == ["device_distance_gate"]


NONSENSE: list[tuple[Any, str]] = [
    (Wave(999, 1.0, 0.5, 0.1, ()), "no cell of that code"),
    (Wave(6, 1.0, 0.5, 0.1, (50.0,)), "domain host is not heard here"),
    ("wave", "no cell of that code"),
    ((8, 1.0), "not a wave"),
    (Wave(8, 1.0, "sure", 0.1, (85.0,)), "not a wave"),  # type: ignore[arg-type]  # what must not come
    (Wave(8, 1.0, 0.5, 0.1, None), "not a wave"),  # type: ignore[arg-type]
    (Wave([], 1.0, 0.5, 0.1, ()), "not a wave"),  # type: ignore[arg-type]
    (None, "not a wave"),
]


@pytest.mark.parametrize(("wave", "reason"), NONSENSE)
def test_what_is_no_wave_or_belongs_elsewhere_is_refused_with_the_reason(wave: Any, reason: str) -> None:  # noqa: ANN401  anything
    thalamus = Thalamus()
    assert thalamus.hear("x", wave, 1.0) == ()
    assert (thalamus.heard, thalamus.refused, thalamus.refused_by) == (0, 1, {reason: 1})


@pytest.mark.parametrize(
    ("wave", "reason"),
    [
        (math(1.0, nan), "confidence outside 0..1"),
        (math(1.0, 1.5), "confidence outside 0..1"),
        (math(1.0)._replace(values=(nan, 1.0, 1.0)), "a value is not finite"),
        (math(1.0)._replace(values=(1e308, 1e308, 1e308)), "a value is not finite"),
        (math(inf), "time is not finite"),
        (math(3601.0), "more than a minute ahead: its clock is wrong"),
        (math(-3599.0), "older than the newest wave: its clock went back"),
    ],
)
def test_what_cannot_be_right_is_refused_by_its_gate_and_harms_nobody(wave: Wave, reason: str) -> None:
    thalamus = Thalamus()
    for tick in range(5):
        thalamus.hear("broken", wave, 1.0 + tick * 0.05)
        thalamus.hear("cells", math(1.0 + tick * 0.05), 1.0 + tick * 0.05)
    gate = thalamus.summary()["gates"]["math_gate"]
    assert (gate["state"], gate["refused_by"]) == (1, {reason: 5})


def test_a_flood_of_fifty_thousand_waves_a_second_is_counted_bounded_and_harms_nobody() -> None:
    flooded, quiet = Thalamus(), Thalamus()
    found: dict[str, list[Transition]] = {"flooded": [], "quiet": []}
    for wave in range(50_000):
        now_s = wave / 50_000
        flooded.hear("mad", Wave(8, now_s, 0.6, 0.1, (50.0,)), now_s)
        flooded.hear("mad", math(now_s - 7200.0), now_s)
        if wave % 2500 == 0:
            found["flooded"] += flooded.hear("device.one", near(now_s), now_s)
            found["quiet"] += quiet.hear("device.one", near(now_s), now_s)
    assert found["flooded"] == found["quiet"]
    assert len(found["quiet"]) == 1
    heard, refused = flooded.flood.counts("mad")
    assert 599 <= heard <= 600  # a burst of 400, and 200 in the second
    assert heard + refused == 100_000
    assert flooded.refused_by == {TOO_MANY: refused}
    assert flooded.flood.loudest() == {"mad": refused}
    assert len(json.dumps(flooded.state())) < 20_000
    # what is refused never reaches a gate, so that it costs next to nothing
    assert sum(gate.heard + gate.refused for gate in flooded.gates.values()) == heard + 20


def test_a_flood_of_ever_new_sources_is_bounded_too() -> None:
    thalamus = Thalamus(flood=Flood(most=32))
    thalamus.hear("cells", math(0.0), 0.0)
    for number in range(5000):
        thalamus.hear(f"source-{number}", math(0.0), 0.0)
    assert len(thalamus.flood) == 32
    assert thalamus.flood.admitted + thalamus.flood.refused == 5001
    assert [thalamus.hear("cells", math(0.05), 0.05) for _ in range(3)] != []
    assert thalamus.flood.counts("cells") == (4, 0)


moments = st.lists(
    st.tuples(
        st.sampled_from(["host.a", "host.b", "cells", "device.one"]),
        st.sampled_from(
            [
                math(0.0),
                near(0.0),
                near(0.0, 1),
                Wave(8, 0.0, 1.0, 0.1, (85.0,)),
                Wave(9, 0.0, 0.9, 0.1, (5.0, 0.0)),
            ]
        ),
        st.floats(0.0, 0.5),
        st.sampled_from(["", "", "", "learn", "force"]),
    ),
    max_size=40,
)


def live(thalamus: Thalamus, life: list[tuple[str, Wave, float, str]], now_s: float) -> list[Transition]:
    found: list[Transition] = []
    for source, wave, after_s, order in life:
        now_s += after_s
        heard = thalamus.hear(source, wave._replace(time_s=now_s), now_s)
        thalamus.reacted(heard, now_s, now_s + 0.001)
        found += heard
        found += thalamus.settle(now_s)
        if order == "learn":
            thalamus.learn("math_gate", Outcome.CONFIRMED, now_s)
        elif order == "force":
            found += thalamus.force("host_battery_gate", 1, now_s)
    return found


@given(moments, moments)
@settings(max_examples=60, deadline=None)
def test_after_kill_9_the_next_process_goes_on_as_if_nothing_had_happened(
    before: list[tuple[str, Wave, float, str]], after: list[tuple[str, Wave, float, str]]
) -> None:
    thalamus, other = Thalamus(), Thalamus()
    live(thalamus, before, 0.0)
    other.restore(json.loads(json.dumps(thalamus.state())))
    assert other.state() == thalamus.state()
    assert other.summary() == thalamus.summary()
    assert live(other, after, 100.0) == live(thalamus, after, 100.0)
    assert other.state() == thalamus.state()


def test_a_thalamus_of_another_clock_hears_at_once() -> None:
    thalamus, other = Thalamus(), Thalamus()
    for tick in range(4):
        thalamus.hear("cells", math(9000.0 + tick * 0.05), 9000.0 + tick * 0.05)
    other.restore(json.loads(json.dumps(thalamus.state())), shift_s=1.0 - 9000.0)
    other.hear("cells", math(2.0), 2.0)
    assert other.gate("math_gate").refused == 0


def test_gates_are_forced_taught_and_verified_by_name() -> None:
    thalamus = Thalamus([SHARED_GATES[0].in_garden(real=True), *SHARED_GATES[1:]])
    (opened,) = thalamus.verify("danger", 0.95, 1.0)
    assert SHARED_GATES[opened.gate].name == "danger_reflex_gate"
    assert thalamus.verify("math", 0.95, 1.0) == ()  # a virtual gate correlates for itself
    assert thalamus.learn("math_gate", Outcome.FAILED, 1.0) == -0.02
    assert [one.to_state for one in thalamus.force("speech_gate", -1, 1.0)] == [-1]
    with pytest.raises(ValueError, match="is math_gate meant"):
        thalamus.force("mth_gate", 1, 1.0)
    with pytest.raises(ValueError, match="override 7 is none of"):
        thalamus.force("math_gate", 7, 1.0)


def test_how_long_an_opening_took_is_kept_by_tier() -> None:
    thalamus = Thalamus()
    found = thalamus.hear("host.a", Wave(8, 1.0, 1.0, 0.1, (85.0,)), 1.002)
    thalamus.reacted(found, 1.0, 1.004)
    thalamus.reacted(thalamus.settle(60.0), 1.0, 60.0)  # a release is no reaction
    (row,) = thalamus.summary()["reactions"]
    assert (row["tier"], row["events"], row["over_budget"]) == (0, 1, 0)
    assert row["worst_ms"] == pytest.approx(4.0)


def test_every_cell_that_a_shared_gate_names_reaches_it() -> None:
    thalamus = Thalamus()
    for kind in CELLS:
        thalamus.hear("any", Wave(kind.code, 1.0, 0.5, 0.1, (0.0,) * len(kind.fields)), 1.0)
        if kind.domain in DOMAINS:
            assert any(gate.heard for gate in thalamus.gates.values() if gate.spec.domain == kind.domain)
