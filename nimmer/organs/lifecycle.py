"""The life of one card: what it may become next.

Source: docs/domain.md section 9 (UNLOADED, LOADING, PROCESSING, REPORTING, WARM, after the idle timeout UNLOADED).
"""

from enum import Enum


class Lifecycle(Enum):
    """Where a card is. REPORTING: the model has answered, its answer is on its way and the trail is being written."""

    UNLOADED = "unloaded"
    LOADING = "loading"
    PROCESSING = "processing"
    REPORTING = "reporting"
    WARM = "warm"

    @property
    def successors(self) -> "frozenset[Lifecycle]":
        """Return the states that may follow. UNLOADED follows every other: a process can die at any time."""
        return _NEXT[self]


_NEXT = {
    Lifecycle.UNLOADED: frozenset({Lifecycle.LOADING}),
    Lifecycle.LOADING: frozenset({Lifecycle.WARM, Lifecycle.UNLOADED}),
    Lifecycle.WARM: frozenset({Lifecycle.PROCESSING, Lifecycle.UNLOADED}),
    Lifecycle.PROCESSING: frozenset({Lifecycle.REPORTING, Lifecycle.UNLOADED}),
    Lifecycle.REPORTING: frozenset({Lifecycle.WARM, Lifecycle.UNLOADED}),
}
