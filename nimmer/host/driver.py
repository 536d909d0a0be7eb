"""The port to hardware: the newest raw reading of a sensor, and how old it is.

What is behind it is the driver's business: this machine through psutil (`sensors.py`), a simulated body
(`simulated_driver.py`), a device on the bus (`device_driver.py`). A driver gives raw numbers; what they mean is
the cell's business. Every driver passes `nimmer.testing.driver_contract`.
Source: docs/domain.md section 2; docs/cells.md, "The driver port".
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Newest(NamedTuple):
    """A raw reading: numbers by name (units in the names), and how long ago it was taken, s, never negative."""

    raw: Mapping[str, float]
    age_s: float


class Driver(Protocol):
    """Hardware that cells read."""

    @property
    def sensors(self) -> tuple[str, ...]:
        """Names of the sensors there are now, those of the cells that read them."""
        ...

    def newest(self, sensor: str, now_s: float) -> Newest | None:
        """Return the newest reading of `sensor`, None when there is no such sensor or it gave nothing.

        Never waits and never raises for what the hardware does. now_s: monotonic time, s.
        """
        ...
