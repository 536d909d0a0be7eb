"""Ray's own life events, in the JSON that Ray posts, become messages; garbage becomes nothing."""

import base64
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.ray_events import REMEMBERED, RayEvents, listen
from nimmer.bus.message import RayLifecycle
from nimmer.host.ports import free_port

ACTOR, NODE = bytes(range(16)), bytes(range(28))


def encoded(identity: bytes) -> str:
    return base64.b64encode(identity).decode()


def definition(event: str = "d1", name: str = "npc-7") -> dict[str, Any]:
    return {
        "eventId": event,
        "sourceType": "GCS",
        "eventType": "ACTOR_DEFINITION_EVENT",
        "timestamp": "2026-11-23T00:00:00.000Z",
        "severity": "INFO",
        "actorDefinitionEvent": {
            "actorId": encoded(ACTOR),
            "jobId": "AQAAAA==",
            "isDetached": True,
            "name": name,
            "rayNamespace": "nimmer-dev",
            "className": "NpcShell",
            "requiredResources": {"CPU": 0.02},
        },
    }


def lifecycle(event: str = "l1", *steps: dict[str, Any]) -> dict[str, Any]:
    return {
        "eventId": event,
        "eventType": "ACTOR_LIFECYCLE_EVENT",
        "actorLifecycleEvent": {"actorId": encoded(ACTOR), "stateTransitions": list(steps)},
    }


ALIVE = {
    "state": "ALIVE",
    "timestamp": "2026-11-23T00:00:01Z",
    "nodeId": encoded(NODE),
    "pid": 4711,
    "reprName": "",
}
RESTARTING = {
    "state": "RESTARTING",
    "deathCause": {"actorDiedErrorContext": {"errorMessage": "The actor died unexpectedly", "pid": 4711}},
}


def read(*events: object) -> list[RayLifecycle]:
    return list(RayEvents().read(list(events)))


def test_a_life_is_told_by_the_name_of_its_definition() -> None:
    assert read(definition(), lifecycle("l1", ALIVE)) == [
        RayLifecycle("actor", ACTOR.hex(), "npc-7", "ALIVE", NODE.hex(), 4711, "")
    ]


def test_the_name_is_remembered_over_later_posts() -> None:
    events = RayEvents()
    assert list(events.read([definition()])) == []
    (one,) = events.read([lifecycle("l1", RESTARTING)])
    assert (one.name, one.state, one.reason) == ("npc-7", "RESTARTING", "The actor died unexpectedly")


def test_every_step_of_one_event_is_told_in_order() -> None:
    assert [one.state for one in read(definition(), lifecycle("l1", RESTARTING, ALIVE))] == [
        "RESTARTING",
        "ALIVE",
    ]


def test_an_event_that_is_posted_again_is_told_once() -> None:
    events = RayEvents()
    post = [definition(), lifecycle("l1", ALIVE)]
    assert len(list(events.read(post))) == 1
    assert list(events.read(post)) == []


def test_an_unnamed_actor_goes_by_its_class() -> None:
    assert read(definition(name=""), lifecycle("l1", ALIVE))[0].name == "NpcShell"


def test_a_nodes_death_is_told_with_its_reason() -> None:
    birth = {"eventId": "n1", "nodeDefinitionEvent": {"nodeId": encoded(NODE), "hostname": "theia"}}
    death = {
        "eventId": "n2",
        "nodeLifecycleEvent": {
            "nodeId": encoded(NODE),
            "stateTransitions": [
                {
                    "state": "DEAD",
                    "deathInfo": {"reason": "UNEXPECTED_TERMINATION", "reasonMessage": "no heartbeat"},
                }
            ],
        },
    }
    assert read(birth, death) == [
        RayLifecycle(
            "node", NODE.hex(), "theia", "DEAD", NODE.hex(), 0, "UNEXPECTED_TERMINATION no heartbeat"
        )
    ]


@pytest.mark.parametrize(
    "posted",
    [
        None,
        {},
        "events",
        [1, None, "x", []],
        [{"eventId": None}],
        [{"eventId": "a", "actorLifecycleEvent": 7}],
        [{"eventId": "b", "actorLifecycleEvent": {"actorId": 7, "stateTransitions": None}}],
        [{"eventId": "c", "actorLifecycleEvent": {"actorId": "!", "stateTransitions": [7, None]}}],
        [{"eventId": "d", "nodeLifecycleEvent": {"stateTransitions": {}}}],
        [{"eventId": "e", "taskDefinitionEvent": {"taskId": "AAAA"}}],
    ],
)
def test_garbage_is_passed_over(posted: object) -> None:
    assert list(RayEvents().read(posted)) == []


def test_a_senseless_step_becomes_a_message_all_the_same() -> None:
    (one,) = read(lifecycle("l1", {"state": "DEAD", "pid": "many", "nodeId": 5, "deathCause": [1]}))
    assert (one.state, one.pid, one.node_id, one.reason) == ("DEAD", 0, "unknown", "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "eventId",
                    "actorLifecycleEvent",
                    "nodeLifecycleEvent",
                    "stateTransitions",
                    "state",
                    "pid",
                    "deathInfo",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=4))
def test_no_json_at_all_raises_an_error(posted: list[object]) -> None:
    for one in RayEvents().read(posted):
        assert one.pid >= 0
        assert one.id


def test_memory_is_bounded() -> None:
    events = RayEvents()

    def many() -> Iterator[dict[str, Any]]:
        for number in range(REMEMBERED + 50):
            identity = encoded(number.to_bytes(16, "little"))
            yield {
                "eventId": str(number),
                "actorDefinitionEvent": {"actorId": identity, "name": f"a{number}"},
            }

    list(events.read(list(many())))
    assert len(events._names) == REMEMBERED
    assert len(events._seen) == REMEMBERED


async def test_posts_are_heard_on_loopback_and_broken_ones_refused() -> None:
    heard: list[RayLifecycle] = []
    port = free_port()
    runner = await listen(port, heard.append)
    url = f"http://127.0.0.1:{port}/ray-events"
    try:
        async with aiohttp.ClientSession() as client:
            async with client.post(url, json=[definition(), lifecycle("l1", ALIVE)]) as answer:
                assert answer.status == 200
            async with client.post(url, data=b"{not json") as answer:
                assert answer.status == 400
            async with client.post(url, json={"eventId": 1}) as answer:
                assert answer.status == 200
    finally:
        await runner.cleanup()
    assert [one.state for one in heard] == ["ALIVE"]
