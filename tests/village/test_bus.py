"""What strangers on the bus see, may do, and cannot break."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from nimmer.bus.identities import GUEST, OPERATOR
from tests.village.nats_by_hand import HandClient, Heard
from tests.village.raised import Raised

pytestmark = pytest.mark.village
MATH = "dev.nervous.cells.math.request"


def by_hand(kind: str, body: dict[str, Any], **header: Any) -> bytes:  # noqa: ANN401  any JSON
    """A message as the documentation describes it, without a line of nimmer's own."""
    source = {"entity_id": "stranger", "entity_type": "service", "garden": "real", "tier": 0}
    head = {
        "message_id": str(uuid.uuid4()),
        "message_type": kind,
        "version": "2.0",
        "timestamp": "2026-11-22T23:45:01.123Z",
        "source": source,
    }
    return json.dumps({"header": {**head, **header}, "body": body}).encode()


def connected(village: Raised, identity: str) -> HandClient:
    """Connect with what `nimmer bus credentials` says."""
    told = village.json("bus", "credentials", "--identity", identity)
    return HandClient(told["url"], told["user"], told["password"])


@pytest.fixture
def guest(village: Raised) -> Iterator[HandClient]:
    with connected(village, GUEST) as client:
        yield client


def test_a_client_of_another_make_asks_the_math_cell(guest: HandClient) -> None:
    answer = guest.request(MATH, by_hand("MathRequest", {"operation": "multiply", "operands": [6.0, 7.0]}))
    message = answer.json()
    assert message["header"]["message_type"] == "MathResponse"
    assert message["header"]["version"] == "2.0"
    assert message["body"]["result"] == 42.0
    assert message["body"]["confidence"] == 0.7


def test_the_math_cells_answer_is_told_to_everyone(guest: HandClient) -> None:
    guest.subscribe("dev.nervous.cells.math.response")
    request = {"operation": "sqrt", "operands": [2.0], "context": "overheard"}
    guest.publish(MATH, by_hand("MathRequest", request))
    heard = guest.hear()
    assert heard.json()["body"]["context"] == "overheard"
    assert heard.json()["body"]["result"] == pytest.approx(2.0**0.5)


def test_a_client_of_another_make_sees_an_npc_live(guest: HandClient) -> None:
    guest.subscribe("dev.npc.7.state")
    states = [guest.hear() for _ in range(5)]
    assert {heard.subject for heard in states} == {"dev.npc.7.state"}
    ticks = [heard.json()["body"]["tick"] for heard in states]
    assert ticks == list(range(ticks[0], ticks[0] + 5))


@pytest.mark.parametrize(
    "subject",
    [
        "dev.world.arena.aggregate",
        "dev.nervous.cells.distance.wave",
        "dev.npc.*.state",
        "dev.world.arena.snapshot",
    ],
)
def test_a_guest_hears_the_worlds_events(guest: HandClient, subject: str) -> None:
    guest.subscribe(subject)
    assert "body" in guest.hear().json()


@pytest.mark.parametrize(
    "subject",
    ["dev.world.arena.delta", "dev.thalamus.governor.command", "prod.world.quiz.request", "$JS.API.INFO"],
)
def test_a_guest_may_not_say_what_is_not_its_to_say(guest: HandClient, subject: str) -> None:
    guest.publish(subject, b"{}")
    guest.flush()
    assert any("Permissions Violation for Publish" in line and subject in line for line in guest.errors)
    # the connection is none the worse for it
    assert (
        guest.request(MATH, by_hand("MathRequest", {"operation": "abs", "operands": [-1.0]})).json()["body"][
            "result"
        ]
        == 1.0
    )


def test_a_guest_may_not_read_other_peoples_answers(guest: HandClient) -> None:
    guest.subscribe("_INBOX.>")
    guest.flush()
    assert any("Permissions Violation for Subscription" in line for line in guest.errors)


def test_a_wrong_password_is_refused(village: Raised) -> None:
    told = village.json("bus", "credentials", "--identity", GUEST)
    with pytest.raises(EOFError):
        HandClient(told["url"], told["user"], "wrong")


def refusal(answer: Heard) -> tuple[str, str]:
    message = answer.json()
    assert message["header"]["message_type"] == "ErrorReply"
    return message["body"]["code"], message["body"]["reason"]


GOOD = {"operation": "add", "operands": [1.0, 2.0]}
BAD = {
    "not JSON": (MATH, b"hello", "not JSON"),
    "not UTF-8": (MATH, b'{"header": "\xff"}', MATH),
    "deeply nested": (MATH, b"[" * 200_000, MATH),
    "empty": (MATH, b"", MATH),
    "of another version": (MATH, by_hand("MathRequest", GOOD, version="1.0"), "this is version '2.0'"),
    "of another type": (MATH, by_hand("QuizRequest", {}), "carries MathRequest"),
    "without a body": (MATH, by_hand("MathRequest", {}), "operation"),
    "with a key too many": (MATH, by_hand("MathRequest", {**GOOD, "more": 1}), "more"),
    "with too many operands": (MATH, by_hand("MathRequest", {**GOOD, "operands": [1.0] * 65}), "operands"),
    "with an id that is none": (MATH, by_hand("MathRequest", GOOD, message_id="7"), "message_id"),
    "on a subject of nobody": (
        "dev.npc.seven.action",
        by_hand("NpcAction", {"npc_id": 7, "verb": "look"}),
        "dev.npc.{npc}.action",
    ),
    "of another NPC than its subject's": (
        "dev.npc.7.action",
        by_hand("NpcAction", {"npc_id": 6, "verb": "look"}),
        "the subject says npc 7, the body says 6",
    ),
    "with an unknown verb": ("dev.npc.7.action", by_hand("NpcAction", {"npc_id": 7, "verb": "fly"}), "verb"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_message_is_answered_with_what_is_wrong(guest: HandClient, name: str) -> None:
    subject, payload, hint = BAD[name]
    code, reason = refusal(guest.request(subject, payload))
    assert code == "bad_message"
    assert hint in reason


def test_an_oversized_message_is_refused_by_the_broker(village: Raised, guest: HandClient) -> None:
    most = guest.info["max_payload"]
    assert most == 1 << 20
    guest.announce(MATH, most + 1)
    with pytest.raises(EOFError):
        guest.hear()
    assert any("Maximum Payload Violation" in line for line in guest.errors)
    assert village.status().bus.connected


def test_a_large_message_within_the_brokers_limit_is_refused_by_us(guest: HandClient) -> None:
    padded = by_hand("MathRequest", {**GOOD, "context": "x" * 500_000})
    code, reason = refusal(guest.request(MATH, padded))
    assert code == "bad_message"
    assert "context" in reason


def test_an_order_on_another_subject_than_it_names_is_refused(village: Raised) -> None:
    host = village.host
    with connected(village, OPERATOR) as operator:
        order = by_hand("Command", {"command": "tick_hz", "arguments": {"hz": 5}})
        code, reason = refusal(operator.request(f"dev.npc.{host}.commands.stop", order))
    assert code == "bad_message"
    assert "command" in reason


def test_bad_messages_harm_nothing_and_are_told_of_in_one_line(village: Raised) -> None:
    status = village.status()
    told = [
        line
        for line in status.incidents
        if "npc.7.action" in line or "math.request" in line or "commands" in line
    ]
    assert len(told) == 1
    assert "times)" in told[0]
    assert status.restarts == 0
    assert status.bus.handler_errors == 0
    assert set(status.servers.values()) == {"answers"}
