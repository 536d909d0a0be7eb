"""What a server does about a client that has stopped reading: after a while its connection is aborted.

Else an answer to it would wait in the server's write buffer for ever and keep what it holds, such as a slot of the
cortex. An answer that is read, however slowly, goes on. Source: docs/cortex.md, "Faults".
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.auto import AutoHTTPProtocol

STALLED_S = 10.0
"""A client that took nothing out of a full buffer for so long is gone."""


class _Impatient(asyncio.Protocol):
    """What uvicorn's protocol does, and an end to waiting while writing is paused."""

    stalled_s = STALLED_S
    _writing: asyncio.WriteTransport
    _look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._writing = cast("asyncio.WriteTransport", transport)  # uvloop's is one, though no subclass
        super().connection_made(transport)

    def pause_writing(self) -> None:
        """The buffer is full: see whether it empties."""
        super().pause_writing()
        self._rest()
        self._watch()

    def resume_writing(self) -> None:
        """The buffer has emptied."""
        self._rest()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._rest()
        super().connection_lost(exc)

    def _watch(self) -> None:
        size = self._writing.get_write_buffer_size()
        self._look = asyncio.get_running_loop().call_later(self.stalled_s, self._judge, size)

    def _judge(self, before: int) -> None:
        """Abort the connection when nothing was read since the last look."""
        if self._writing.get_write_buffer_size() >= before:
            self._writing.abort()
        else:
            self._watch()

    def _rest(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None


def protocol(stalled_s: float = STALLED_S) -> type[asyncio.Protocol]:
    """Return uvicorn's HTTP protocol, which aborts the connection of a client that reads nothing for `stalled_s`."""
    return type("ImpatientProtocol", (_Impatient, AutoHTTPProtocol), {"stalled_s": stalled_s})
