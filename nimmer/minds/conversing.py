"""The ports of a spoken conversation: hearing, thinking and speaking, each a thing begun and asked for later.

None of them may wait: a nerve asks in every tick and goes on when the answer is there. A body without them talks
face to face in facts. Who stands behind a port (speech organs, the cortex) is the composition root's business.
Source: docs/domain.md section 5 (conversation), sections 9 and 10; ticks never block.
"""

from typing import Protocol


class Ears(Protocol):
    """Speech in."""

    def speech(self) -> bool:
        """Return whether somebody is speaking to this body now."""
        ...

    def transcribe(self) -> None:
        """Begin to write down what is being said."""
        ...

    def transcript(self) -> str | None:
        """Return what was said once it is written down, else None."""
        ...


class Thought(Protocol):
    """The cortex: text in, text out, in three steps that each take their time."""

    def understand(self, text: str) -> None:
        """Begin to make sense of `text`."""
        ...

    def retrieve(self) -> None:
        """Begin to look up what is known about it."""
        ...

    def respond(self) -> None:
        """Begin to find an answer."""
        ...

    def ready(self) -> bool:
        """Return whether the step begun last is done."""
        ...

    def answer(self) -> str:
        """Return the answer found; "" when there is none."""
        ...


class Voice(Protocol):
    """Speech out."""

    def say(self, text: str) -> None:
        """Begin to say `text`."""
        ...

    def spoken(self) -> bool:
        """Return whether it has been said."""
        ...
