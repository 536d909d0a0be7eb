"""A device on the bus as hardware: the newest reading of each of its sensors, as it came in.

The time of receipt counts, never the device's own: a microcontroller's clock begins at 1970 or runs an hour late.
Its uptime and sequence only tell a restart from a repetition.
Source: docs/cells.md, "Devices".
"""

from collections.abc import Mapping

from nimmer.host.driver import Newest

MOST_SENSORS = 32
"""Sensors one device may have."""


class _Reading:
    """What one sensor gave last."""

    __slots__ = ("raw", "received_s", "sequence", "uptime_ms")

    def __init__(self, raw: Mapping[str, float], sequence: int, uptime_ms: int, received_s: float) -> None:
        self.raw = raw
        self.sequence = sequence
        self.uptime_ms = uptime_ms
        self.received_s = received_s


class DeviceDriver:
    """The sensors of one device. lost, repeated, restarts: readings and restarts seen in the sequences."""

    __slots__ = ("_readings", "lost", "repeated", "restarts")

    def __init__(self) -> None:
        """Have heard nothing yet."""
        self._readings: dict[str, _Reading] = {}
        self.lost = 0
        self.repeated = 0
        self.restarts = 0

    @property
    def sensors(self) -> tuple[str, ...]:
        """Names of the sensors that gave a reading."""
        return tuple(self._readings)

    def take(self, sensor: str, raw: Mapping[str, float], sequence: int, uptime_ms: int, now_s: float) -> str:
        """Keep one reading received at `now_s`; return why it is not kept, "" when it is."""
        last = self._readings.get(sensor)
        if last is None:
            if len(self._readings) >= MOST_SENSORS:
                return f"the device has {MOST_SENSORS} sensors already"
        elif uptime_ms < last.uptime_ms:
            self.restarts += 1
        elif sequence <= last.sequence:
            self.repeated += 1
            return f"sequence {sequence} does not follow {last.sequence}"
        else:
            self.lost += sequence - last.sequence - 1
        self._readings[sensor] = _Reading(dict(raw), sequence, uptime_ms, now_s)
        return ""

    def newest(self, sensor: str, now_s: float) -> Newest | None:
        """Return the reading of `sensor` that came in last."""
        found = self._readings.get(sensor)
        return None if found is None else Newest(dict(found.raw), max(0.0, now_s - found.received_s))
