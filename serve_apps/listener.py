"""An app's own HTTP server, in the loop of its replica: no proxy stands between a client and the app.

Source: docs/decisions/0032-the-engine-is-a-child.md (measured: .4 ms a request instead of 4.5 to 16 behind Serve's proxy).
"""

import asyncio
import contextlib
import socket

import uvicorn
from fastapi import FastAPI

from nimmer.errors import HostError
from nimmer.host.ports import taken
from serve_apps.unread import STALLED_S, protocol

BACKLOG = 512
DRAIN_S = 2


class Listener:
    """One server on one address."""

    def __init__(self, app: FastAPI, host: str, port: int, key: str, stalled_s: float = STALLED_S) -> None:
        """Serve `app` at host:port (0: any free one); `key` is the setting an error names.

        A client that reads nothing of its answer for `stalled_s` is cut off.
        """
        self._host, self._wanted, self._key = host, port, key
        config = uvicorn.Config(
            app,
            http=protocol(stalled_s),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=DRAIN_S,
            timeout_keep_alive=75,
            server_header=False,
            proxy_headers=False,
            ws="none",
        )
        self._server = uvicorn.Server(config)
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it listens, such as http://127.0.0.1:31000; "" when it does not."""
        if self._socket is None:
            return ""
        host, port = self._socket.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{port}"

    @property
    def serving(self) -> bool:
        """Whether it serves."""
        return self._task is not None and not self._task.done()

    async def start(self) -> None:
        """Listen. Raises HostError when the address is taken or is not this host's."""
        try:
            self._socket = self._bound()
        except OSError as error:
            if self._wanted and error.errno == 98:
                raise taken(self._key, self._wanted) from None
            raise HostError(
                f"{self._key}: {self._host}:{self._wanted} cannot be listened on: {error}"
            ) from None
        # `_serve`, not `serve`, which would take the signals of a process that is not the server's
        self._task = asyncio.get_running_loop().create_task(self._server._serve([self._socket]))  # noqa: SLF001

    def _bound(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        # asyncio switches off Nagle's delay, 40 ms an answer, only where the protocol is named
        found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind((self._host, self._wanted))
            found.listen(BACKLOG)
        except OSError:
            found.close()
            raise
        return found

    async def stop(self) -> None:
        """Serve no more; open requests get 2 s. A second call does nothing."""
        task, self._task = self._task, None
        if task is not None:
            self._server.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._socket is not None:
            self._socket.close()
            self._socket = None
