"""What went wrong in a run, in a few lines: the bridge fills it from every incident, the status shows it.

Bounded whatever happens: the same thing happening again to the same entity is one line with a count, and all bad
messages together are one line, so that nobody can push the others out by sending garbage.
Source: docs/domain.md section 12, dashboards.
"""

from collections import OrderedDict
from dataclasses import dataclass

from nimmer.bus.message import Incident

LINES = 50
"""Different things remembered; the one that did not happen for longest is forgotten first."""
BAD_MESSAGE = "bad-message"


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of thing that happened to one entity: when last (ISO-8601), its reason then, how often."""

    at: str
    entity: str
    reason: str
    times: int


class Chronicle:
    """Incidents, the oldest first."""

    def __init__(self) -> None:
        """Know of nothing yet."""
        self._entries: OrderedDict[tuple[str, str], Entry] = OrderedDict()

    def note(self, at: str, incident: Incident) -> None:
        """Remember that `incident` happened at `at` (ISO-8601, UTC)."""
        key = (incident.kind, "" if incident.kind == BAD_MESSAGE else incident.entity)
        before = self._entries.pop(key, None)
        times = 1 if before is None else before.times + 1
        self._entries[key] = Entry(at, incident.entity, incident.reason, times)
        if len(self._entries) > LINES:
            self._entries.popitem(last=False)

    def lines(self) -> list[str]:
        """Return one line each: `12:00:01 npc.7: generation 1 died ... (2 times)`."""
        return [
            f"{one.at[11:19]} {one.entity}: {one.reason}" + (f" ({one.times} times)" if one.times > 1 else "")
            for one in self._entries.values()
        ]

    def state(self) -> list[list[str | int]]:
        """Return everything as plain JSON values."""
        return [
            [*key, one.at, one.entity, one.reason, one.times]
            for key, one in self._entries.items()
        ]  # fmt: skip

    def restore(self, state: list[list[str | int]]) -> None:
        """Take back what `state` returned. Raises ValueError or TypeError when it is no chronicle's."""
        self._entries.clear()
        for kind, whom, at, entity, reason, times in state[-LINES:]:
            self._entries[str(kind), str(whom)] = Entry(str(at), str(entity), str(reason), int(times))
