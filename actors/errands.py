"""Errands: what ears, thought and voice have others do while a nerve goes on asking whether it is done.

The ports of a conversation (nimmer/minds/conversing.py) never wait. Each errand is one task, started once; it has a
result, or a reason why not. Source: docs/domain.md section 5; docs/conversation.md.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar

from nimmer.bus.organ_messages import Payload, Speech, Transcript

T = TypeVar("T")


class Errand(Generic[T]):
    """One thing that is being done. Must be begun in an event loop."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        """Do nothing yet. now_s: the time, monotonic s."""
        self._now_s = now_s
        self._task: asyncio.Task[T] | None = None
        self._begun_s = self._ended_s = 0.0

    def begin(self, work: Coroutine[Any, Any, T]) -> None:
        """Start `work`."""
        self._begun_s = self._now_s()
        self._task = asyncio.get_running_loop().create_task(work)
        self._task.add_done_callback(self._end)

    def _end(self, _task: object) -> None:
        self._ended_s = self._now_s()

    @property
    def took_ms(self) -> float:
        """Return how long it took, 0 while it is not done."""
        return max(self._ended_s - self._begun_s, 0.0) * 1e3 if self._ended_s else 0.0

    @property
    def result(self) -> T | None:
        """Return what came of it, None while it is under way or when it failed."""
        task = self._task
        if task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return None
        return task.result()

    @property
    def failure(self) -> str:
        """Return why it failed, empty when it has not."""
        task = self._task
        if task is None or not task.done() or task.cancelled():
            return ""
        error = task.exception()
        if error is None:
            return ""
        cause = getattr(error, "cause", None) or error  # Ray wraps what a replica raised into its traceback
        return str(cause) or type(cause).__name__

    async def drop(self) -> None:
        """Let go of it; what is under way is cancelled."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


class OrganEars:
    """Ears: a sound that the speech organ writes down, or words that came by keyboard."""

    def __init__(
        self, text: str, hear: Callable[[], Awaitable[Transcript]] | None, now_s: Callable[[], float]
    ) -> None:
        """Hold what is said: `text`, or what `hear` will bring."""
        self._text = text
        self._hear = hear
        self.errand: Errand[Transcript] = Errand(now_s)

    def speech(self) -> bool:
        """Return True: somebody speaks, else there would be no conversation."""
        return True

    def transcribe(self) -> None:
        """Begin to write it down."""
        if self._hear is not None:
            self.errand.begin(_awaited(self._hear))

    def transcript(self) -> str | None:
        """Return what was said, None while it is not known."""
        if self._hear is None:
            return self._text
        found = self.errand.result
        return None if found is None else found.text


class CortexThought:
    """Thought: memories are looked up, then the cortex answers."""

    def __init__(
        self,
        recall: Callable[[str], Awaitable[list[str]]],
        answer: Callable[[str, list[str]], Awaitable[str]],
        now_s: Callable[[], float],
    ) -> None:
        """Think by `recall` (of what was said) and `answer` (to it, given memories)."""
        self._recall = recall
        self._answer = answer
        self._heard = ""
        self._begun: Errand[Any] | None = None
        self.memories: Errand[list[str]] = Errand(now_s)
        self.errand: Errand[str] = Errand(now_s)

    def understand(self, text: str) -> None:
        """Take what was said; there is nothing to wait for."""
        self._heard = text

    def retrieve(self) -> None:
        """Begin to look up what is remembered about it."""
        self._begun = self.memories
        self.memories.begin(_awaited(lambda: self._recall(self._heard)))

    def respond(self) -> None:
        """Begin to find an answer."""
        self._begun = self.errand
        heard, memories = self._heard, self.memories.result or []
        self.errand.begin(_awaited(lambda: self._answer(heard, memories)))

    def ready(self) -> bool:
        """Return whether the step begun last is done; a memory that could not be looked up is done without."""
        if self._begun is self.memories:
            return self.memories.result is not None or bool(self.memories.failure)
        return self._begun is None or self.errand.result is not None

    def answer(self) -> str:
        """Return the answer found."""
        return self.errand.result or ""


class OrganVoice:
    """A voice: the speech organ speaks, or nobody wants to hear it."""

    def __init__(self, speak: Callable[[str], Awaitable[Speech]] | None, now_s: Callable[[], float]) -> None:
        """Speak by `speak`; without it an answer is spoken as soon as it is found."""
        self._speak = speak
        self.errand: Errand[Speech] = Errand(now_s)

    def say(self, text: str) -> None:
        """Begin to speak."""
        if self._speak is not None:
            speak = self._speak
            self.errand.begin(_awaited(lambda: speak(text)))

    def spoken(self) -> bool:
        """Return whether it has been spoken."""
        return self._speak is None or self.errand.result is not None

    @property
    def audio(self) -> Payload | None:
        """Return where the sound is."""
        found = self.errand.result
        return None if found is None else found.audio


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
