"""One shard of the thalamus: the shared gates of some domains, in a process that may be killed at any time.

It hears waves in bounded batches, lets silence pass every 50 ms and says every transition on the bus. What it knows
is kept after every transition and once a second, so its successor goes on where it stopped.
Source: docs/domain.md sections 1 (thalamus), 3 and 12 (gate groups are async actors sharded by domain).
"""

from typing import Any

import ray

from actors.charter import Charter
from actors.herald import Herald
from actors.keepsake import Keepsake
from actors.shell import Shell, crashing
from nimmer.life.gates import SHARED_GATES
from nimmer.life.thalamus import Thalamus, domains_of
from nimmer.life.transition import Transition
from nimmer.life.verification import Outcome
from nimmer.life.wave import Wave

SETTLE_S = 0.05
KEEP_S = 1.0
MOST_AT_ONCE = 1000
"""Waves one call may bring; those beyond are refused."""
_MODES = {"force_open": 1, "auto": 0, "force_close": -1}


class ThalamusShell(Shell):
    """The gates of shard `shard`, and who tells of them."""

    def __init__(self, charter: Charter, shard: int = 0) -> None:
        """Make the gates, as the last process of this run left them."""
        self.entity = f"thalamus-{shard}"
        super().__init__(charter)
        self._thalamus = Thalamus(
            domains=domains_of(shard, charter.thalamus_shards),
            price_scale=charter.price_scale,
            prices=charter.prices,
        )
        self._herald = Herald(self, SHARED_GATES)
        self._keepsake = Keepsake(charter, self.entity)
        self._kept_s = self.clock.monotonic_s()
        self.batches = self.overlong = 0
        self._recall()

    @crashing
    async def live(self) -> None:
        """Let the gates feel silence until told to stop."""
        while not self.stopping.is_set():
            now_s = self.clock.monotonic_s()
            self._tell(self._thalamus.settle(now_s))
            if now_s - self._kept_s >= KEEP_S:
                self._keep(now_s)
            await self.clock.sleep_s(SETTLE_S)

    async def hear(self, waves: list[tuple[str, Wave]]) -> int:
        """Take up to `MOST_AT_ONCE` waves with who sent them, and return how many were taken."""
        self.batches += 1
        changed = False
        for source, wave in waves[:MOST_AT_ONCE]:
            found = self._thalamus.hear(source, wave, self.clock.monotonic_s())
            if found:
                changed = True
                self._herald.announce(found)
                self._thalamus.reacted(found, wave[1], self.clock.monotonic_s())
        self.overlong += max(len(waves) - MOST_AT_ONCE, 0)
        if changed:
            self._keep(self.clock.monotonic_s())
        return min(len(waves), MOST_AT_ONCE)

    async def verified(self, domain: str, confidence: float) -> int:
        """Take one verified signal of `domain`, confidence 0..1, and return how many gates it moved."""
        found = self._thalamus.verify(domain, confidence, self.clock.monotonic_s())
        self._tell(found)
        return len(found)

    async def learn(self, gate: str, outcome: int) -> float:
        """Teach `gate` what became of its opening and return by how much its weight moved.

        Raises ValueError when there is no such gate or outcome.
        """
        now_s = self.clock.monotonic_s()
        moved = self._thalamus.learn(gate, Outcome(outcome), now_s)
        self._keep(now_s)
        return moved

    async def command(self, name: str, arguments: dict[str, Any]) -> str:
        """Obey an operator: `force_open`, `force_close` or `auto` with {gate: its name}.

        Raises ValueError with the reason when the command cannot be obeyed.
        """
        gate = arguments.get("gate")
        if name not in _MODES or not isinstance(gate, str):
            raise ValueError(
                f"{name} {arguments}: {self.entity} knows {', '.join(_MODES)} with a gate's name"
            )
        found = self._thalamus.force(gate, _MODES[name], self.clock.monotonic_s())
        self._tell(found)
        self._keep(self.clock.monotonic_s())
        return f"{gate} is {self._thalamus.gate(gate).discrete_state.name.lower()}, held {name}"

    async def status(self) -> dict[str, Any]:
        """Return gates, counts and reaction times."""
        return {
            **self._thalamus.summary(),
            "births": self.births,
            "batches": self.batches,
            "overlong": self.overlong,
        }

    async def stop(self) -> dict[str, Any]:
        """Stop, remember, and return the status."""
        self.stopping.set()
        self._keep(self.clock.monotonic_s())
        return await self.status()

    def _tell(self, transitions: tuple[Transition, ...]) -> None:
        if transitions:
            self._herald.announce(transitions)
            self._keep(self.clock.monotonic_s())

    def _keep(self, now_s: float) -> None:
        self._kept_s = now_s
        self._keepsake.write({"now_s": now_s, "thalamus": self._thalamus.state()})

    def _recall(self) -> None:
        kept = self._keepsake.read()
        if not kept:
            return
        try:
            shift_s = min(
                0.0, self.clock.monotonic_s() - float(kept["now_s"])
            )  # below 0: the machine began anew
            self._thalamus.restore(kept["thalamus"], shift_s)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            self._keepsake.useless(error)


ThalamusActor = ray.remote(ThalamusShell)
