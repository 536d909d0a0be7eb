import json
from typing import Any

import pytest

from nimmer.bus.asyncapi import document
from nimmer.bus.subject import TOPICS

DOCUMENT = document("dev", "nats://127.0.0.1:4222")


def follow(reference: str) -> dict[str, Any]:
    found = DOCUMENT
    for key in reference.removeprefix("#/").split("/"):
        found = found[key]
    return found


def references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [one for inner in value.values() for one in references(inner)]
    return [one for inner in value for one in references(inner)] if isinstance(value, list) else []


def test_every_subject_has_a_channel_an_operation_and_a_message_schema() -> None:
    addresses = {channel["address"]: key for key, channel in DOCUMENT["channels"].items()}
    assert addresses.keys() == {f"dev.{topic.pattern}" for topic in TOPICS}
    for topic in TOPICS:
        key = addresses[f"dev.{topic.pattern}"]
        message = follow(DOCUMENT["channels"][key]["messages"][topic.body.__name__]["$ref"])
        body = follow(message["payload"]["properties"]["body"]["$ref"])
        assert body["title"] == topic.body.__name__
        assert DOCUMENT["operations"][key]["action"] == ("send" if topic.direction == "event" else "receive")
        assert ("reply" in DOCUMENT["operations"][key]) == (topic.direction == "request")


def test_every_reference_leads_somewhere() -> None:
    found = references(DOCUMENT)
    assert found
    for reference in found:
        assert isinstance(follow(reference), dict)


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_document_is_the_same_every_time(environment: str) -> None:
    first, again = (json.dumps(document(environment, "nats://10.0.0.1:4333")) for _ in range(2))
    assert first == again
    assert '"host": "10.0.0.1:4333"' in first


def test_a_password_in_the_url_is_not_printed() -> None:
    assert "secret" not in json.dumps(document("dev", "nats://user:secret@127.0.0.1:4222"))
