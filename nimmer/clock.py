"""Time as an argument: the one module that may read or wait on the machine's clocks.

`monotonic_s` orders and measures, `unix_s` dates. Tests pass a `ManualClock` and advance it by hand.
"""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What the rest of nimmer knows of time; all values in seconds."""

    def monotonic_s(self) -> float:
        """Return a time that never goes backwards and is shared by all processes of one host."""
        ...

    def unix_s(self) -> float:
        """Return seconds since 1970-01-01 UTC."""
        ...

    def wait_s(self, duration_s: float) -> None:
        """Block this thread for `duration_s` (nothing when it is not positive)."""
        ...

    async def sleep_s(self, duration_s: float) -> None:
        """Yield to the event loop for `duration_s`."""
        ...


class SystemClock:
    """The wall clock of this machine."""

    monotonic_s = staticmethod(time.monotonic)
    unix_s = staticmethod(time.time)

    def wait_s(self, duration_s: float) -> None:
        """Block this thread for `duration_s` (nothing when it is not positive)."""
        if duration_s > 0:
            time.sleep(duration_s)

    async def sleep_s(self, duration_s: float) -> None:
        """Yield to the event loop for `duration_s`."""
        await asyncio.sleep(max(duration_s, 0.0))


class ManualClock:
    """A clock that stands still until it is advanced; waiting on it advances it."""

    def __init__(self, start_s: float = 0.0, unix_offset_s: float = 1_700_000_000.0) -> None:
        """Start at `start_s` monotonic; unix time is that plus `unix_offset_s`."""
        self._now_s = start_s
        self._unix_offset_s = unix_offset_s

    def advance(self, duration_s: float) -> None:
        """Let `duration_s` pass. Raises ValueError when time would go backwards."""
        if duration_s < 0:
            raise ValueError(f"time cannot go back by {-duration_s} s")
        self._now_s += duration_s

    def monotonic_s(self) -> float:
        """Return the time reached so far."""
        return self._now_s

    def unix_s(self) -> float:
        """Return the time reached so far as unix seconds."""
        return self._now_s + self._unix_offset_s

    def wait_s(self, duration_s: float) -> None:
        """Advance by `duration_s` at once."""
        self.advance(max(duration_s, 0.0))

    async def sleep_s(self, duration_s: float) -> None:
        """Advance by `duration_s` at once, letting other tasks run."""
        self.advance(max(duration_s, 0.0))
        await asyncio.sleep(0)
