"""The governor's mind: asks the net for its proposal, in bounded time, and believes nothing it says unchecked.

The net thinks in a thread of its own, so that the kill switch is heard while it hangs. What is late, raises, is not
finite or is not about everybody is a fault, and the same epoch is decided by the rule. A net that failed too often in
a row is not asked again until an operator commands a mode. Source: docs/governor.md, "When the net fails".
"""

import asyncio
import contextlib
import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np

from nimmer.life.governor import Allocation, Limits
from nimmer.life.governor_observation import GovernorObservation
from nimmer.life.governor_reasons import Reasons, reasons_of
from nimmer.minds.governor_net import GovernorNet, GovernorWeights, forward

MOST_BAD = 3
"""Epochs in a row a net may fail before it is not asked again."""
THINK_S = 2.0
"""How long the net may think, or half an epoch where that is shorter."""
NO_NET = "there is no net: no weights could be read"


@dataclass(frozen=True, slots=True)
class Advice:
    """What the net proposes and why; `fault` says why it proposes nothing, and is empty when it does."""

    proposed: list[Allocation] = field(default_factory=list)
    reasons: Reasons = field(default_factory=dict)
    fault: str = ""


class Mind:
    """One net, and how far it is trusted."""

    def __init__(self, patience_s: float = THINK_S) -> None:
        """Have no net yet; wait `patience_s` for each proposal."""
        self.net: GovernorNet | None = None
        self.weights = ""
        """Digest of the weights in use, empty while there is no net."""
        self.faults = 0
        self.in_a_row = 0
        self.fault = ""
        """Why the net failed last, empty when it never did."""
        self._patience_s = patience_s
        self._hanging: threading.Thread | None = None

    @property
    def trusted(self) -> bool:
        """Tell whether the net is still asked."""
        return self.in_a_row < MOST_BAD

    def take(self, weights: GovernorWeights) -> None:
        """Think with `weights` from now on. Raises WeightsError when they form no net."""
        self.net = GovernorNet(weights)
        self.weights = digest(weights)

    def forgive(self) -> None:
        """Trust the net again."""
        self.in_a_row = 0

    async def advise(
        self, observation: GovernorObservation, capacity_percent: float, limits: Limits
    ) -> Advice:
        """Return the net's proposal, or the fault that was found with it; counts faults."""
        advice = await self._asked(observation, capacity_percent, limits)
        if advice.fault:
            self.faults += 1
            self.in_a_row += 1
            self.fault = advice.fault
        else:
            self.in_a_row = 0
        return advice

    async def _asked(
        self, observation: GovernorObservation, capacity_percent: float, limits: Limits
    ) -> Advice:
        net = self.net
        if net is None:
            return Advice(fault=NO_NET)
        if self._hanging is not None and self._hanging.is_alive():
            return Advice(fault="it still hangs over an earlier epoch")
        return await self._in_time(lambda: _thought(net, observation, capacity_percent, limits))

    async def _in_time(self, think: Callable[[], Advice]) -> Advice:
        """Return what `think` returns, in a thread that nobody waits for longer than is bearable."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Advice] = loop.create_future()

        def run() -> None:
            try:
                advice = think()
            except Exception as error:  # whatever a net does, it is a fault and no crash
                advice = Advice(fault=f"{type(error).__name__}: {error}"[:300])
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(_settle, answer, advice)

        thread = threading.Thread(target=run, name="governor's net", daemon=True)
        thread.start()
        try:
            return await asyncio.wait_for(answer, self._patience_s)
        except TimeoutError:
            self._hanging = thread
            return Advice(fault=f"no proposal within {self._patience_s:g} s")

    def state(self) -> dict[str, Any]:
        """Return how far the net is trusted, as plain JSON values."""
        return {"faults": self.faults, "in_a_row": self.in_a_row, "fault": self.fault}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is none."""
        faults, in_a_row, fault = int(state["faults"]), int(state["in_a_row"]), str(state["fault"])
        self.faults, self.in_a_row, self.fault = faults, in_a_row, fault


def digest(weights: GovernorWeights) -> str:
    """Return 12 hex digits by which these very weights are known."""
    found = hashlib.blake2b(digest_size=6)
    for name in sorted(weights):
        found.update(name.encode() + np.ascontiguousarray(weights[name]).tobytes())
    return found.hexdigest()


def _settle(answer: "asyncio.Future[Advice]", advice: Advice) -> None:
    if not answer.done():
        answer.set_result(advice)


def _thought(
    net: GovernorNet, observation: GovernorObservation, capacity_percent: float, limits: Limits
) -> Advice:
    """Return what the net proposes, checked, and why."""
    if observation.npcs.size:
        with np.errstate(all="ignore"):
            raw = forward(net.weights, observation.features, observation.world)
        if not np.isfinite(raw).all():
            return Advice(fault="its outputs are not finite")
    proposed = net.propose(observation, capacity_percent, limits)
    if fault := fault_of(proposed, observation):
        return Advice(fault=fault)
    reasons = reasons_of(lambda seen: net.propose(seen, capacity_percent, limits), observation)
    return Advice(list(proposed), reasons)


def fault_of(proposed: Sequence[Allocation], observation: GovernorObservation) -> str:
    """Return why `proposed` is no proposal for the NPCs of `observation`, empty when it is one."""
    if [one.npc for one in proposed] != observation.npcs.tolist():
        return (
            f"it proposes {len(proposed)} shares, not one for each of the {observation.npcs.size} living NPCs"
        )
    for one in proposed:
        numbers = (one.tick_hz, one.cpu_percent, one.cortex_priority, one.nice)
        if not all(isfinite(number) for number in numbers):
            return f"its share for npc {one.npc} is not finite"
    return ""
