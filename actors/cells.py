"""The cells that belong to no NPC: this host's senses and the math cells, every version of them.

What they say goes to the bus and, through the afferent path, to the gates of the thalamus.

One process for the group: a cell is an object, an actor is what fails alone. What the cells must remember is kept
in the state directory, so a killed group comes back as it was. Source: docs/domain.md sections 2 and 3.3.
"""

from typing import Any

import ray

from actors.afferent import Afferent
from actors.charter import Charter
from actors.herald import Herald
from actors.keepsake import Keepsake
from actors.shell import Shell, crashing
from nimmer.bus.message import MathRequest, MathResponse, WaveSignal
from nimmer.errors import MessageError
from nimmer.host.sensors import HostSensors
from nimmer.life.driven_cells import NO_ORGAN, ORGAN_CELLS, DrivenCells, Hardware, NoHardware
from nimmer.life.host_cells import HostCells
from nimmer.life.math_cell import MathCells
from nimmer.life.senses import CELLS, meaning
from nimmer.life.wave import Wave

SENSE_S = 1.0
"""How often the host is looked at: the heartbeat of the real garden."""
REMEMBER_EVERY = 10


class CellsShell(Shell):
    """Host cells, every version of the math cell, and, where there are no organs, the organs' cells, which say so."""

    entity = "cells"

    def __init__(self, charter: Charter) -> None:
        """Make the cells, with what the last process of this run remembered."""
        super().__init__(charter)
        self._sensors = HostSensors()
        self._host = HostCells(charter.price_scale, charter.prices)
        self._math = MathCells(charter.price_scale, charter.prices)
        # where there are organs, their app holds their cells
        held = () if charter.organs_enabled else ORGAN_CELLS
        self._organs = DrivenCells(held, charter.price_scale, charter.prices, NO_ORGAN)
        self._organ_driver: Hardware = NoHardware()
        self._herald = Herald(self)
        self._afferent = Afferent(self, charter.thalamus_shards)
        self._keepsake = Keepsake(charter, "cells")
        self._recall()

    @crashing
    async def live(self) -> None:
        """Sense the host once a second until told to stop."""
        beats = 0
        while not self.stopping.is_set():
            self.look(self.clock.monotonic_s())
            beats += 1
            if beats % REMEMBER_EVERY == 0:
                self._remember()
            await self.clock.sleep_s(SENSE_S)

    def look(self, now_s: float) -> None:
        """Poll the host's cells and the organs' once, and say what they say."""
        for wave in self._host.read(self._sensors.read(), now_s):
            self._emit(wave, f"host.{self.charter.host}")
        for wave in self._organs.read(self._organ_driver, now_s):
            self._emit(wave, f"organs.{self.charter.host}")

    async def compute(self, request: MathRequest) -> MathResponse:
        """Answer one request to a math cell, the newest unless it names another; what cannot be is answered with why."""
        label = ""
        try:
            math = self._math.named(request.cell)
            label = math.kind.label
            answer = math.compute(request.operation, request.operands)
        except MessageError as error:
            return MathResponse(
                request.operation, request.operands, None, 0.0, 0.0, str(error), request.context, label
            )
        self._emit(math.wave(answer, self.clock.monotonic_s()), "cells")
        return MathResponse(
            answer.operation,
            list(answer.operands),
            answer.result,
            answer.confidence,
            answer.cost,
            "",
            request.context,
            label,
        )

    async def status(self) -> dict[str, Any]:
        """Return each cell's condition, and how its waves go to the thalamus."""
        return {
            "cells": {**self._host.conditions(), **self._organs.conditions()},
            "afferent": self._afferent.status(),
        }

    async def stop(self) -> dict[str, Any]:
        """Stop sensing, remember, and return the status."""
        self.stopping.set()
        await self._afferent.close()
        self._remember()
        return await self.status()

    def _emit(self, wave: Wave, owner: str) -> None:
        """Say a wave on the bus and send it to the gates of its domain."""
        kind = CELLS[wave.cell]
        body = WaveSignal(kind.domain, wave.confidence, wave.cost, meaning(wave))  # type: ignore[arg-type]  # numbers and words
        payload = self._herald.voice(f"{owner}.{kind.entity}", kind.tier, "cell").say(body)
        self.post("nervous.cells.{domain}.wave", payload, domain=kind.domain)
        self._afferent.send(owner, wave)

    def _remember(self) -> None:
        self._keepsake.write({"host": self._host.state(), "math": self._math.state()})

    def _recall(self) -> None:
        state = self._keepsake.read()
        if not state:
            return
        try:
            self._host.restore(state["host"])
            self._math.restore(state["math"])
        except (ValueError, KeyError, TypeError) as error:
            self._keepsake.useless(error)


CellsActor = ray.remote(CellsShell)
