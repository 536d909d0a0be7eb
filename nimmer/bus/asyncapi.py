"""The bus described for machines: an AsyncAPI 3.0 document printed from the message types and the subject table.

It cannot disagree with the code, because the code is what it is made of.
Source: docs/domain.md section 7; AsyncAPI specification 3.0.0.
"""

import re
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from nimmer.bus.message import VERSION, ErrorReply, Header
from nimmer.bus.subject import PARAMETERS, TOPICS, Topic

Json = dict[str, Any]
_SCHEMAS = "#/components/schemas/"


def document(environment: str, url: str) -> Json:
    """Return the AsyncAPI document of the bus of `environment` at `url`, as plain JSON values.

    The same arguments give the same document, byte for byte.
    """
    bodies = _bodies()
    _, schemas = msgspec.json.schema_components((Header, *bodies), ref_template=_SCHEMAS + "{name}")
    parts = urlsplit(url)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"nimmer bus ({environment})",
            "version": VERSION,
            "description": "Every subject of the bus and what travels on it. Payloads are JSON: header and body.",
        },
        "defaultContentType": "application/json",
        "servers": {
            environment: {
                "host": f"{parts.hostname}:{parts.port or 4222}",
                "protocol": "nats",
                "description": f"the NATS server of the environment {environment}",
            }
        },
        "channels": {_key(topic): _channel(environment, topic) for topic in TOPICS},
        "operations": {_key(topic): _operation(topic) for topic in TOPICS},
        "components": {
            "messages": {body.__name__: _message(body) for body in bodies},
            "schemas": cast("Json", dict(sorted(schemas.items()))),
        },
    }


def _bodies() -> tuple[type[Struct], ...]:
    """Return every body of the table and every reply, by name, each once."""
    found = {topic.body.__name__: topic.body for topic in TOPICS}
    found.update({topic.reply.__name__: topic.reply for topic in TOPICS if topic.reply is not None})
    found[ErrorReply.__name__] = ErrorReply
    return tuple(found[name] for name in sorted(found))


def _key(topic: Topic) -> str:
    """Return the topic's name inside the document: its pattern with dots as underscores."""
    return re.sub(r"[{}]", "", topic.pattern).replace(".", "_")


def _names(topic: Topic) -> list[str]:
    """Return the names of the messages that pass on a channel; an answer passes on the asker's inbox."""
    answers = [topic.reply.__name__, ErrorReply.__name__] if topic.reply is not None else []
    return [topic.body.__name__, *answers]


def _channel(environment: str, topic: Topic) -> Json:
    channel: Json = {
        "address": f"{environment}.{topic.pattern}",
        "description": topic.summary,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names(topic)},
    }
    names = re.findall(r"{(\w+)}", topic.pattern)
    if names:
        channel["parameters"] = {name: {"description": PARAMETERS[name][1]} for name in names}
    return channel


def _operation(topic: Topic) -> Json:
    """Return what the village does on a channel: it sends events, and receives requests and reports."""
    channel = f"#/channels/{_key(topic)}"
    operation: Json = {
        "action": "send" if topic.direction == "event" else "receive",
        "channel": {"$ref": channel},
        "summary": topic.summary,
        "messages": [{"$ref": f"{channel}/messages/{topic.body.__name__}"}],
    }
    if topic.reply is not None:
        operation["reply"] = {
            "address": {"location": "$message.header#/reply", "description": "the asker's private inbox"},
            "channel": {"$ref": channel},
            "messages": [{"$ref": f"{channel}/messages/{name}"} for name in _names(topic)[1:]],
        }
    return operation


def _message(body: type[Struct]) -> Json:
    return {
        "name": body.__name__,
        "summary": (body.__doc__ or "").partition("\n")[0],
        "contentType": "application/json",
        "payload": {
            "type": "object",
            "required": ["header", "body"],
            "additionalProperties": False,
            "properties": {
                "header": {"$ref": _SCHEMAS + "Header"},
                "body": {"$ref": _SCHEMAS + body.__name__},
            },
        },
    }
