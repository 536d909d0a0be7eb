"""The cortex of the village: one expensive model behind a gate, by handle, by HTTP and on the bus.

One replica holds the desk, the API and the keeper of its engine, which is a child process behind a URL: an engine that
is killed or hangs never takes the gate along. Source: docs/domain.md section 10; docs/cortex.md; docs/decisions/0032.
"""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from ray.serve import Application

from nimmer.bus.bus import Bus
from nimmer.bus.cortex_messages import CognitiveRequest, CognitiveResponse, CortexStatus
from nimmer.bus.nats import NatsBus
from nimmer.clock import Clock, SystemClock
from nimmer.config.cortex import CortexSettings
from nimmer.cortex.desk import Desk
from nimmer.cortex.usage import Usage
from nimmer.engines.keeper import ChildKeeper, Keeper, RemoteKeeper
from nimmer.engines.plan import plan
from nimmer.errors import CortexError
from nimmer.host.private_file import read_private
from nimmer.stores.tables import Table
from serve_apps.cortex_api import api
from serve_apps.cortex_book import Book
from serve_apps.cortex_chat import Chats
from serve_apps.cortex_ears import Ears
from serve_apps.cortex_gate import Gate
from serve_apps.cortex_thinking import Thinking
from serve_apps.keys import Keys
from serve_apps.listener import Listener
from serve_apps.place import Place
from serve_apps.replica import LITTLE_CPU, replica
from serve_apps.row_post import Keep, RowPost, recorder_of

LAST_ROWS_S = 3.0
"""How long a stop waits for the recorder to acknowledge the last rows."""


class Cortex:
    """What a DeploymentHandle of the cortex offers.

    think(request, identity, context) -> CognitiveResponse: never raises for what may be expected. `outcome` is answered;
    denied (gate closed, budget spent, queue full), refused (too large), expired (waited too long), cancelled (see
    `cancel`), timeout or failed (the engine; at once while it is not ready). `context` is what else is known, the nearest
    first; it is cut to the engine's window. `downstream_commands` is empty: commands are the boundary's to make.
    `lifeforce_spent` is for the asker's ledger to charge. Cancelling the handle's call cancels the engine's work.

    cancel(npc_id, reason) -> int: the NPC died or moved on; all it asked itself ends as cancelled. Returns how many that were.
    command(name, arguments) -> str: `open` or `close` the gate; returns what was done. Raises ValueError.
    status() -> CortexStatus. engine() -> (base URL, model name): where Function Gemma words, past the gate.
    stop(): end the engine and bring the last rows to the recorder; call it before the app is deleted.
    """

    def __init__(
        self,
        settings: CortexSettings,
        place: Place,
        clock: Clock | None = None,
        keeper: Keeper | None = None,
        keep: Keep | None = None,
    ) -> None:
        """Put the parts together; `start` sets them going.

        Args:
            settings: the cortex's.
            place: the run it belongs to.
            clock: the wall clock when None.
            keeper: of the engine; made by the settings when None.
            keep: takes rows; the run's recorder when None.

        Raises ConfigError or HostError when the key files are missing, unsafe or broken.
        """
        self._clock = clock = clock or SystemClock()
        self._settings = settings
        self._keeper = keeper or _keeper(settings, place, clock)
        self._gate = Gate(Desk(settings.slots, settings.queue, settings.ageing_s), clock)
        self._usage = Usage()
        self._post = RowPost(Table.CORTEX_CALLS, keep or recorder_of(place.namespace), clock)
        book = Book(place.run, settings.model, self._usage, self._post, clock)
        self._thinking = Thinking(settings, self._gate, self._keeper, book, clock)
        chats = Chats(self._gate, self._keeper, book, clock)
        app = api(settings, Keys.read(place.keys_file), chats, self._usage, self._keeper)
        self._listener = Listener(app, settings.host, settings.port, "cortex.port")
        self._ears = Ears(place.environment, _connect(place), self, clock) if place.nats_url else None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Listen, and start the engine, which is not waited for. Raises HostError when cortex.port is taken."""
        await self._listener.start()
        self._begin(self._keeper.run())  # the first: `stop` ends it before the others
        self._begin(self._post.run())
        if self._ears is not None:
            self._begin(self._ears.run())

    async def think(
        self, request: CognitiveRequest, identity: str, context: list[str] | None = None
    ) -> CognitiveResponse:
        """Answer `request`, or say why not; see the class."""
        response = await self._thinking.think(request, identity, context or [])
        if self._ears is not None:
            await self._ears.tell(response)
        return response

    async def cancel(self, npc_id: int, reason: str) -> int:
        """End all that the NPC asked; return how many requests that were."""
        return self._gate.cancel(npc_id, reason)

    async def command(self, name: str, arguments: dict[str, object] | None = None) -> str:
        """Open or close the gate. Raises ValueError for another order, or for arguments, which neither takes."""
        if arguments:
            raise ValueError(f"the command {name!r} takes no arguments, not {sorted(arguments)}")
        if name == "close":
            self._gate.close()
            return "the gate is closed: who asks is denied"
        if name == "open":
            self._gate.reopen()
            return "the gate is open"
        raise ValueError(f"the cortex knows no command {name!r}; it knows open and close")

    async def status(self) -> CortexStatus:
        """Tell how it fares."""
        prompt_tokens, completion_tokens = self._usage.tokens()
        desk = self._gate.desk
        return CortexStatus(
            engine=self._settings.engine,
            model=self._settings.model,
            ready=self._keeper.ready,
            open=desk.open,
            waiting=desk.waiting,
            running=desk.running,
            slots=desk.slots,
            outcomes=dict(self._usage.outcomes),
            p50_ms=self._usage.latency_ms(0.5),
            p95_ms=self._usage.latency_ms(0.95),
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            restarts=self._keeper.restarts,
            url=f"{self._listener.url}/v1" if self._listener.url else "",
            reason="; ".join(part for part in (self._keeper.reason, self._post.complaint()) if part),
        )

    async def engine(self) -> tuple[str, str]:
        """Return the engine's base URL and the name of its model."""
        return self._keeper.url, self._settings.model

    async def stop(self) -> None:
        """Deny everybody, end the engine, and bring the last rows away. A second call does nothing."""
        self._gate.close()
        await self._listener.stop()
        tasks, self._tasks = self._tasks, []
        if tasks:
            tasks[0].cancel()
            await asyncio.wait(tasks[:1])
            await self._keeper.stop()
            await self._rest()
            await self._post.drain(LAST_ROWS_S)
        for task in tasks[1:]:
            task.cancel()
        if tasks[1:]:
            await asyncio.wait(tasks[1:])

    async def _rest(self) -> None:
        """Return when what ran has learned that its engine is gone, and has left its row."""
        deadline_s = self._clock.monotonic_s() + LAST_ROWS_S
        while self._gate.desk.running and self._clock.monotonic_s() < deadline_s:
            await self._clock.sleep_s(0.01)

    async def check_health(self) -> None:
        """Serve asks this. Raises CortexError when a part of it has ended, so that the replica is replaced."""
        for task in self._tasks:
            if task.done():
                raise CortexError(f"a part of the cortex has ended: {task}")
        if self._tasks and not self._listener.serving:
            raise CortexError("the API of the cortex has stopped listening")

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))


class _Replica(Cortex):
    """The cortex as Serve makes it: a replica is ready when it listens."""

    async def __init__(self, settings: CortexSettings, place: Place) -> None:  # type: ignore[misc]  # Serve awaits it
        super().__init__(settings, place)
        await self.start()


def build(settings: CortexSettings, place: Place) -> Application:
    """Return the Serve app of the cortex, to be run under the name `cortex_app(environment)`."""
    asks: dict[str, object] = {"num_cpus": LITTLE_CPU}
    if settings.gpus:
        asks["num_gpus"] = settings.gpus
    if settings.resource:
        asks["resources"] = {settings.resource: 0.01}
    return replica(_Replica, "cortex", asks).bind(settings, place)


def _keeper(settings: CortexSettings, place: Place, clock: Clock) -> Keeper:
    if settings.engine == "url":
        assert settings.url is not None  # CortexSettings sees to it
        file = settings.url_key_file
        key = read_private(file).decode().strip() if file else ""
        return RemoteKeeper(settings.url, clock, key)
    return ChildKeeper(lambda: plan(settings), Path(place.state_dir) / "logs" / "cortex-engine.log", clock)


def _connect(place: Place) -> Any:  # noqa: ANN401  the ears' `Connect`
    async def connect() -> Bus:
        return await NatsBus.connect(place.nats_url, place.identity, place.password)

    return connect
