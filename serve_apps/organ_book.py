"""Writes down every operation of an organ, whatever became of it: a row with the recorder and a count by outcome.

Source: docs/domain.md section 9 ("each operation writes a trail") and section 11.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from msgspec import Struct

from nimmer.bus.organ_messages import Payload
from nimmer.clock import Clock
from nimmer.errors import CardError, OrganBusyError
from serve_apps.organ_dispatch import Done
from serve_apps.row_post import RowPost

MOST_REASON = 1000


class Book:
    """The operations of one host."""

    def __init__(
        self,
        run: str,
        models: Mapping[str, str],
        post: RowPost,
        clock: Clock,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Write for `run` by `post`; `models` names the model of each organ."""
        self.outcomes: Counter[str] = Counter()
        self._run = run
        self._models = models
        self._post = post
        self._clock = clock
        self._entropy = entropy

    def open(self, organ: str, identity: str, priority: int, request: Struct) -> "Operation":
        """Return a new operation; it is written when it is left."""
        return Operation(
            self, self._entropy(16).hex(), organ, identity, priority, _noted(request), self._clock
        )

    def close(self, operation: "Operation") -> None:
        """Write `operation` down."""
        self.outcomes[operation.outcome] += 1
        self._post.put({"run": self._run, "model": self._models[operation.organ], **operation.row()})


class Operation:
    """One operation, as a context: leaving it writes it down, with the reason when it is left by an error."""

    def __init__(
        self, book: Book, name: str, organ: str, identity: str, priority: int, request: object, clock: Clock
    ) -> None:
        """Prefer `Book.open`."""
        self.name, self.organ, self.priority = name, organ, priority
        self.outcome = "refused"
        self._book = book
        self._identity = identity
        self._request = request
        self._clock = clock
        self._at = clock.unix_s()
        self._reason = ""
        self._done: Done | None = None
        self._result: Mapping[str, object] = {}

    def given(self) -> None:
        """Note that what was asked can be read: whatever goes wrong from now on is no refusal."""
        self.outcome = "failed"

    def done(self, done: Done, result: Mapping[str, object]) -> None:
        """Note what came of it."""
        self.outcome = "done"
        self._done = done
        self._result = result

    def row(self) -> dict[str, Any]:
        """Return its columns."""
        row: dict[str, Any] = {
            "operation": self.name,
            "at": self._at,
            "ended_at": self._clock.unix_s(),
            "identity": _storable(self._identity[:200]),
            "organ": self.organ,
            "priority": self.priority,
            "outcome": self.outcome,
            "request": self._request,
        }
        if self._reason:
            row["reason"] = self._reason
        if self._done is not None:
            done = self._done
            row |= {
                "card": done.card,
                "wait_ms": done.wait_ms,
                "load_ms": done.load_ms,
                "run_ms": done.run_ms,
            }
            row |= {"lifeforce": done.lifeforce, "result": _storable(self._result)}
        return row

    def __enter__(self) -> "Operation":
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, and write down what became of it."""
        if isinstance(error, asyncio.CancelledError):
            self.outcome, self._reason = "expired", "who asked has gone"
        elif error is not None:
            self._reason = str(_storable(str(error)[:MOST_REASON]))
            if isinstance(error, OrganBusyError):
                self.outcome = "expired"
            elif isinstance(error, CardError):
                self.outcome = "unavailable"
        self._book.close(self)


def _noted(request: Struct) -> object:
    """Return a request as JSON values, the bytes of a payload by their number."""

    def plain(value: object) -> object:
        if isinstance(value, Payload):
            return {"object": value.object, "path": value.path, "bytes": len(value.data)}
        return value

    return _storable({name: plain(getattr(request, name)) for name in request.__struct_fields__})


def _storable(value: object) -> object:
    """Return a JSON value without what PostgreSQL refuses in a text, NUL and halves of characters."""
    match value:
        case str():
            return value.replace("\0", "").encode(errors="replace").decode()
        case Mapping():
            return {key: _storable(one) for key, one in value.items()}
        case list():
            return [_storable(one) for one in value]
        case _:
            return value
