"""The whole state of the village as arrays: W worlds of N NPCs, so that one step serves one world or thousands.

A `Village` is a value: nothing changes one in place, a step returns the next. What an action log or a snapshot
keeps of it, and what a digest covers, is exactly the canonical fields.
Source: docs/domain.md section 8 (world server: sole authority, snapshots).
"""

import hashlib
import struct
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nimmer.errors import WorldError
from nimmer.world.level import Level

_MAGIC = b"NIMVILL1"
_HEAD = struct.Struct("<8sIIII")
_DIGEST_BYTES = 16
NO_VERB = 255
"""`last_verb` of an NPC that did nothing in the last tick."""

_CANONICAL: tuple[tuple[str, str], ...] = (
    ("node", "<i4"),
    ("heading", "<i1"),
    ("energy", "<f4"),
    ("rested", "u1"),
    ("last_verb", "u1"),
    ("last_slot", "<i1"),
    ("rejection", "u1"),
    ("reward", "<f4"),
    ("bumps", "<u4"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Village:
    """The state of W worlds with N NPCs each, all on one level. Arrays are `(W, N)` unless said otherwise.

    level: number of the level; tick: `(W,)` int64, world ticks since birth; node: int32; heading: int8, slot of
    the last accepted move, -1 before the first; energy: float32, 0..1; rested: uint8, ticks since the last accepted
    move, at most 255; last_verb, last_slot: what was asked for in the last tick (`NO_VERB`: nothing); rejection:
    uint8, the answer to the last asked action, kept until the next; reward: float32, since the NPC's last action;
    bumps: uint32, refused actions so far; knowledge: `(W, N, nodes)` uint64, believed trait mask, 0 = unknown.

    Derived from `knowledge`: bits `(W, N, words)` uint64, bit i set where node i is known; facts int32, how many are.
    """

    level: int
    tick: NDArray[np.int64]
    node: NDArray[np.int32]
    heading: NDArray[np.int8]
    energy: NDArray[np.float32]
    rested: NDArray[np.uint8]
    last_verb: NDArray[np.uint8]
    last_slot: NDArray[np.int8]
    rejection: NDArray[np.uint8]
    reward: NDArray[np.float32]
    bumps: NDArray[np.uint32]
    knowledge: NDArray[np.uint64]
    bits: NDArray[np.uint64]
    facts: NDArray[np.int32]

    @property
    def worlds(self) -> int:
        """Return W."""
        return int(self.node.shape[0])

    @property
    def npcs(self) -> int:
        """Return N."""
        return int(self.node.shape[1])

    @property
    def nodes(self) -> int:
        """Return how many nodes the level has."""
        return int(self.knowledge.shape[2])

    def world(self, index: int) -> "Village":
        """Return one of the worlds as a village of its own (W = 1), sharing memory."""
        part = slice(index, index + 1)
        parts: dict[str, Any] = {name: getattr(self, name)[part] for name in _ARRAYS}
        return replace(self, **parts)

    def with_worlds(self, which: NDArray[np.bool_], fresh: "Village") -> "Village":
        """Return this village with the worlds flagged in `which` `(W,)` taken from `fresh`, in order."""
        merged: dict[str, Any] = {}
        for name in _ARRAYS:
            array = getattr(self, name).copy()
            array[which] = getattr(fresh, name)
            merged[name] = array
        return replace(self, **merged)

    def digest(self, world: int = 0) -> bytes:
        """Return 16 bytes over the canonical state of one world; equal states have equal digests."""
        found = hashlib.blake2b(digest_size=_DIGEST_BYTES)
        found.update(_HEAD.pack(_MAGIC, self.level, 1, self.npcs, self.nodes))
        found.update(int(self.tick[world]).to_bytes(8, "little", signed=True))
        for name, dtype in _CANONICAL:
            found.update(getattr(self, name)[world].astype(dtype, copy=False).data)
        found.update(self.knowledge[world].astype("<u8", copy=False).data)
        return found.digest()

    def to_bytes(self) -> bytes:
        """Return all worlds as versioned bytes with a checksum, for snapshots."""
        parts = [_HEAD.pack(_MAGIC, self.level, self.worlds, self.npcs, self.nodes)]
        parts.append(self.tick.astype("<i8", copy=False).tobytes())
        parts += [getattr(self, name).astype(dtype, copy=False).tobytes() for name, dtype in _CANONICAL]
        parts.append(self.knowledge.astype("<u8", copy=False).tobytes())
        body = b"".join(parts)
        return body + hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()

    @staticmethod
    def from_bytes(data: bytes) -> "Village":
        """Return the village `to_bytes` made `data` of. Raises WorldError when the bytes are torn or foreign."""
        if len(data) < _HEAD.size + _DIGEST_BYTES or data[:8] != _MAGIC:
            raise WorldError(
                f"{len(data)} bytes are no village of this version (they must begin with {_MAGIC!r})"
            )
        body, checksum = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
        if hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest() != checksum:
            raise WorldError("a village's bytes are corrupt: the checksum differs; use an older snapshot")
        _, level, worlds, npcs, nodes = _HEAD.unpack_from(body)
        offset = _HEAD.size
        found: dict[str, NDArray[Any]] = {}
        shapes: list[tuple[str, str, tuple[int, ...]]] = [("tick", "<i8", (worlds,))]
        shapes += [(name, dtype, (worlds, npcs)) for name, dtype in _CANONICAL]
        shapes.append(("knowledge", "<u8", (worlds, npcs, nodes)))
        for name, dtype, shape in shapes:
            count = int(np.prod(shape))
            array = np.frombuffer(body, dtype=dtype, count=count, offset=offset).reshape(shape)
            offset += array.nbytes
            found[name] = array.astype(array.dtype.newbyteorder("="))
        knowledge = found["knowledge"]
        return Village(level, **found, bits=pack_bits(knowledge), facts=count_facts(knowledge))


_ARRAYS = ("tick", *(name for name, _ in _CANONICAL), "knowledge", "bits", "facts")


def newborn(level: Level, node: NDArray[np.int32], tick: NDArray[np.int64] | None = None) -> Village:
    """Return a village of `(W, N)` NPCs on `node`, full of energy, knowing nothing, at `tick` (zeros if not given)."""
    shape = node.shape
    words = -(-level.nodes // 64)
    return Village(
        level=level.number,
        tick=np.zeros(shape[0], np.int64) if tick is None else tick.astype(np.int64),
        node=node.astype(np.int32),
        heading=np.full(shape, -1, np.int8),
        energy=np.ones(shape, np.float32),
        rested=np.full(shape, 255, np.uint8),
        last_verb=np.full(shape, NO_VERB, np.uint8),
        last_slot=np.full(shape, -1, np.int8),
        rejection=np.zeros(shape, np.uint8),
        reward=np.zeros(shape, np.float32),
        bumps=np.zeros(shape, np.uint32),
        knowledge=np.zeros((*shape, level.nodes), np.uint64),
        bits=np.zeros((*shape, words), np.uint64),
        facts=np.zeros(shape, np.int32),
    )


def pack_bits(knowledge: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return `(W, N, words)` uint64 for knowledge `(W, N, nodes)`: bit i % 64 of word i // 64 says node i is known."""
    worlds, npcs, nodes = knowledge.shape
    words = -(-nodes // 64)
    room = np.zeros((worlds, npcs, words * 8), np.uint8)
    packed = np.packbits(knowledge != 0, axis=2, bitorder="little")
    room[:, :, : packed.shape[2]] = packed
    return room.view("<u8").astype(np.uint64, copy=False)


def count_facts(knowledge: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Return `(W, N)` int32: how many nodes each NPC knows."""
    return np.asarray(np.count_nonzero(knowledge, axis=2), dtype=np.int32)
