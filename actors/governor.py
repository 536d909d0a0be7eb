"""The governor's actor: once an epoch it sees how every NPC fares and says who gets how much.

Whatever proposes, the envelope decides what is safe; a static rule proposes until a net has earned its place. A
governor that dies leaves the last shares in force, and its successor goes on from them.
Source: docs/domain.md section 8, "Governor"; docs/design.md, "Boundaries".
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import ray

from actors.charter import Charter
from actors.shell import Shell, crashing, log
from nimmer.bus.message import GovernorAllocate
from nimmer.life.gates import BODY_GATES
from nimmer.life.governor import Allocation, Envelope, Limits, NpcSituation, Verdict, static_rule
from nimmer.stores.tables import Table
from nimmer.stores.traces import RowBatch

LOOK_S = 0.25
ASK_S = 5.0
Mode = Literal["rule", "shadow", "off"]
_OVERRIDES: dict[int, Literal["auto", "force_open", "force_close"]] = {
    0: "auto",
    1: "force_open",
    -1: "force_close",
}


class GovernorShell(Shell):
    """Proposes by the rule, applies through the envelope."""

    entity = "governor"

    def __init__(self, charter: Charter) -> None:
        """Take the bounds from `charter`."""
        super().__init__(charter)
        self._limits = Limits(charter.min_tick_hz, charter.max_tick_hz)
        self._envelope = Envelope(
            charter.capacity_percent, charter.max_tick_step_hz, charter.max_cpu_step, self._limits
        )
        self.mode: Mode = "rule" if charter.governor_enabled else "off"
        self.epoch = int(self.arena.view("control")["epoch"].max())
        self.clamped = 0
        self._previous: dict[int, Allocation] = {}
        self._header = self.arena.view("header")
        self._supervisor: Any = None

    @crashing
    async def live(self) -> None:
        """Decide at every epoch of the world until told to stop."""
        while not self.stopping.is_set():
            epoch = int(self._header["world_tick"][0]) // self.charter.epoch_ticks
            if epoch > self.epoch and self.mode != "off":
                await self._decide(epoch)
            await self.clock.sleep_s(LOOK_S)

    async def command(self, name: str, arguments: dict[str, Any]) -> str:
        """Obey an operator: `mode {mode: rule | shadow | off}`; off is the kill switch.

        Raises ValueError with the reason when the command cannot be obeyed.
        """
        if name != "mode" or (mode := arguments.get("mode")) not in ("rule", "shadow", "off"):
            raise ValueError(f"{name} {arguments}: the governor knows `mode` with mode rule, shadow or off")
        self.mode = mode
        return f"mode is {self.mode}"

    async def status(self) -> dict[str, Any]:
        """Return the mode, the epoch decided last, and how often the envelope corrected a proposal."""
        return {"mode": self.mode, "epoch": self.epoch, "clamped": self.clamped}

    async def stop(self) -> dict[str, Any]:
        """Stop deciding, and return the status."""
        self.stopping.set()
        return await self.status()

    async def _decide(self, epoch: int) -> None:
        try:
            supervisor = self._supervisor or ray.get_actor("supervisor", namespace=self.charter.namespace)
            self._supervisor = supervisor
            situations: list[NpcSituation] = await asyncio.wait_for(supervisor.situations.remote(), ASK_S)
            verdict = self._verdict(situations)
            if self.mode == "rule":
                await asyncio.wait_for(supervisor.apply.remote(epoch, verdict.allocations), ASK_S)
        except (ray.exceptions.RayError, TimeoutError, ValueError) as error:
            self._supervisor = None
            log.warning("epoch %d waits for the supervisor: %s", epoch, type(error).__name__)
            return
        self.epoch = epoch
        self._tell(epoch, verdict)
        await self._write_down(epoch, verdict)

    def _verdict(self, situations: Sequence[NpcSituation]) -> Verdict:
        """Return this epoch's safe allocations; what is in force now counts as the last epoch's."""
        previous = {
            one.npc: self._previous.get(one.npc, Allocation(one.npc, one.tick_hz, one.cpu_percent))
            for one in situations
        }
        proposed = static_rule(situations, self.charter.capacity_percent, self._limits)
        verdict = self._envelope.apply(proposed, previous, situations)
        self.clamped += len(verdict.clamped)
        if self.mode == "rule":
            self._previous = {one.npc: one for one in verdict.allocations}
        return verdict

    def _tell(self, epoch: int, verdict: Verdict) -> None:
        for one in verdict.allocations:
            self.tell("thalamus.governor.allocate", _message(epoch, one))

    async def _write_down(self, epoch: int, verdict: Verdict) -> None:
        corrected = {clamp.npc for clamp in verdict.clamped}
        now_s = self.clock.unix_s()
        rows = tuple(
            {
                "run": self.charter.run,
                "epoch": epoch,
                "npc": one.npc,
                "at": now_s,
                "mode": self.mode,
                "tick_hz": one.tick_hz,
                "cpu_percent": one.cpu_percent,
                "nice": one.nice,
                "gates": _message(epoch, one).gates,
                "llm_priority": one.cortex_priority,
                "cortex_permission": one.cortex_permission,
                "clamped": one.npc in corrected,
            }
            for one in verdict.allocations
        )
        try:
            recorder = ray.get_actor("recorder", namespace=self.charter.namespace)
            await asyncio.wait_for(recorder.keep.remote(RowBatch(Table.GOVERNOR_DECISIONS, rows)), ASK_S)
        except (ray.exceptions.RayError, TimeoutError, ValueError) as error:
            self.report("not-kept", self.entity, f"the decisions of epoch {epoch}: {type(error).__name__}")


def _message(epoch: int, one: Allocation) -> GovernorAllocate:
    gates = {spec.name: _OVERRIDES[mode] for spec, mode in zip(BODY_GATES, one.gates, strict=False)}
    return GovernorAllocate(
        one.npc,
        one.tick_hz,
        one.cpu_percent,
        one.nice,
        gates,
        one.cortex_priority,
        epoch,
        one.cortex_permission,
    )


GovernorActor = ray.remote(GovernorShell)
