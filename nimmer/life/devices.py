"""Devices on the bus and the cells they become: who may speak how often, what is refused, and what the cells say.

Everything is bounded: so many devices, so many sensors each, so many readings a second from each sensor, so many
troubles told. One that floods loses its own readings and nobody else's.
Source: docs/domain.md section 2; docs/cells.md, "Devices".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple, Protocol

from nimmer.life.pricing import Pricing
from nimmer.life.senses import DEVICE_CELLS, declared
from nimmer.life.sensor_cell import SensorCell
from nimmer.life.token_bucket import TokenBucket
from nimmer.life.wave import CellKind, Wave

SILENT = "it gave no reading yet"
SKEW_S = 5.0
"""A device's clock further off than this is told of. It harms nothing: the time of receipt counts."""
MOST_TOLD = 256
"""Troubles that are told; a village that has as many is known to be in trouble."""
_KINDS = {kind.name: kind for kind in DEVICE_CELLS}


class Feed(Protocol):
    """What is kept of one device's readings (`nimmer.host.device_driver`)."""

    def take(self, sensor: str, raw: Mapping[str, float], sequence: int, uptime_ms: int, now_s: float) -> str:
        """Keep one reading received at `now_s`; return why it is not kept, "" when it is."""
        ...

    def newest(self, sensor: str, now_s: float) -> tuple[Mapping[str, float], float] | None:
        """Return the newest reading of `sensor` and its age, s."""
        ...


@dataclass(frozen=True, slots=True)
class DeviceLimits:
    """What devices may do.

    devices: how many there are; rate_hz, burst: readings of one sensor a second, and at once; forgotten_s: a device
    that was silent for so many seconds gives up its place when another needs it.
    """

    devices: int = 64
    rate_hz: float = 100.0
    burst: float = 200.0
    forgotten_s: float = 600.0


class Trouble(NamedTuple):
    """Something to tell once: what kind of incident, whom it concerns, and why."""

    kind: str
    entity: str
    reason: str


class _Source:
    """One sensor of one device: its cell, its rate, and how many of its readings were too many."""

    __slots__ = ("bucket", "cell", "dropped")

    def __init__(self, cell: SensorCell, bucket: TokenBucket) -> None:
        self.cell = cell
        self.bucket = bucket
        self.dropped = 0


class _Device:
    """One device: its feed, its sensors, when it was last heard, and by how much its clock is off."""

    __slots__ = ("feed", "heard_s", "skew_s", "sources")

    def __init__(self, feed: Feed, heard_s: float) -> None:
        self.feed = feed
        self.sources: dict[str, _Source] = {}
        self.heard_s = heard_s
        self.skew_s = 0.0


class Devices:
    """All devices of a village. `taken`, `dropped`, `refused` count readings: kept, too many, and bad."""

    __slots__ = (
        "_devices",
        "_feed",
        "_limits",
        "_price_scale",
        "_prices",
        "_told",
        "dropped",
        "refused",
        "taken",
    )

    def __init__(
        self,
        feed: Callable[[], Feed],
        price_scale: float = 1.0,
        limits: DeviceLimits | None = None,
        prices: Pricing | None = None,
    ) -> None:
        """Know no device yet; `feed` makes what keeps the readings of a new one."""
        self._feed = feed
        self._price_scale = price_scale
        self._prices = prices
        self._limits = limits or DeviceLimits()
        self._devices: dict[str, _Device] = {}
        self._told: set[tuple[str, str]] = set()
        self.taken = 0
        self.dropped = 0
        self.refused = 0

    def take(
        self,
        device: str,
        sensor: str,
        raw: Mapping[str, float],
        sequence: int,
        uptime_ms: int,
        now_s: float,
        skew_s: float = 0.0,
    ) -> Trouble | None:
        """Take one reading received at `now_s`; return what is to be told of it, once for each source.

        1. A sensor no device can carry is refused. 2. One that speaks too often is dropped. 3. Numbers that cannot
        be right are refused. 4. A new device needs a free place. 5. What was heard before is refused.

        skew_s: how far the device's clock is ahead of the time of receipt, s.
        """
        kind = _KINDS.get(sensor)
        if kind is None:
            near = get_close_matches(sensor, _KINDS, n=1, cutoff=0.0)
            return self._refuse(
                device if device in self._devices else "?",
                "?",
                f"{device}: no cell reads the sensor {sensor[:40]!r}; the nearest is {near[0]}",
            )
        known = self._devices.get(device)
        source = known.sources.get(sensor) if known is not None else None
        if source is not None and not source.bucket.take(now_s):
            source.dropped += 1
            self.dropped += 1
            return self._flood(device, sensor)
        reason = declared(kind).fault(raw)
        if reason:
            return self._refuse(device, sensor, reason)
        if known is None:
            known = self._welcome(device, now_s)
            if known is None:
                return self._refuse(
                    "?",
                    "?",
                    f"{device}: there are {self._limits.devices} devices already",
                    "too-many-devices",
                )
        reason = known.feed.take(sensor, raw, sequence, uptime_ms, now_s)
        if reason:
            return self._refuse(device, sensor, reason)
        if source is None:
            self._source(known, kind).bucket.take(now_s)
        known.heard_s = now_s
        self.taken += 1
        return self._skewed(device, known, skew_s)

    def refuse(self, device: str, reason: str) -> Trouble | None:
        """Count a reading that could not even be read, of a `device` ("?" when that is unknown too)."""
        return self._refuse(device, "?", reason)

    def poll(self, now_s: float) -> list[tuple[str, Wave]]:
        """Return what the cells say of readings that came in since the last call, by `device.{device}.{cell}`.

        A cell whose newest reading is too old stops being operational and says nothing.
        """
        found: list[tuple[str, Wave]] = []
        for name, device in self._devices.items():
            for sensor, source in device.sources.items():
                wave = source.cell.hear(device.feed.newest(sensor, now_s), now_s)
                if wave is not None:
                    found.append((f"device.{name}.{sensor}", wave))
        return found

    def conditions(self) -> dict[str, dict[str, str]]:
        """Return each sensor's condition by device: `operational`, or why it is not."""
        return {
            name: {
                sensor: "operational" if source.cell.operational else source.cell.cell.last_error
                for sensor, source in device.sources.items()
            }
            for name, device in self._devices.items()
        }

    def skews(self) -> dict[str, float]:
        """Return by how many seconds each device's clock was ahead when it was last heard."""
        return {name: device.skew_s for name, device in self._devices.items()}

    def _welcome(self, device: str, now_s: float) -> _Device | None:
        """Return a place for a new device, None when all are taken by devices that are still heard."""
        if len(self._devices) >= self._limits.devices:
            silent = min(self._devices, key=lambda name: self._devices[name].heard_s)
            if now_s - self._devices[silent].heard_s < self._limits.forgotten_s:
                return None
            del self._devices[silent]
        made = self._devices[device] = _Device(self._feed(), now_s)
        return made

    def _source(self, device: _Device, kind: CellKind) -> _Source:
        cell = SensorCell(kind, declared(kind), self._price_scale, self._prices, SILENT)
        bucket = TokenBucket(self._limits.rate_hz, self._limits.burst)
        made = device.sources[kind.name] = _Source(cell, bucket)
        return made

    def _refuse(self, device: str, sensor: str, reason: str, kind: str = "bad-reading") -> Trouble | None:
        self.refused += 1
        if device not in self._devices:  # under one name: made-up devices must not use up what can be told
            return self._once(kind, "device.?", reason if device == "?" else f"{device}: {reason}")
        return self._once(kind, f"device.{device}.{sensor}", reason)

    def _flood(self, device: str, sensor: str) -> Trouble | None:
        limits = self._limits
        return self._once(
            "device-flood",
            f"device.{device}.{sensor}",
            f"more than {limits.rate_hz:g} readings a second; what is too much is dropped and counted",
        )

    def _skewed(self, name: str, device: _Device, skew_s: float) -> Trouble | None:
        device.skew_s = skew_s
        if abs(skew_s) <= SKEW_S:
            return None
        side = "ahead of" if skew_s > 0 else "behind"
        reason = f"its clock is {abs(skew_s):.0f} s {side} ours; the time of receipt counts"
        return self._once("clock-skew", f"device.{name}", reason)

    def _once(self, kind: str, entity: str, reason: str) -> Trouble | None:
        if (kind, entity) in self._told or len(self._told) >= MOST_TOLD:
            return None
        self._told.add((kind, entity))
        return Trouble(kind, entity, reason)

    def state(self) -> dict[str, Any]:
        """Return what must be remembered, as plain JSON values: counts, and the cells of each device."""
        return {
            "taken": self.taken,
            "dropped": self.dropped,
            "refused": self.refused,
            "devices": {
                name: {sensor: source.cell.state() for sensor, source in device.sources.items()}
                for name, device in self._devices.items()
            },
        }

    def restore(self, state: Mapping[str, Any], now_s: float) -> None:
        """Take back what `state` returned; the devices count as heard at `now_s`, their readings are gone.

        Raises KeyError, TypeError or ValueError when it is not the devices'.
        """
        found: dict[str, _Device] = {}
        for name, sensors in dict(state["devices"]).items():
            if len(found) >= self._limits.devices:
                break
            found[name] = _Device(self._feed(), now_s)
            for sensor, kept in dict(sensors).items():
                self._source(found[name], _KINDS[sensor]).cell.restore(kept)
        self._devices = found
        self.taken, self.dropped, self.refused = (
            int(state[name]) for name in ("taken", "dropped", "refused")
        )
