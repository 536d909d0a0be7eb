"""The cells that belong to no NPC: this host's senses and the math cells, with the gates that listen to them.

One process for the group: a cell is an object, an actor is what fails alone. What the cells must remember is kept
in the state directory, so a killed group comes back as it was. Source: docs/domain.md sections 2 and 3.3.
"""

from typing import Any

import ray

from actors.charter import Charter
from actors.keepsake import Keepsake
from actors.shell import Shell, crashing
from nimmer.bus.message import (
    GateTransition,
    MathRequest,
    MathResponse,
    Source,
    TriggerSignal,
    WaveSignal,
    stamp,
)
from nimmer.bus.mirror import STATE_TOKENS, STATES
from nimmer.bus.voice import Voice
from nimmer.errors import MessageError
from nimmer.host.sensors import HostSensors
from nimmer.life.gate import Cause, ResonantGate, Transition
from nimmer.life.gates import SHARED_GATES
from nimmer.life.host_cells import HostCells
from nimmer.life.math_cell import MathCells
from nimmer.life.senses import CELLS, meaning
from nimmer.life.wave import Wave

SENSE_S = 1.0
"""How often the host is looked at: the heartbeat of the real garden."""
REMEMBER_EVERY = 10


class CellsShell(Shell):
    """Host cells, every version of the math cell, and the shared gates."""

    entity = "cells"

    def __init__(self, charter: Charter) -> None:
        """Make the cells and gates, with what the last process of this run remembered."""
        super().__init__(charter)
        self._offset_s = self.clock.unix_s() - self.clock.monotonic_s()
        self._sensors = HostSensors()
        self._host = HostCells(charter.price_scale)
        self._math = MathCells(charter.price_scale)
        self._gates = [
            ResonantGate(spec, index, price_scale=charter.price_scale)
            for index, spec in enumerate(SHARED_GATES)
        ]
        self._voices: dict[tuple[str, int], Voice] = {}
        self._keepsake = Keepsake(charter, "cells")
        self._recall()

    @crashing
    async def live(self) -> None:
        """Sense the host once a second until told to stop."""
        beats = 0
        while not self.stopping.is_set():
            now_s = self.clock.monotonic_s()
            for wave in self._host.read(self._sensors.read(), now_s):
                self._emit(wave, f"host.{self.charter.host}")
            for gate in self._gates:
                self._announce(gate.settle(self.clock.monotonic_s()))
            beats += 1
            if beats % REMEMBER_EVERY == 0:
                self._remember()
            await self.clock.sleep_s(SENSE_S)

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
        """Return each cell's condition and each gate's state."""
        return {
            "cells": {
                cell.kind.name: "operational" if cell.operational else cell.last_error
                for cell in self._host.cells
            },
            "gates": {gate.spec.name: gate.discrete_state for gate in self._gates},
        }

    async def stop(self) -> dict[str, Any]:
        """Stop sensing, remember, and return the status."""
        self.stopping.set()
        self._remember()
        return await self.status()

    def _emit(self, wave: Wave, owner: str) -> None:
        """Say a wave on the bus and let the gates of its domain hear it."""
        kind = CELLS[wave.cell]
        body = WaveSignal(kind.domain, wave.confidence, wave.cost, meaning(wave))  # type: ignore[arg-type]  # numbers and words
        payload = self._voice(f"{owner}.{kind.entity}", kind.tier, "cell").say(body)
        self.post("nervous.cells.{domain}.wave", payload, domain=kind.domain)
        for gate in self._gates:
            if gate.spec.domain == kind.domain:
                self._announce(gate.hear(wave))

    def _announce(self, transitions: tuple[Transition, ...]) -> None:
        for one in transitions:
            gate = SHARED_GATES[one.gate]
            state = one.to_state + 1
            body = GateTransition(
                gate_id=gate.name,
                domain=gate.domain,
                from_state=STATES[one.from_state + 1],
                to_state=STATES[state],
                state_value=one.value,
                correlation_score=one.correlation,
                routed_to_tier=one.tier,
                lifeforce_cost=one.cost,
                trigger_signals=[
                    TriggerSignal(CELLS[cell].name, confidence, stamp(time_s + self._offset_s))
                    for cell, confidence, time_s in one.triggers
                ],
                cause=Cause(one.cause).name.lower(),
                weight=one.weight,
            )
            voice = self._voice(gate.name, one.tier, "gate")
            message_id = voice.message_id()
            self.post(
                "thalamus.gate.{state}", voice.say(body, message_id), message_id, state=STATE_TOKENS[state]
            )

    def _voice(self, entity: str, tier: int, kind: str) -> Voice:
        key = (entity, tier)
        if key not in self._voices:
            self._voices[key] = Voice(Source(entity, kind, "real", tier), self.clock)  # type: ignore[arg-type]  # cell or gate
        return self._voices[key]

    def _remember(self) -> None:
        self._keepsake.write(
            {
                "host": self._host.state(),
                "math": self._math.state(),
                "gates": {gate.spec.name: gate.state() for gate in self._gates},
            }
        )

    def _recall(self) -> None:
        state = self._keepsake.read()
        if not state:
            return
        try:
            self._host.restore(state["host"])
            self._math.restore(state["math"])
            for gate in self._gates:
                gate.restore(state["gates"][gate.spec.name])
        except (ValueError, KeyError, TypeError) as error:
            self._keepsake.useless(error)


CellsActor = ray.remote(CellsShell)
