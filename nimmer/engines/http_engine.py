"""An engine behind an OpenAI-compatible URL: the one importer of aiohttp's client for engines.

Leaving a call closes its connection, and llama.cpp and vLLM both end the work of a connection that is gone.
Source: docs/decisions/0032-the-engine-is-a-child.md.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import aiohttp
import msgspec
from aiohttp.http_exceptions import HttpProcessingError

from nimmer.errors import EngineError, EngineRefusedError

MOST_EVENT_BYTES = 1 << 20
"""The longest server-sent event that is still one."""
MOST_ANSWER_BYTES = 16 << 20
KEPT_S = 2.0
"""How long an idle connection is kept; llama.cpp and vLLM close theirs after 5 s."""
_BROKEN = (aiohttp.ClientError, HttpProcessingError, OSError)
"""What a connection may end with; TimeoutError is an OSError too, and is told apart."""
_ENCODE = msgspec.json.Encoder().encode


class HttpEngine:
    """One OpenAI-compatible server; the port is `nimmer.engines.engine.Engine`."""

    def __init__(self, base: Callable[[], str], key: str = "", health: str = "") -> None:
        """Speak to the server at `base()`, such as http://127.0.0.1:8000/v1, asked anew for each call.

        Args:
            base: where it is now; a restarted engine may have another port.
            key: its API key, "" for none.
            health: URL path beside /v1 that answers 200 when it is ready; "" asks for /v1/models.
        """
        self._base = base
        self._health = health
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._open: aiohttp.ClientSession | None = None

    async def complete(self, body: Mapping[str, Any], within_s: float) -> bytes:
        """Return the JSON of the whole completion. Raises as `Engine.complete` does."""
        async with asyncio.timeout(within_s):
            try:
                async with await self._post(body) as response:
                    return await _whole(response)
            except _BROKEN as error:
                if isinstance(error, TimeoutError):
                    raise
                raise _gone(error) from None

    async def stream(self, body: Mapping[str, Any], within_s: float) -> AsyncIterator[bytes]:
        """Yield each event's data. Raises as `Engine.stream` does."""
        deadline_s = asyncio.get_running_loop().time() + within_s
        try:
            async with asyncio.timeout_at(deadline_s):
                response = await self._post({**body, "stream": True})
            async with response:
                while True:
                    # not around the yield: a timeout there would cancel whoever reads us
                    async with asyncio.timeout_at(deadline_s):
                        line = await response.content.readline()
                    if not line:
                        raise EngineError("the engine's stream ended in the middle")
                    if line.startswith(b"data:"):
                        data = line[5:].strip()
                        if data == b"[DONE]":
                            return
                        yield data
        except _BROKEN as error:
            if isinstance(error, TimeoutError):
                raise
            raise _gone(error) from None

    async def healthy(self, within_s: float) -> bool:
        """Return whether the engine answers 200 within `within_s`."""
        base = self._base()
        url = base.removesuffix("/v1") + self._health if self._health else base + "/models"
        try:
            async with asyncio.timeout(within_s), self._session().get(url) as response:
                return response.status == 200
        except _BROKEN:
            return False

    async def close(self) -> None:
        """Let go of connections."""
        session, self._open = self._open, None
        if session is not None:
            await session.close()

    async def _post(self, body: Mapping[str, Any]) -> aiohttp.ClientResponse:
        """Return the response once its head is here and says 200."""
        content = _ENCODE(body)
        try:
            response = await self._send(content)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            # a kept connection that the engine closed as we wrote: nothing was answered, so asking again is safe
            response = await self._send(content)
        if response.status == 200:
            return response
        async with response:
            text = (await response.content.read(8192)).decode(errors="replace")
        told = _told(text)
        if 400 <= response.status < 500 and response.status not in (401, 403, 429):
            raise EngineRefusedError(told)
        raise EngineError(f"the engine answered with status {response.status}: {told}")

    async def _send(self, content: bytes) -> aiohttp.ClientResponse:
        return await self._session().post(
            f"{self._base()}/chat/completions", data=content, headers={"Content-Type": "application/json"}
        )

    def _session(self) -> aiohttp.ClientSession:
        """Return the session; it belongs to the loop that first asks for one."""
        if self._open is None:
            self._open = aiohttp.ClientSession(
                headers=self._headers,
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_S),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=5.0),
                read_bufsize=MOST_EVENT_BYTES,
                trust_env=False,
            )
        return self._open


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    if (response.content_length or 0) > MOST_ANSWER_BYTES:
        raise EngineError(f"the engine's answer has {response.content_length} bytes")
    return await response.read()


def _told(text: str) -> str:
    """Return the message in an OpenAI error body, or the text itself, cut."""
    try:
        found = msgspec.json.decode(text)
        error = found.get("error", found)
        return str(error.get("message", error))[:500]
    except (msgspec.DecodeError, AttributeError):
        return text[:500]


def _gone(error: Exception) -> EngineError:
    return EngineError(f"the engine went away ({type(error).__name__}: {error})"[:500])
