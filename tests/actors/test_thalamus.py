"""One shard of the thalamus: it hears in batches, tells of every transition, and survives its own death."""

from dataclasses import replace

import pytest

from actors.charter import Charter
from actors.thalamus import MOST_AT_ONCE, ThalamusShell
from nimmer.arena.memory import Arena
from nimmer.bus.message import GateTransition
from nimmer.clock import ManualClock
from nimmer.life.gates import SHARED_GATES
from nimmer.life.wave import Wave
from tests.actors.conftest import told


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1000.0)


def shard(charter: Charter, clock: ManualClock) -> ThalamusShell:
    one = ThalamusShell(charter)
    one.clock = clock  # type: ignore[assignment]  # a clock like any other
    return one


def hot(clock: ManualClock) -> tuple[str, Wave]:
    return "host.here", Wave(8, clock.monotonic_s(), 1.0, 0.1, (85.0,))


async def test_a_transition_is_told_under_its_shards_name(
    charter: Charter, arena: Arena, clock: ManualClock
) -> None:
    one = shard(charter, clock)
    assert await one.hear([hot(clock)]) == 1
    (message,) = told(arena, "thalamus-0")
    assert message.subject == "dev.thalamus.gate.open"
    assert isinstance(message.body, GateTransition)
    assert (message.body.gate_id, message.body.cause, message.body.routed_to_tier) == (
        "danger_reflex_gate",
        "reflex",
        0,
    )
    assert [one.source for one in message.body.trigger_signals] == ["host_temperature"]
    status = await one.status()
    assert status["gates"]["danger_reflex_gate"]["state"] == 1
    assert status["reactions"][0]["events"] == 1


async def test_after_kill_9_the_next_process_knows_gates_and_counts(
    charter: Charter, arena: Arena, clock: ManualClock
) -> None:
    one = shard(charter, clock)
    await one.hear([("mad", Wave(999, 1000.0, 1.0, 0.1, ())), hot(clock)])
    await one.command("force_open", {"gate": "math_gate"})
    # nothing is said to the first: it is killed here
    clock.advance(5.0)
    other = shard(charter, clock)
    assert other.births == 2
    before, after = await one.status(), await other.status()
    for key in ("gates", "heard", "refused", "refused_by", "reactions", "sources"):
        assert after[key] == before[key]
    assert after["gates"]["math_gate"]["override"] == 1


async def test_a_batch_that_is_too_long_is_taken_up_to_its_bound(
    charter: Charter, arena: Arena, clock: ManualClock
) -> None:
    one = shard(charter, clock)
    assert await one.hear([hot(clock)] * (MOST_AT_ONCE + 7)) == MOST_AT_ONCE
    status = await one.status()
    assert (status["overlong"], status["batches"]) == (7, 1)
    assert status["heard"] + status["refused"] == MOST_AT_ONCE


async def test_an_operator_holds_a_gate_and_is_named_as_the_cause(
    charter: Charter, arena: Arena, clock: ManualClock
) -> None:
    one = shard(charter, clock)
    assert await one.command("force_open", {"gate": "speech_gate"}) == "speech_gate is open, held force_open"
    (message,) = told(arena, "thalamus-0")
    assert isinstance(message.body, GateTransition)
    assert message.body.cause == "governor"
    assert [one.source for one in message.body.trigger_signals] == ["governor"]
    assert await one.command("auto", {"gate": "speech_gate"}) == "speech_gate is open, held auto"


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("open", {"gate": "math_gate"}, "thalamus-0 knows force_open, auto, force_close"),
        ("force_open", {}, "with a gate's name"),
        ("force_open", {"gate": "maths_gate"}, "is math_gate meant"),
    ],
)
async def test_a_command_that_cannot_be_obeyed_is_refused_with_the_reason(
    charter: Charter, arena: Arena, clock: ManualClock, name: str, arguments: dict[str, str], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        await shard(charter, clock).command(name, arguments)


async def test_what_became_of_an_opening_teaches_the_gate(
    charter: Charter, arena: Arena, clock: ManualClock
) -> None:
    one = shard(charter, clock)
    assert await one.learn("math_gate", 1) == 0.02
    assert (await shard(charter, clock).status())["gates"]["math_gate"]["weight"] == 0.32
    assert await one.verified("math", 0.95) == 0  # its garden is not real: it correlates for itself
    with pytest.raises(ValueError, match="7 is not a valid Outcome"):
        await one.learn("math_gate", 7)


async def test_silence_closes_what_nobody_keeps_open_and_is_told(
    charter: Charter, arena: Arena, clock: ManualClock
) -> None:
    one = shard(charter, clock)
    await one.hear([hot(clock)])
    steps = 0

    async def sleep_s(duration_s: float) -> None:
        nonlocal steps
        clock.advance(duration_s)
        steps += 1
        if steps == 40:
            await one.stop()

    clock.sleep_s = sleep_s  # type: ignore[method-assign]  # the test's turn
    await one.live()
    assert [message.subject.split(".")[-1] for message in told(arena, "thalamus-0")[-2:]] == [
        "open",
        "stable",
    ]


async def test_a_keepsake_that_is_of_no_use_is_no_reason_to_fail(
    charter: Charter, arena: Arena, clock: ManualClock
) -> None:
    one = shard(charter, clock)
    await one.stop()
    path = one._keepsake.path
    path.write_text('{"now_s": 1.0, "thalamus": {"gates": {}}}')
    assert (await shard(charter, clock).status())["heard"] == 0


async def test_every_shard_has_its_own_gates_and_outbox(
    charter: Charter, arena: Arena, clock: ManualClock
) -> None:
    names: list[str] = []
    for number in range(2):
        one = ThalamusShell(replace(charter, thalamus_shards=2), number)
        assert one.outbox.owner == f"thalamus-{number}"
        names += (await one.status())["gates"]
    assert len(names) == len(set(names)) == len(SHARED_GATES)
