"""The devices' actor without a thalamus, which says when it listens."""

import asyncio

from actors.charter import Charter
from actors.devices import DevicesShell, Waves
from nimmer.bus.bus import Bus


class Eager(DevicesShell):
    """The actor's shell, which says when it listens and keeps what it would hand on."""

    def __init__(self, charter: Charter) -> None:
        super().__init__(charter)
        self.listening = asyncio.Event()
        self.handed: Waves = []
        self.listener = self.handed.extend  # no thalamus here

    async def _listen(self, bus: Bus) -> None:
        await super()._listen(bus)
        self.listening.set()
