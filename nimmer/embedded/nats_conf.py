"""The configuration file of the embedded nats-server, as text from values.

Source: docs/domain.md sections 7 and 12; NATS server configuration, authorization.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nimmer.bus.identities import Permissions

RANDOM_PORT = -1


@dataclass(frozen=True, slots=True)
class BrokerLimits:
    """Sizes in bytes."""

    max_payload: int = 1 << 20
    """Largest message."""
    max_pending: int = 256 << 20
    """Waiting for one client before it is cut off as a slow consumer."""
    max_file: int = 4 << 30
    """JetStream on disk."""


@dataclass(frozen=True, slots=True)
class User:
    """One identity with its password and what it may do."""

    name: str
    password: str
    permissions: Permissions
    may_answer: bool
    """May answer, once, to the inbox of a request it received."""


def configuration(
    environment: str, port: int, data: Path, users: tuple[User, ...], limits: BrokerLimits
) -> str:
    """Return the text of the configuration: loopback only, passwords needed, JetStream in `data`.

    Monitoring listens on a random loopback port; there is no websocket and no cluster port.
    """
    lines = [
        f"server_name: {_text(f'nimmer-{environment}')}",
        'host: "127.0.0.1"',
        f"port: {port}",
        "http: 127.0.0.1:-1",
        f"max_payload: {limits.max_payload}",
        f"max_pending: {limits.max_pending}",
        'write_deadline: "10s"',
        "logfile_size_limit: 8388608",
        "logfile_max_num: 2",
        "jetstream {",
        f"  store_dir: {_text(str(data))}",
        "  max_mem: 67108864",
        f"  max_file: {limits.max_file}",
        "}",
        "authorization {",
        "  users: [",
        *(_user(user) for user in users),
        "  ]",
        "}",
    ]
    return "\n".join(lines) + "\n"


def users(permissions: Mapping[str, Permissions], passwords: Mapping[str, str]) -> tuple[User, ...]:
    """Return the users of the broker: every identity that has permissions.

    The Unix identities (nyx-...) answer requests to their domains; onlookers must not answer what they overhear.
    """
    return tuple(
        User(name, passwords[name], permission, may_answer=name.startswith("nyx-"))
        for name, permission in permissions.items()
    )


def _user(user: User) -> str:
    unheard = f", deny: {_list(user.permissions.unheard)}" if user.permissions.unheard else ""
    answers = ', allow_responses: { max: 1, expires: "1m" }' if user.may_answer else ""
    return (
        f"    {{ user: {_text(user.name)}, password: {_text(user.password)}, permissions: {{ "
        f"publish: {{ allow: {_list(user.permissions.publish)} }}, "
        f"subscribe: {{ allow: {_list(user.permissions.subscribe)}{unheard} }}{answers} }} }}"
    )


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)  # the configuration's strings are escaped as JSON's


def _list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(map(_text, values)) + "]"
