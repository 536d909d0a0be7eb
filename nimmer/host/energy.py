"""What this machine has used in joules: the port, and Intel's RAPL counters below /sys/class/powercap.

A package's `energy_uj` counts micro-joules upwards and begins anew at `max_energy_range_uj`, about once a minute on
a busy server. Since Linux 5.10 only root may read it. Where nothing can be read the meter says why, and nobody
invents a number: a measurement without joules is one without joules.
Source: Linux, Documentation/power/powercap; docs/domain.md sections 6 (joules) and 13 (joules per heartbeat).
"""

import re
from pathlib import Path
from typing import Protocol

POWERCAP = Path("/sys/class/powercap")
_ZONE = re.compile(r"intel-rapl:\d+")
"""A top zone, AMD's too; what is below it, `intel-rapl:0:0`, is a part of it that is counted already."""
_PACKAGE = "package"
"""Name of a zone that is a whole processor; the zone `psys` has the processors in it and would count them twice."""


class EnergyMeter(Protocol):
    """How much energy this machine has used since the meter was made."""

    @property
    def reason(self) -> str:
        """Return why there are no joules here; empty while there are."""
        ...

    def joules(self) -> float | None:
        """Return the joules used so far, never falling; None where they cannot be told. Never raises."""
        ...


class Rapl:
    """The packages of this machine, added up.

    Read it at least once a minute: a counter that went round twice between two reads counts as once.
    """

    def __init__(self, root: Path = POWERCAP) -> None:
        """Find the packages below `root` and take their first readings."""
        self.reason = ""
        self._used_uj = 0
        self._last: dict[Path, tuple[int, int]] = {}
        try:
            found = [zone for zone in sorted(root.iterdir()) if _is_package(zone)]
            if not found:
                self.reason = (
                    f"{root} has no intel-rapl package: this processor or virtual machine shows none"
                )
            self._last = {
                zone: (_read(zone / "energy_uj"), _read(zone / "max_energy_range_uj")) for zone in found
            }
        except FileNotFoundError as error:
            self.reason = f"{error.filename} does not exist: this kernel or virtual machine has no RAPL"
        except PermissionError as error:
            self.reason = f"{error.filename} is for root alone: run as root, or chmod 0444 it"
        except (OSError, ValueError) as error:
            self.reason = f"{root} cannot be read: {error}"

    def joules(self) -> float | None:
        """Return the joules all packages used since this was made; None, with a `reason`, when one is unreadable."""
        if self.reason:
            return None
        try:
            for zone, (before, span) in self._last.items():
                now = _read(zone / "energy_uj")
                self._used_uj += now - before if now >= before else max(0, now - before + span)
                self._last[zone] = (now, span)
        except (OSError, ValueError) as error:
            self.reason = f"the counter stopped being readable: {error}"
            return None
        return self._used_uj / 1e6


class ManualEnergy:
    """A meter that is told what was used: the twin for tests."""

    def __init__(self, reason: str = "") -> None:
        """Stand at 0, or tell nothing for `reason`."""
        self.reason = reason
        self._used = 0.0

    def use(self, joules: float) -> None:
        """Let the machine use `joules`, 0 or more."""
        self._used += joules

    def joules(self) -> float | None:
        """Return what was used so far; None with a `reason`."""
        return None if self.reason else self._used


def _is_package(zone: Path) -> bool:
    if not _ZONE.fullmatch(zone.name):
        return False
    return (zone / "name").read_text(encoding="ascii").startswith(_PACKAGE)


def _read(path: Path) -> int:
    found = int(path.read_text(encoding="ascii"))
    if found < 0:
        raise ValueError(f"{path} is {found}; a counter is 0 or more")
    return found
