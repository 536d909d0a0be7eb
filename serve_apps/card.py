"""One card: a process with one slot, in which one organ's model is loaded, run and unloaded.

It decides nothing; the residency in the organs' app does. The replica is kept while models come and go, because
starting a process costs seconds and loading a model here does not. Source: docs/domain.md section 9;
docs/decisions/0034.
"""

import asyncio
import contextlib
import ctypes
import gc
import os
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from ray.exceptions import RayError, RayTaskError
from ray.serve import Application
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle

from nimmer.clock import Clock, SystemClock
from nimmer.engines.organ_model import Job, OrganModel, Result
from nimmer.errors import CardError, CardLostError, OrganError
from serve_apps.replica import LITTLE_CPU, replica

T = TypeVar("T")
NO_ROOM = ("out of memory", "failed to allocate", "bad_alloc", "std::bad_alloc")
"""How libraries say that memory ran out."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a card holds: the organ whose model is loaded or being loaded ("" for none), and its process."""

    organ: str
    pid: int


LINGER_S = 1.0
"""How long an emptied card keeps its memory: a model that comes at once loads faster into it."""


class CardPort(Protocol):
    """A card, in this process or another. Each method may raise CardLostError: its process has ended."""

    async def load(self, organ: str) -> float:
        """Load the model of `organ`, instead of any other; return the ms it took.

        Raises CardError saying why it cannot be.
        """
        ...

    async def run(self, organ: str, job: Job) -> tuple[Result, float]:
        """Run a job on the loaded model; return what came of it and the ms it took.

        Raises OrganError when it cannot be done, CardLostError when the card holds another model.
        """
        ...

    async def unload(self) -> None:
        """Become empty."""
        ...

    async def held(self) -> Held:
        """Return what it holds."""
        ...

    async def end(self) -> None:
        """End its process, because a model hangs in it; another is started in its place."""
        ...


class Card:
    """The slot. What is asked at the same time is done one after another, and what is begun is done to its end.

    A thread that works on a model cannot be stopped: were the slot free again when a caller leaves, two models would
    meet in it.
    """

    def __init__(self, models: Mapping[str, OrganModel], memory_mb: int, clock: Clock | None = None) -> None:
        """Begin empty.

        Args:
            models: the model of each organ, none of them loaded.
            memory_mb: what the card has; a model that needs more is refused.
            clock: for measuring; the wall clock when None.
        """
        self._models = dict(models)
        self._memory_mb = memory_mb
        self._clock = clock or SystemClock()
        self._slot = ""
        self._arriving = ""
        self._lock = asyncio.Lock()
        self._works: set[asyncio.Task[Any]] = set()

    async def load(self, organ: str) -> float:
        """See `CardPort.load`. What the card holds otherwise, nobody who decides knows of any more: it goes."""
        return await self._to_its_end(self._load(organ))

    async def run(self, organ: str, job: Job) -> tuple[Result, float]:
        """See `CardPort.run`."""
        return await self._to_its_end(self._run(organ, job))

    async def unload(self) -> None:
        """See `CardPort.unload`."""
        await self._to_its_end(self._unload())

    async def held(self) -> Held:
        """See `CardPort.held`; answers while a model is loaded or run."""
        return Held(self._arriving or self._slot, os.getpid())

    async def _to_its_end(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.shield(self._begin(work))

    def _begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._works.add(task)
        task.add_done_callback(self._works.discard)
        return task

    async def _load(self, organ: str) -> float:
        async with self._lock:
            begun_s = self._clock.monotonic_s()
            if self._slot == organ:
                return 0.0
            model = self._models[organ]
            check_fits(organ, model, self._memory_mb)
            await self._emptied()
            self._arriving = organ
            try:
                await asyncio.to_thread(_guarded, organ, model)
                self._slot = organ
            finally:
                self._arriving = ""
            return (self._clock.monotonic_s() - begun_s) * 1e3

    async def _run(self, organ: str, job: Job) -> tuple[Result, float]:
        async with self._lock:
            if self._slot != organ:
                raise CardLostError(
                    f"the card holds {self._slot or 'nothing'}, not the model of {organ}: it was revived"
                )
            begun_s = self._clock.monotonic_s()
            result = await asyncio.to_thread(self._models[organ].run, job)
            return result, (self._clock.monotonic_s() - begun_s) * 1e3

    async def _unload(self) -> None:
        async with self._lock:
            await self._emptied()
        self._begin(self._give_back())

    async def _emptied(self) -> None:
        if self._slot:
            await asyncio.to_thread(self._models[self._slot].unload)
            self._slot = ""

    async def _give_back(self) -> None:
        """Give the memory back to the system, unless another model came for it meanwhile."""
        await self._clock.sleep_s(LINGER_S)
        async with self._lock:
            if not self._slot:
                await asyncio.to_thread(_trim)

    async def end(self) -> None:
        """See `CardPort.end`."""
        os._exit(1)


def check_fits(organ: str, model: OrganModel, memory_mb: int) -> None:
    """Raise CardError when the model's weights are missing or need more than `memory_mb`, which a card has."""
    needed = model.memory_mb
    if needed > memory_mb:
        raise CardError(
            f"out of memory: {organ} ({model.name}) needs {needed} MB and a card has {memory_mb} MB;"
            " raise organs.card_memory_mb or use a smaller model"
        )


def _guarded(organ: str, model: OrganModel) -> None:
    """Load; what memory errors there are become a CardError, and nothing half-loaded stays."""
    try:
        model.load()
    except CardError:
        model.unload()
        raise
    except (MemoryError, RuntimeError) as error:
        model.unload()
        said = str(error).lower()
        if isinstance(error, MemoryError) or any(word in said for word in NO_ROOM):
            raise CardError(
                f"out of memory while loading {organ} ({model.name}): use a smaller model or a larger card"
            ) from None
        raise CardError(f"{organ} ({model.name}) cannot be loaded: {error}") from None


def _trim() -> None:
    """Have glibc give back what it would keep: of the ear 192 MB, so 60 MB stay."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class RemoteCard:
    """A card in a replica of its own, by its Serve handle."""

    def __init__(self, handle: DeploymentHandle[Any]) -> None:
        """Reach the card behind `handle`."""
        self._handle = handle

    async def load(self, organ: str) -> float:
        """See `CardPort.load`."""
        took_ms: float = await _reached(self._handle.load.remote(organ))
        return took_ms

    async def run(self, organ: str, job: Job) -> tuple[Result, float]:
        """See `CardPort.run`."""
        done: tuple[Result, float] = await _reached(self._handle.run.remote(organ, job))
        return done

    async def unload(self) -> None:
        """See `CardPort.unload`."""
        await _reached(self._handle.unload.remote())

    async def held(self) -> Held:
        """See `CardPort.held`."""
        held: Held = await _reached(self._handle.held.remote())
        return held

    async def end(self) -> None:
        """See `CardPort.end`."""
        with contextlib.suppress(OrganError):
            await _reached(self._handle.end.remote())


async def _reached(answer: object) -> Any:  # noqa: ANN401  # what the card returned, whatever it is
    """Await a card's answer; whatever Ray raises for a process that ended or cannot be reached becomes a CardLostError."""
    try:
        return await answer  # type: ignore[misc]  # Serve's responses are awaitable and untyped
    except RayTaskError as error:
        if isinstance(error.cause, OrganError):
            raise error.cause from None
        raise OrganError(f"the card failed: {type(error.cause).__name__}: {error.cause}"[:500]) from None
    except RayError as error:  # killed for its memory, its node gone: many kinds, one meaning
        raise CardLostError(
            f"the card's process ended while it was in use ({type(error).__name__})"
        ) from None
    except RayServeException as error:
        raise CardLostError(f"the card cannot be reached: {error}") from None
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise CardLostError("the card's replica was stopped while it was in use") from None


def bind(
    number: int, models: Mapping[str, OrganModel], memory_mb: int, gpu: bool, resource: str | None
) -> Application:
    """Return card `number` as a Serve deployment of one replica.

    Args:
        number: from 0.
        models: the model of each organ.
        memory_mb: what the card has.
        gpu: it asks Ray for one GPU.
        resource: custom Ray resource it asks for as well, `_number` appended; None for none.
    """
    # a card of a host that gives away no CPUs is placed by what it asks for instead
    asks: dict[str, object] = {"num_cpus": 0 if gpu or resource else LITTLE_CPU}
    if gpu:
        asks["num_gpus"] = 1
    if resource:
        asks["resources"] = {f"{resource}_{number}": 0.01}
    return replica(Card, f"card-{number}", asks, health_s=1.0).bind(models, memory_mb)
