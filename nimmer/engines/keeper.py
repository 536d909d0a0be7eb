"""Keeps an engine alive: started, waited for, watched, restarted with back-off; or, behind a foreign URL, only watched.

An engine that ended is seen at the next look; one that hangs (it takes connections and answers nothing) by the health
probe it misses three times in a row, at once after a request timed out (`suspect`). It is restarted for ever, each wait
twice the last up to 30 s, because without it the village lives on and somebody may repair what it lacks.
Source: docs/decisions/0032-the-engine-is-a-child.md.
"""

import asyncio
from collections.abc import Callable
from enum import Enum
from math import inf
from pathlib import Path
from typing import Protocol

from nimmer.clock import Clock
from nimmer.engines.engine import Engine
from nimmer.engines.http_engine import HttpEngine
from nimmer.engines.plan import EnginePlan
from nimmer.engines.process import EngineProcess
from nimmer.errors import EngineError
from nimmer.host.ports import free_port, is_free
from nimmer.life.restart import Backoff

LOOK_S = 0.1
"""How often the process is looked at."""
CALM_S = 60.0
"""An engine that was ready for so long is forgiven its earlier deaths."""


class Condition(Enum):
    """How an engine is."""

    STARTING = "starting"
    READY = "ready"
    BROKEN = "broken"
    STOPPED = "stopped"

    @property
    def successors(self) -> tuple["Condition", ...]:
        """What may follow."""
        return _SUCCESSORS[self]


_SUCCESSORS = {
    Condition.STARTING: (Condition.READY, Condition.BROKEN, Condition.STOPPED),
    Condition.READY: (Condition.BROKEN, Condition.STOPPED),
    Condition.BROKEN: (Condition.STARTING, Condition.READY, Condition.STOPPED),
    Condition.STOPPED: (),
}


class Keeper(Protocol):
    """An engine that somebody looks after."""

    engine: Engine
    restarts: int
    reason: str
    """Why it is not ready; "" when it is."""

    @property
    def ready(self) -> bool:
        """Whether it can be asked."""
        ...

    @property
    def url(self) -> str:
        """Its base URL, such as http://127.0.0.1:8000/v1."""
        ...

    async def run(self) -> None:
        """Look after it until cancelled."""
        ...

    def suspect(self) -> None:
        """Say that a request got no answer: look at it now."""
        ...

    async def stop(self) -> None:
        """End it, if it is ours. A second call does nothing."""
        ...


class _Watch:
    """What both keepers share: the condition, and the look that may be hurried."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.restarts = 0
        self.reason = "it has not been started yet"
        self.condition = Condition.STARTING
        self._suspected = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether it can be asked."""
        return self.condition is Condition.READY

    def suspect(self) -> None:
        """Look at it now."""
        self._suspected.set()

    def turn(self, condition: Condition, reason: str = "") -> None:
        """Go over to `condition`. Raises ValueError when it cannot follow."""
        if condition is not self.condition and condition not in self.condition.successors:
            raise ValueError(f"an engine that is {self.condition.value} cannot become {condition.value}")
        self.condition, self.reason = condition, reason

    async def pause(self, probe_s: float) -> None:
        """Wait until the next probe is due, or somebody is suspicious."""
        asleep = asyncio.ensure_future(self.clock.sleep_s(probe_s))
        woken = asyncio.ensure_future(self._suspected.wait())
        try:
            await asyncio.wait((asleep, woken), return_when=asyncio.FIRST_COMPLETED)
        finally:
            asleep.cancel()
            woken.cancel()
        self._suspected.clear()


class ChildKeeper(_Watch):
    """Keeps an engine of our own; the port is `Keeper`."""

    def __init__(
        self, make: Callable[[], EnginePlan], log: Path, clock: Clock, backoff: Backoff | None = None
    ) -> None:
        """Prepare to run what `make` returns, asked before every start, its output in `log`; `run` starts it."""
        super().__init__(clock)
        self.process = EngineProcess(log)
        self._make = make
        self._backoff = backoff or Backoff(first_s=0.2, most_s=30.0)
        self._port = free_port()
        self._deaths = 0
        self.engine: Engine = HttpEngine(lambda: self.url, health="/health")

    @property
    def url(self) -> str:
        """Its base URL; the port stays unless something else took it meanwhile."""
        return f"http://127.0.0.1:{self._port}/v1"

    async def run(self) -> None:
        """Start it, and again whenever it ends or hangs, until cancelled."""
        while True:
            calm_s = inf
            try:
                plan = await self._start()
                calm_s = self.clock.monotonic_s() + CALM_S
                await self._watch(plan)
            except EngineError as error:
                self.turn(Condition.BROKEN, f"{error}; it is started again")
            except Exception as error:  # whatever hinders a start must not take the gate along
                self.turn(Condition.BROKEN, f"{type(error).__name__}: {error}; it is started again")
            await asyncio.to_thread(self.process.stop)
            self._deaths = 1 if self.clock.monotonic_s() > calm_s else self._deaths + 1
            await self.clock.sleep_s(self._backoff.wait_s(self._deaths))
            self.turn(Condition.STARTING, self.reason)
            self.restarts += 1

    async def stop(self) -> None:
        """End the engine."""
        self.turn(Condition.STOPPED, "the cortex is stopping")
        await asyncio.to_thread(self.process.stop)
        await self.engine.close()

    async def _start(self) -> EnginePlan:
        """Return how it was started once it is ready. Raises EngineError when it ends before, or takes too long."""
        plan = self._make()
        if not is_free(self._port):
            self._port = free_port()
        if not self.restarts:
            self.reason = f"{plan.name} is starting"
        self.process.start([part.replace("{port}", str(self._port)) for part in plan.argv], plan.env)
        deadline_s = self.clock.monotonic_s() + plan.ready_s
        while not await self.engine.healthy(plan.patience_s):
            self._alive(plan.name, "while starting")
            if self.clock.monotonic_s() > deadline_s:
                raise EngineError(f"{plan.name} was not ready within {plan.ready_s:g} s{self._last_words()}")
            await self.clock.sleep_s(LOOK_S)
        self.turn(Condition.READY)
        return plan

    async def _watch(self, plan: EnginePlan) -> None:
        """Return never. Raises EngineError when it ended or hangs."""
        missed = 0
        while missed < plan.strikes:
            await self.pause(LOOK_S if missed else plan.probe_s)
            self._alive(plan.name, "by itself, or was killed")
            missed = 0 if await self.engine.healthy(plan.patience_s) else missed + 1
        self._alive(plan.name, "by itself, or was killed")
        raise EngineError(f"{plan.name} hangs: it missed {missed} health probes and was killed")

    def _alive(self, name: str, when: str) -> None:
        if not self.process.running:
            raise EngineError(f"{name} ended {when}{self._last_words()}")

    def _last_words(self) -> str:
        lines = self.process.last_lines()
        return f"; its last words: {lines}" if lines else ""


class RemoteKeeper(_Watch):
    """Watches an engine that somebody else runs; the port is `Keeper`."""

    def __init__(
        self, url: str, clock: Clock, key: str = "", probe_s: float = 2.0, patience_s: float = 5.0
    ) -> None:
        """Watch the server at `url`, such as http://theia:31000/v1, with its API key."""
        super().__init__(clock)
        self.url = url
        self._probe_s = probe_s
        self._patience_s = patience_s
        self.engine: Engine = HttpEngine(lambda: url, key)

    async def run(self) -> None:
        """Ask it whether it is well until cancelled."""
        while True:
            if await self.engine.healthy(self._patience_s):
                self.turn(Condition.READY)
            elif self.condition is not Condition.BROKEN:
                self.turn(Condition.BROKEN, f"{self.url} does not answer: is it running? (cortex.url)")
            await self.pause(self._probe_s)

    async def stop(self) -> None:
        """Let go of it."""
        self.turn(Condition.STOPPED, "the cortex is stopping")
        await self.engine.close()
