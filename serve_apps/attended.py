"""A response whose work ends when its client goes.

Starlette notices a client that left only where it streams; a whole answer would be worked out for nobody. Here the work
is a task beside an ear for the client's going, whichever ends first ends the other.
"""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

Work = Callable[[Send], Awaitable[None]]


class Attended(Response):
    """Calls `work(send)`, which sends the whole response itself; it is cancelled when the client leaves."""

    def __init__(self, work: Work) -> None:
        """Prepare."""
        super().__init__()
        self._work = work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Work until done or left."""
        work = asyncio.ensure_future(self._work(send))
        left = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait((work, left), return_when=asyncio.FIRST_COMPLETED)
        finally:
            left.cancel()
            work.cancel()  # of no effect when it is done
            await asyncio.wait((work, left))
        if not work.cancelled() and (error := work.exception()) is not None:
            raise error


async def _left(receive: Receive) -> None:
    """Return when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def start(status: int, headers: dict[str, str]) -> Message:
    """Return the message that begins a response."""
    lines = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": lines}


def body(content: bytes, more: bool = False) -> Message:
    """Return a piece of a response's body; `more` says that it is not the last."""
    return {"type": "http.response.body", "body": content, "more_body": more}
