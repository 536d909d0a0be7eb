"""Iris: memories in a Chroma server, one collection per environment, spoken to by its HTTP API (version 2).

Chroma's own client would cost an actor 53 MB, waits without end and leaves its sockets open (1.5.9); five calls are all
that is needed. Vectors are made here, never by the server. Ids are `run/call`.
Source: docs/domain.md section 11 (iris collections); docs/boundary.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import msgspec

from nimmer.errors import StoreUnavailableError
from nimmer.stores.memories import Embed, Memory

BATCH = 256
"""Memories sent at once."""
_ROOT = "/api/v2/tenants/default_tenant/databases/default_database/collections"
_ENCODE = msgspec.json.Encoder().encode


def collection_name(environment: str) -> str:
    """Return the collection of an environment."""
    return f"{environment}-answers"


class Iris:
    """Memories at one Chroma server. Connects when it is first used, and anew after a failure."""

    def __init__(self, url: str, environment: str, embed: Embed, within_s: float = 2.0) -> None:
        """Use the server at `url`, such as http://127.0.0.1:8000; `within_s` is the longest one call may take."""
        self._url = url.rstrip("/")
        self._name = collection_name(environment)
        self._embed = embed
        self._within_s = within_s
        self._session: aiohttp.ClientSession | None = None
        self._collection = ""

    async def remember(self, memories: Sequence[Memory]) -> None:
        """See `Memories.remember`."""
        for start in range(0, len(memories), BATCH):
            part = memories[start : start + BATCH]
            values = {
                "ids": [f"{one.run}/{one.call}" for one in part],
                "embeddings": self._embed([one.text for one in part]),
                "documents": [one.text for one in part],
                "metadatas": [{"run": one.run, "npc": one.npc, "world_tick": one.world_tick} for one in part],
            }
            await self._call("POST", "upsert", values)

    async def recall(self, run: str, npc: int, about: str, most: int) -> list[str]:
        """See `Memories.recall`."""
        if most <= 0:
            return []
        values = {
            "query_embeddings": self._embed([about]),
            "n_results": most,
            "where": {"$and": [{"run": run}, {"npc": npc}]},
            "include": ["documents"],
        }
        found = await self._call("POST", "query", values)
        return [str(text) for text in found["documents"][0]]

    async def count(self) -> int:
        """See `Memories.count`."""
        return int(await self._call("GET", "count"))

    async def clear(self) -> None:
        """See `Memories.clear`."""
        await self._call("GET", "count")  # makes the collection where there is none
        await self._send("DELETE", f"{_ROOT}/{self._name}")
        self._collection = ""

    async def close(self) -> None:
        """See `Memories.close`."""
        session, self._session, self._collection = self._session, None, ""
        if session is not None:
            await session.close()

    async def _call(self, method: str, what: str, values: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401  JSON
        if not self._collection:
            wanted = {
                "name": self._name,
                "get_or_create": True,
                "configuration": {"hnsw": {"space": "cosine"}},
            }
            self._collection = str((await self._send("POST", _ROOT, wanted))["id"])
        return await self._send(method, f"{_ROOT}/{self._collection}/{what}", values)

    async def _send(self, method: str, path: str, values: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401  JSON
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._within_s),
                headers={"Content-Type": "application/json"},
                trust_env=False,
            )
        body = None if values is None else _ENCODE(values)
        try:
            async with self._session.request(method, self._url + path, data=body) as response:
                told = await response.read()
                if response.status >= 300:
                    raise ValueError(f"status {response.status}: {told[:200].decode(errors='replace')}")
                return msgspec.json.decode(told)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            self._collection = ""  # the server may have been replaced by an empty one
            raise StoreUnavailableError(
                f"iris at {self._url} does not answer: {type(error).__name__}: {error}"[:500]
            ) from error
