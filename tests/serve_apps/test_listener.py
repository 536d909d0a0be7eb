"""A client that does not read, on the server that both apps use."""

import asyncio
import socket
from collections.abc import AsyncIterator

from fastapi import FastAPI
from starlette.types import Send

from nimmer.clock import SystemClock
from serve_apps.attended import Attended, body, start
from serve_apps.listener import Listener

CLOCK = SystemClock()
PIECE = b"x" * 65536


class Flood:
    """An answer without end, and what became of its work."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.pieces = 0

    async def answer(self, send: Send) -> None:
        try:
            await send(start(200, {"content-type": "text/plain"}))
            while True:
                await send(body(PIECE, more=True))
                self.pieces += 1
                await CLOCK.sleep_s(0.0)  # a server's send does not give way when the client is gone
        finally:
            self.ended.set()


async def flooding(flood: Flood, stalled_s: float, buffer: int = 1 << 16) -> AsyncIterator[socket.socket]:
    """A client of a server that floods it, with a receive buffer of so many bytes."""
    app = FastAPI()

    @app.get("/")
    async def root() -> Attended:
        return Attended(flood.answer)

    listener = Listener(app, "127.0.0.1", 0, "cortex.port", stalled_s)
    await listener.start()
    client = socket.socket()
    try:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.setblocking(False)
        port = int(listener.url.rsplit(":", 1)[1])
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, ("127.0.0.1", port))
        await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        yield client
    finally:
        client.close()
        await listener.stop()


async def test_a_client_that_stops_reading_is_cut_off_and_its_work_ends() -> None:
    flood = Flood()
    async for _ in flooding(flood, stalled_s=0.2, buffer=4096):
        async with asyncio.timeout(60.0):
            await flood.ended.wait()
    assert flood.pieces > 0


async def test_a_client_that_reads_goes_on_however_full_the_buffer_was() -> None:
    flood, read = Flood(), 0
    async for client in flooding(flood, stalled_s=30.0):
        while read < 20 * len(PIECE):
            read += len(await asyncio.get_running_loop().sock_recv(client, 1 << 20))
        assert not flood.ended.is_set()
