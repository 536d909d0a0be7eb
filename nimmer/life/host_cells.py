"""The cells of a host machine: processor, memory, temperature and battery, as waves.

They are handed a `HostReading` and never touch the machine themselves. A sensor this host lacks makes its cell
not operational; nothing is ever invented for it.
Source: docs/domain.md section 2 (danger above 80 degrees, battery confidence, stability rule).
"""

from collections.abc import Mapping
from typing import NamedTuple

from nimmer.life.cell import Cell
from nimmer.life.pricing import Pricing
from nimmer.life.senses import HOST_CELLS, declared
from nimmer.life.sensor_cell import SensorCell
from nimmer.life.wave import Wave

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


class HostCells:
    """The four cells of one host."""

    __slots__ = ("_sensors", "cells")

    def __init__(self, price_scale: float = 1.0, prices: Pricing | None = None) -> None:
        """Make four resting cells whose prices are the printed ones times `price_scale`, or what `prices` says."""
        self._sensors = tuple(
            SensorCell(kind, declared(kind), price_scale, prices, MISSING) for kind in HOST_CELLS
        )
        self.cells: tuple[Cell, ...] = tuple(one.cell for one in self._sensors)

    def read(self, reading: HostReading, now_s: float) -> list[Wave]:
        """Return the waves of those sensors that gave a reading, in the order of `HOST_CELLS`."""
        found = (one.poll(reading.raw(one.kind.name), now_s) for one in self._sensors)
        return [wave for wave in found if wave is not None]

    def state(self) -> dict[str, object]:
        """Return what the cells must remember, as plain JSON values."""
        return {one.kind.name: one.state() for one in self._sensors}

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is not a host's."""
        for one in self._sensors:
            kept = state[one.kind.name]
            if not isinstance(kept, dict):
                raise TypeError("what a host's cell remembers is an object")
            one.restore(kept)
