"""This machine as hardware, through psutil: processor, memory, temperature, battery. Absent is None.

Source: docs/domain.md section 2; psutil documentation, "Sensors".
"""

import psutil

from nimmer.host.driver import Newest
from nimmer.life.host_cells import HostReading
from nimmer.life.senses import HOST_CELLS

_PREFERRED = ("coretemp", "k10temp", "cpu_thermal", "zenpower", "acpitz")
"""Sensor chips that measure the processor, best first."""


class HostSensors:
    """Reads the machine it runs on; the first processor percentage covers the time since this was made."""

    def __init__(self) -> None:
        """Start the processor's accounting."""
        psutil.cpu_percent(interval=None)

    def read(self) -> HostReading:
        """Return one look at the host; takes below a millisecond and never waits."""
        battery = _battery()
        return HostReading(
            cpu_percent=float(psutil.cpu_percent(interval=None)),
            memory_percent=float(psutil.virtual_memory().percent),
            temperature_c=_temperature(),
            battery_percent=None if battery is None else float(battery[0]),
            charging=battery is not None and battery[1],
        )

    @property
    def sensors(self) -> tuple[str, ...]:
        """Names of the sensors this machine has."""
        reading = self.read()
        return tuple(kind.name for kind in HOST_CELLS if reading.raw(kind.name) is not None)

    def newest(self, sensor: str, now_s: float) -> Newest | None:
        """Return a fresh look of one sensor, whatever the time."""
        raw = self.read().raw(sensor)
        return None if raw is None else Newest(raw, 0.0)


def _temperature() -> float | None:
    """Return the processor's temperature in Celsius, the hottest of the best chip, or None without a sensor."""
    reader = getattr(psutil, "sensors_temperatures", None)
    chips = reader() if reader is not None else {}
    for chip in (*_PREFERRED, *chips):
        readings = [one.current for one in chips.get(chip, ()) if one.current]
        if readings:
            return float(max(readings))
    return None


def _battery() -> tuple[float, bool] | None:
    reader = getattr(psutil, "sensors_battery", None)
    found = reader() if reader is not None else None
    return None if found is None else (float(found.percent), bool(found.power_plugged))
