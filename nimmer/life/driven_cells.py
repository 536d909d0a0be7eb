"""Cells that read one piece of hardware through its driver: a host's gauges, the organs.

Source: docs/domain.md section 2; docs/cells.md, "The driver port".
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from nimmer.life.cell import Cell
from nimmer.life.pricing import Pricing
from nimmer.life.senses import CELLS, SPEECH_STT, SPEECH_TTS, VISION_DETECT, declared
from nimmer.life.sensor_cell import MISSING, SensorCell
from nimmer.life.wave import CellKind, Wave

ORGAN_CELLS = (CELLS[SPEECH_STT], CELLS[SPEECH_TTS], CELLS[VISION_DETECT])
"""The cells of organs. They are whole; what they read comes with the organs' driver."""
NO_ORGAN = "there is no such organ here"


class Hardware(Protocol):
    """What the cells need of a driver (`nimmer.host.driver`)."""

    def newest(self, sensor: str, now_s: float) -> tuple[Mapping[str, float], float] | None:
        """Return the newest raw reading of `sensor` and its age in s, None when there is none."""
        ...


class NoHardware:
    """Where there is nothing to read."""

    def newest(self, sensor: str, now_s: float) -> None:
        """Return None: nothing is invented."""


class DrivenCells:
    """One cell for each of some kinds, all read through the same driver."""

    __slots__ = ("_sensors", "cells")

    def __init__(
        self,
        kinds: Iterable[CellKind],
        price_scale: float = 1.0,
        prices: Pricing | None = None,
        missing: str = MISSING,
    ) -> None:
        """Make resting cells whose prices are the printed ones times `price_scale`, or what `prices` says.

        missing: the reason of a cell whose sensor gives nothing.
        """
        self._sensors = tuple(
            SensorCell(kind, declared(kind), price_scale, prices, missing) for kind in kinds
        )
        self.cells: tuple[Cell, ...] = tuple(one.cell for one in self._sensors)

    def read(self, hardware: Hardware, now_s: float) -> list[Wave]:
        """Return the waves of those sensors that gave a new reading, in the order of the kinds."""
        waves = []
        for one in self._sensors:
            wave = one.hear(hardware.newest(one.kind.name, now_s), now_s)
            if wave is not None:
                waves.append(wave)
        return waves

    def conditions(self) -> dict[str, str]:
        """Return each cell's condition by name: `operational`, or why it is not."""
        return {cell.kind.name: "operational" if cell.operational else cell.last_error for cell in self.cells}

    def state(self) -> dict[str, object]:
        """Return what the cells must remember, as plain JSON values."""
        return {one.kind.name: one.state() for one in self._sensors}

    def restore(self, state: Mapping[str, object]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is not these cells'."""
        for one in self._sensors:
            kept = state[one.kind.name]
            if not isinstance(kept, dict):
                raise TypeError("what a cell remembers is an object")
            one.restore(kept)
