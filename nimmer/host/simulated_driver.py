"""A simulated body: what a sensor gives is what it was set to. For tests and for trying out a kind of cell.

Source: docs/cells.md, "The driver port".
"""

from collections.abc import Mapping

from nimmer.host.driver import Newest


class SimulatedDriver:
    """Sensors that measure what they are told to."""

    def __init__(self) -> None:
        """Have no sensor yet."""
        self._readings: dict[str, tuple[dict[str, float], float]] = {}

    @property
    def sensors(self) -> tuple[str, ...]:
        """Names of the sensors that were set and not broken."""
        return tuple(self._readings)

    def set(self, sensor: str, raw: Mapping[str, float], now_s: float) -> None:
        """Let `sensor` measure `raw` at `now_s`."""
        self._readings[sensor] = dict(raw), now_s

    def break_down(self, sensor: str) -> None:
        """Take `sensor` away; one that is not there is left alone."""
        self._readings.pop(sensor, None)

    def newest(self, sensor: str, now_s: float) -> Newest | None:
        """Return what `sensor` was set to last."""
        found = self._readings.get(sensor)
        return None if found is None else Newest(dict(found[0]), max(0.0, now_s - found[1]))
