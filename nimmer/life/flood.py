"""A flood gate before the gates: no source may send more than its share, and the others do not notice.

Every source has a bucket of `burst` waves that fills with `rate` waves a second; a wave that finds its bucket empty
is refused before anything is computed for it. The sources told apart are bounded: the one that has been silent
longest makes room, once its bucket is full again and forgetting it gives nothing away.
"""

from collections import OrderedDict
from collections.abc import Mapping
from math import inf
from typing import Any

RATE_HZ = 200.0
"""Ten cells at the fastest tick, twenty times a second."""
BURST = 400.0
MOST_SOURCES = 512


class Flood:
    """A token bucket per source. Times are the hearer's, in s."""

    __slots__ = ("_sources", "admitted", "burst", "most", "rate_hz", "refused", "unknown")

    def __init__(self, rate_hz: float = RATE_HZ, burst: float = BURST, most: int = MOST_SOURCES) -> None:
        """Admit `rate_hz` waves per second of each of `most` sources, and `burst` at once.

        Raises ValueError, naming the number, when one of them admits nothing.
        """
        for name, value in (("rate_hz", rate_hz), ("burst", burst), ("most", most)):
            if not 0.0 < value < inf:
                raise ValueError(f"{name} is {value}; it must be above 0")
        self.rate_hz = rate_hz
        self.burst = max(burst, 1.0)
        self.most = most
        self._sources: OrderedDict[str, list[float]] = OrderedDict()
        self.admitted = self.refused = self.unknown = 0
        """Waves of all sources, forgotten ones too; unknown: refused since no more sources are told apart."""

    def admit(self, source: str, now_s: float) -> bool:
        """Return whether a wave of `source` is within its share, and count it either way."""
        bucket = self._sources.get(source)
        if bucket is None:
            if not self._room(now_s):
                self.unknown += 1
                self.refused += 1
                return False
            bucket = self._sources[source] = [self.burst, now_s, 0, 0]
        elif now_s > bucket[1]:
            bucket[0] = min(bucket[0] + (now_s - bucket[1]) * self.rate_hz, self.burst)
            bucket[1] = now_s
            self._sources.move_to_end(source)
        if bucket[0] < 1.0:
            bucket[3] += 1
            self.refused += 1
            return False
        bucket[0] -= 1.0
        bucket[2] += 1
        self.admitted += 1
        return True

    def _room(self, now_s: float) -> bool:
        """Make room for one more source and return whether there is; only the longest silent one can go."""
        if len(self._sources) < self.most:
            return True
        oldest = next(iter(self._sources))
        tokens, then_s, *_ = self._sources[oldest]
        if tokens + (now_s - then_s) * self.rate_hz < self.burst:
            return False
        del self._sources[oldest]
        return True

    def counts(self, source: str) -> tuple[int, int]:
        """Return how many waves of `source` were admitted and refused, (0, 0) for one that is not remembered."""
        bucket = self._sources.get(source)
        return (int(bucket[2]), int(bucket[3])) if bucket else (0, 0)

    def loudest(self, most: int = 8) -> dict[str, int]:
        """Return up to `most` sources of which waves were refused, with how many, most first."""
        found = sorted(((int(one[3]), name) for name, one in self._sources.items() if one[3]), reverse=True)
        return {name: count for count, name in found[:most]}

    def __len__(self) -> int:
        """Return how many sources are told apart."""
        return len(self._sources)

    def state(self) -> dict[str, object]:
        """Return buckets and counts as plain JSON values."""
        return {
            "counts": [self.admitted, self.refused, self.unknown],
            "sources": [[name, *bucket] for name, bucket in self._sources.items()],
        }

    def restore(self, state: Mapping[str, Any], shift_s: float = 0.0) -> None:
        """Take back what `state` returned, times shifted by `shift_s`.

        Raises KeyError, TypeError or ValueError when it is no such state.
        """
        admitted, refused, unknown = map(int, state["counts"])
        sources: OrderedDict[str, list[float]] = OrderedDict()
        for name, tokens, then_s, good, bad in state["sources"]:
            sources[str(name)] = [float(tokens), float(then_s) + shift_s, int(good), int(bad)]
        self.admitted, self.refused, self.unknown = admitted, refused, unknown
        self._sources = sources
