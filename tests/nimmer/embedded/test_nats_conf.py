from pathlib import Path

import pytest

from nimmer.bus.identities import Permissions
from nimmer.embedded.nats_conf import BrokerLimits, User, configuration, users

NEEDED = (User("guest", "p4ssw0rd", Permissions(("dev.a",), ("dev.b.>", "_INBOX.guest.>")), False),)


def test_the_broker_listens_on_loopback_only_and_asks_for_passwords() -> None:
    text = configuration("dev", -1, Path("/state/nats/data"), NEEDED, BrokerLimits(max_payload=2048))
    assert 'host: "127.0.0.1"' in text
    assert "http: 127.0.0.1:-1" in text
    assert "websocket" not in text
    assert "max_payload: 2048" in text
    assert (
        '{ user: "guest", password: "p4ssw0rd", permissions: { publish: { allow: ["dev.a"] }, '
        'subscribe: { allow: ["dev.b.>", "_INBOX.guest.>"] } } }'
    ) in text


def test_only_unix_identities_may_answer_what_they_receive() -> None:
    permission = Permissions(("dev.organs.>",), ("dev.organs.>",))
    made = users({"nyx-organs": permission, "watch": permission}, {"nyx-organs": "a", "watch": "b"})
    text = configuration("dev", 4222, Path("/d"), made, BrokerLimits())
    answering = [line for line in text.splitlines() if "allow_responses" in line]
    assert len(answering) == 1
    assert "nyx-organs" in answering[0]


def test_an_identity_without_password_is_not_let_in() -> None:
    with pytest.raises(KeyError):
        users({"watch": NEEDED[0].permissions}, {})
