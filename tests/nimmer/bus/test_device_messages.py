"""What a device may put on the bus: its own readings, well-formed, and nothing else."""

import json
from typing import Any

import pytest

from nimmer.bus.identities import DEVICE, NERVOUS, identities
from nimmer.bus.message import DeviceReading, Source, decode, encode
from nimmer.bus.subject import build, matches, parse
from nimmer.errors import MessageError

ON = "dev.nervous.devices.greenhouse-1.reading"
READING = DeviceReading("greenhouse-1", "distance_front", {"echo_us": 1740.0}, 17, 81234)
MESSAGE_ID = "7cbded66-3563-44e0-9dca-82d1d6a18f43"


def written(**changes: object) -> bytes:
    """Return a whole message as a board would write it, its body changed."""
    whole = json.loads(encode(READING, Source("device.greenhouse-1", "boundary"), 0.0, MESSAGE_ID))
    whole["body"].update(changes)
    return json.dumps(whole).encode()


def test_a_reading_is_a_report_nobody_answers() -> None:
    topic = parse(ON).topic
    assert (topic.body, topic.direction, topic.reply) == (DeviceReading, "report", None)
    assert build("dev", "nervous.devices.{device}.reading", device="greenhouse-1") == ON
    assert decode(ON, written()).body == READING


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"device": "shed"}, "the subject says device greenhouse-1, the body says shed"),
        ({"device": "Shed!"}, "device"),
        ({"raw": {}}, "raw"),
        ({"raw": {str(number): 1.0 for number in range(9)}}, "raw"),
        ({"raw": {"echo_us": "far"}}, "echo_us|raw"),
        ({"raw": {"echo_us": float("nan")}}, "JSON|raw"),
        ({"sensor": "../etc"}, "sensor"),
        ({"sequence": -1}, "sequence"),
        ({"uptime_ms": 0.5}, "uptime_ms"),
        ({"more": 1}, "more"),
    ],
)
def test_a_malformed_reading_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        decode(ON, written(**changes))


@pytest.mark.parametrize("name", ["Greenhouse", "a.b", "", "x" * 41, "*"])
def test_a_device_has_a_plain_name(name: str) -> None:
    with pytest.raises(MessageError):
        parse(f"dev.nervous.devices.{name}.reading")


def test_a_device_tells_its_readings_and_no_more() -> None:
    may = identities("dev")[DEVICE]
    assert may.publish == ("dev.nervous.devices.*.reading",)
    assert may.subscribe == ("_INBOX.device.>",)
    wave = "dev.nervous.cells.distance.wave"
    assert not any(matches(pattern, wave) for pattern in may.publish + may.subscribe)


def test_whoever_minds_the_nerves_hears_devices_and_guests_do_not() -> None:
    hears = {
        name
        for name, may in identities("dev").items()
        if any(matches(pattern, ON) for pattern in may.subscribe)
    }
    assert hears == {"bridge", "watch", NERVOUS}
