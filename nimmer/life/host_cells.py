"""The cells of a host machine: processor, memory, temperature and battery, as waves.

They are handed a `HostReading` and never touch the machine themselves. A sensor this host lacks makes its cell
not operational; nothing is ever invented for it.
Source: docs/domain.md section 2 (danger above 80 degrees, battery confidence, stability rule).
"""

from typing import NamedTuple

from nimmer.life.cell import BATTERY_WALK, READER_WALK, Cell, battery_confidence, battery_state
from nimmer.life.senses import HOST_BATTERY, HOST_CELLS, HOST_CPU, HOST_MEMORY, HOST_TEMPERATURE
from nimmer.life.wave import Wave

DANGER_CELSIUS = 80.0
STEADY = 5.0
"""Readings this close together, percent or degrees, count as the same."""
STABLE_READINGS = 3


class HostReading(NamedTuple):
    """One look at the host: percents 0..100, degrees Celsius; None where there is no such sensor."""

    cpu_percent: float | None
    memory_percent: float | None
    temperature_c: float | None = None
    battery_percent: float | None = None
    charging: bool = False


class HostCells:
    """The four cells of one host."""

    __slots__ = ("_last", "_steady", "cells")

    def __init__(self, price_scale: float = 1.0) -> None:
        """Make four resting cells whose prices are the printed ones times `price_scale`."""
        self.cells = tuple(
            Cell(kind, BATTERY_WALK if kind.code == HOST_BATTERY else READER_WALK, price_scale)
            for kind in HOST_CELLS
        )
        self._last: dict[int, float] = {}
        self._steady: dict[int, int] = {}

    def read(self, reading: HostReading, now_s: float) -> list[Wave]:
        """Return the waves of those sensors that gave a reading, in the order of `HOST_CELLS`."""
        found = (
            self._gauge(HOST_CPU, reading.cpu_percent, now_s),
            self._gauge(HOST_MEMORY, reading.memory_percent, now_s),
            self._gauge(HOST_TEMPERATURE, reading.temperature_c, now_s),
            self._battery(reading.battery_percent, reading.charging, now_s),
        )
        return [wave for wave in found if wave is not None]

    def _usable(self, code: int, value: float | None, low: float, high: float) -> float | None:
        """Return a reading that can be right; otherwise None, and the cell says why it does not work."""
        cell = self.cells[code - HOST_CPU]
        if value is not None and low <= value <= high:  # false for NaN
            cell.recover()
            return value
        reason = "this host has no such sensor" if value is None else f"{value} is outside {low:g}..{high:g}"
        if cell.operational or cell.last_error != reason:
            cell.fail(reason)
        self._steady.pop(code, None)
        return None

    def _gauge(self, code: int, reading: float | None, now_s: float) -> Wave | None:
        low, high = (-100.0, 200.0) if code == HOST_TEMPERATURE else (0.0, 100.0)
        value = self._usable(code, reading, low, high)
        if value is None:
            return None
        steady = self._steady.get(code, 0)
        steady = steady + 1 if steady and abs(value - self._last[code]) <= STEADY else 1
        self._steady[code] = steady
        self._last[code] = value
        confidence = 0.9 if steady > STABLE_READINGS else 0.6
        if code == HOST_TEMPERATURE and value > DANGER_CELSIUS:
            confidence = 1.0
        return Wave(code, now_s, confidence, self.cells[code - HOST_CPU].emitted(), (value,))

    def _battery(self, reading: float | None, charging: bool, now_s: float) -> Wave | None:
        percent = self._usable(HOST_BATTERY, reading, 0.0, 100.0)
        if percent is None:
            return None
        cell = self.cells[HOST_BATTERY - HOST_CPU]
        cell.current = battery_state(percent)
        values = (percent, 1.0 if charging else 0.0)
        return Wave(HOST_BATTERY, now_s, battery_confidence(percent), cell.emitted(), values)

    def state(self) -> dict[str, object]:
        """Return what the cells must remember, as plain JSON values."""
        return {
            "cells": {cell.kind.name: cell.state() for cell in self.cells},
            "steady": [[code, count, self._last[code]] for code, count in self._steady.items()],
        }

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is not a host's."""
        cells, steady = state["cells"], state["steady"]
        if not isinstance(cells, dict) or not isinstance(steady, list):
            raise TypeError("a host's cells are an object and its steady readings a list")
        for cell in self.cells:
            cell.restore(cells[cell.kind.name])
        self._steady = {int(code): int(count) for code, count, _ in steady}
        self._last = {int(code): float(last) for code, _, last in steady}
