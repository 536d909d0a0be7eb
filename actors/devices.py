"""The devices' actor: hears what devices tell on the bus, lets their cells make sense of it, and hands the waves on.

A process and a connection of its own, as nyx-nervous, so that a device that floods harms this process at worst: the
bridge, the NPCs and their gates do not hear of it. What is decided is `nimmer.life.devices`.
Source: docs/domain.md sections 2 and 12; docs/cells.md, "Devices".
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

import ray

from actors.afferent import Afferent
from actors.charter import Charter
from actors.keepsake import Keepsake
from actors.shell import Shell, crashing, log
from nimmer.bus.bus import Bus, Delivery
from nimmer.bus.identities import NERVOUS
from nimmer.bus.message import DeviceReading, Source, WaveSignal, decode
from nimmer.bus.nats import NatsBus
from nimmer.bus.voice import Voice
from nimmer.errors import BusPermissionError, BusUnavailableError, MessageError
from nimmer.host.device_driver import DeviceDriver
from nimmer.life.devices import Devices, Trouble
from nimmer.life.senses import CELLS, meaning
from nimmer.life.wave import Wave

SENSE_S = 0.1
"""How often the cells are polled: a hand before a device must reach a gate while it is still there."""
REMEMBER_S = 10.0
RECONNECT_S = 0.5
YIELD_EVERY = 256
MOST_VOICES = 1024

Waves = list[tuple[str, Wave]]
"""Waves with who says them, such as `device.greenhouse-1.distance_front`."""


class DevicesShell(Shell):
    """Device cells, and their ear on the bus."""

    entity = "devices"

    def __init__(self, charter: Charter) -> None:
        """Know the devices that the last process of this run knew."""
        super().__init__(charter)
        self._devices = Devices(DeviceDriver, charter.price_scale, prices=charter.prices)
        self._voices: dict[tuple[str, int], Voice] = {}
        self._keepsake = Keepsake(charter, "devices")
        self._kept_s = self.clock.monotonic_s()
        self._away = False
        self._bus: Bus | None = None
        self._afferent = Afferent(self, charter.thalamus_shards)
        self.listener: Callable[[Waves], None] = self._afferent.send_all
        """Who is handed the waves: the thalamus."""
        self.waves = 0
        self._heard = 0
        self._recall()

    @crashing
    async def live(self) -> None:
        """Listen, and poll the cells, until told to stop."""
        bus = self._bus = await self._connect()
        if bus is None:
            return
        try:
            await self._listen(bus)
            while not self.stopping.is_set():
                self._look(bus)
                self.sense()
                await self.clock.sleep_s(SENSE_S)
        finally:
            await bus.close()

    def sense(self) -> None:
        """Poll every cell once: what they say goes to the bus and is handed on."""
        now_s = self.clock.monotonic_s()
        waves = self._devices.poll(now_s)
        for owner, wave in waves:
            self._emit(wave, owner)
        self.hand_on(waves)
        if now_s - self._kept_s >= REMEMBER_S:
            self._kept_s = now_s
            self._remember()

    def hand_on(self, waves: Waves) -> None:
        """Hand waves to the listener."""
        self.waves += len(waves)
        self.listener(waves)

    async def hear(self, delivery: Delivery) -> None:
        """Take one reading from the bus; one that cannot be read is counted and told of once."""
        self._heard += 1
        if not self._heard % YIELD_EVERY:
            await self.clock.sleep_s(0.0)  # a flood must not keep the cells from being polled
        now_s, unix_s = self.clock.monotonic_s(), self.clock.unix_s()
        try:
            message = decode(delivery.subject, delivery.payload)
            sent_s = dt.datetime.fromisoformat(message.header.timestamp).timestamp()
        except (MessageError, ValueError, OverflowError) as error:
            self._tell(self._devices.refuse("?", f"{delivery.subject}: {error}"))
            return
        body = message.body
        assert isinstance(body, DeviceReading)
        self._tell(
            self._devices.take(
                body.device, body.sensor, body.raw, body.sequence, body.uptime_ms, now_s, sent_s - unix_s
            )
        )

    async def status(self) -> dict[str, Any]:
        """Return each sensor's condition, each clock's error in s, and what was taken, dropped and refused."""
        devices = self._devices
        return {
            "devices": devices.conditions(),
            "skew_s": devices.skews(),
            "taken": devices.taken,
            "dropped": devices.dropped,
            "refused": devices.refused,
            "waves": self.waves,
            "afferent": self._afferent.status(),
            "connected": self._bus is not None and self._bus.connected,
        }

    async def stop(self) -> dict[str, Any]:
        """Stop listening, remember, and return the status."""
        self.stopping.set()
        self._remember()
        await self._afferent.close()
        return await self.status()

    async def _connect(self) -> Bus | None:
        """Return a connection of our own; a broker that is away is waited for, and told of once."""
        while not self.stopping.is_set():
            try:
                return await self._dial()
            except BusPermissionError:
                raise  # a wrong password does not become right by waiting
            except BusUnavailableError as error:
                self._gone(str(error))
                await self.clock.sleep_s(RECONNECT_S)
        return None

    async def _dial(self) -> Bus:
        return await NatsBus.connect(
            self.charter.nats_url, NERVOUS, self.charter.secrets[NERVOUS], self.clock
        )

    async def _listen(self, bus: Bus) -> None:
        """Subscribe to all readings; a broker that goes away meanwhile is waited for."""
        while not self.stopping.is_set():
            try:
                await bus.subscribe(f"{self.charter.environment}.nervous.devices.*.reading", self.hear)
            except BusUnavailableError as error:
                self._gone(str(error))
                await self.clock.sleep_s(RECONNECT_S)
            else:
                return

    def _look(self, bus: Bus) -> None:
        """Say when the broker went away and when it is back; the connection seeks it by itself."""
        if not bus.connected:
            self._gone("devices are not heard until it is back")
        elif self._away:
            self._away = False
            log.warning("devices: the broker is back")

    def _gone(self, reason: str) -> None:
        if not self._away:
            self._away = True
            self.report("broker-away", self.entity, reason[:500])

    def _tell(self, trouble: Trouble | None) -> None:
        if trouble is not None:
            self.report(trouble.kind, trouble.entity, trouble.reason[:500])

    def _emit(self, wave: Wave, owner: str) -> None:
        """Say a wave on the bus."""
        kind = CELLS[wave.cell]
        body = WaveSignal(kind.domain, wave.confidence, wave.cost, meaning(wave))  # type: ignore[arg-type]  # numbers and words
        self.post("nervous.cells.{domain}.wave", self._voice(owner, kind.tier).say(body), domain=kind.domain)

    def _voice(self, owner: str, tier: int) -> Voice:
        key = (owner, tier)
        if key not in self._voices:
            if len(self._voices) >= MOST_VOICES:  # devices come and go; their voices are quickly made
                self._voices.clear()
            self._voices[key] = Voice(Source(owner, "cell", "real", tier), self.clock)
        return self._voices[key]

    def _remember(self) -> None:
        self._keepsake.write(self._devices.state())

    def _recall(self) -> None:
        state = self._keepsake.read()
        if not state:
            return
        try:
            self._devices.restore(state, self.clock.monotonic_s())
        except (ValueError, KeyError, TypeError) as error:
            self._keepsake.useless(error)


DevicesActor = ray.remote(DevicesShell)
