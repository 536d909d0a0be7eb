"""The cells of a host machine: processor, memory, temperature and battery, as waves.

They are handed a `HostReading` and never touch the machine themselves. A sensor this host lacks makes its cell
not operational; nothing is ever invented for it.
Source: docs/domain.md section 2 (danger above 80 degrees, battery confidence, stability rule).
"""

from collections.abc import Mapping
from typing import NamedTuple

from nimmer.life.driven_cells import DrivenCells
from nimmer.life.pricing import Pricing
from nimmer.life.senses import HOST_CELLS

MISSING = "this host has no such sensor"


class HostReading(NamedTuple):
    """One look at the host: percents 0..100, degrees Celsius; None where there is no such sensor."""

    cpu_percent: float | None
    memory_percent: float | None
    temperature_c: float | None = None
    battery_percent: float | None = None
    charging: bool = False

    def raw(self, sensor: str) -> Mapping[str, float] | None:
        """Return what the cell called `sensor` reads; None for a sensor there is none of."""
        if sensor == "host_battery":
            charge = self.battery_percent
            return None if charge is None else {"percentage": charge, "charging": float(self.charging)}
        name, value = {
            "host_cpu": ("percent", self.cpu_percent),
            "host_memory": ("percent", self.memory_percent),
            "host_temperature": ("celsius", self.temperature_c),
        }.get(sensor, ("", None))
        return None if value is None else {name: value}

    def newest(self, sensor: str, now_s: float) -> tuple[Mapping[str, float], float] | None:
        """Return what the cell called `sensor` reads and its age: a look is of now, whatever the time."""
        raw = self.raw(sensor)
        return None if raw is None else (raw, 0.0)


class HostCells(DrivenCells):
    """The four cells of one host."""

    __slots__ = ()

    def __init__(self, price_scale: float = 1.0, prices: Pricing | None = None) -> None:
        """Make four resting cells whose prices are the printed ones times `price_scale`, or what `prices` says."""
        super().__init__(HOST_CELLS, price_scale, prices, MISSING)
