"""What devices say: raw readings, before any cell made sense of them.

Source: docs/domain.md sections 2 and 7; docs/cells.md, "Devices".
"""

from typing import Annotated

from msgspec import Meta, Struct

from nimmer.bus.life_messages import Count

DEVICE = "[a-z0-9][a-z0-9_-]{0,39}"
"""How a device may be called."""

DeviceName = Annotated[str, Meta(pattern=f"^{DEVICE}$", description="name of a device")]


class DeviceReading(Struct, frozen=True, forbid_unknown_fields=True):
    """One raw reading of one sensor of a device; the cell of the sensor's name makes sense of it.

    raw: numbers by name, their unit in the name, as the sensor's cell reads them; sequence: of this sensor's
    readings since the device started, growing; uptime_ms: since the device started, by its own clock.
    """

    device: DeviceName
    sensor: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]*$", max_length=40)]
    raw: Annotated[dict[Annotated[str, Meta(max_length=40)], float], Meta(min_length=1, max_length=8)]
    sequence: Count
    uptime_ms: Count
