"""The running counts behind `BusCounts`, and the log lines that must not flood.

Source: docs/domain.md section 7 and docs/bus.md, "nothing is lost unseen".
"""

import logging
from dataclasses import dataclass

from nimmer.bus.bus import BusCounts, Violation

SUBJECTS_LOGGED = 256


@dataclass(slots=True)
class Tally:
    """Counts one bus keeps; fields as in `BusCounts`."""

    published: int = 0
    dropped: int = 0
    acked: int = 0
    ack_failures: int = 0
    reconnects: int = 0
    permission_violations: int = 0
    handler_errors: int = 0

    def read(self) -> BusCounts:
        """Return the counts as they are now."""
        return BusCounts(
            self.published,
            self.dropped,
            self.acked,
            self.ack_failures,
            self.reconnects,
            self.permission_violations,
            self.handler_errors,
        )


class Watchman:
    """Counts and reports what goes wrong on a bus: each kind of trouble with each subject is logged once."""

    def __init__(
        self, identity: str, tally: Tally, on_violation: Violation | None, log: logging.Logger
    ) -> None:
        """Report for `identity` into `tally` and `log`, and every violation to `on_violation`."""
        self._identity = identity
        self._tally = tally
        self._on_violation = on_violation
        self._log = log
        self._told: set[tuple[str, str]] = set()

    def violation(self, operation: str, subject: str) -> None:
        """Count that the broker refused `operation` (publish or subscribe) on `subject`."""
        self._tally.permission_violations += 1
        self._once(
            "violation " + operation, subject, "%s may not %s to %s", self._identity, operation, subject
        )
        if self._on_violation is not None:
            self._on_violation(operation, subject)

    def slow(self, subject: str) -> None:
        """Count a message dropped because the handlers of `subject` are too slow."""
        self._tally.dropped += 1
        self._once("slow", subject, "handlers of %s are too slow: messages are dropped and counted", subject)

    def handler_error(self, subject: str, error: Exception) -> None:
        """Count a handler's failure; the first on each subject is logged whole."""
        self._tally.handler_errors += 1
        if ("handler", subject) not in self._told:
            self._once("handler", subject, "the handler of %s failed: %r", subject, error, exc_info=error)

    def trouble(self, kind: str, text: str) -> None:
        """Log trouble with the broker itself, once until `calm` is called."""
        self._once(kind, "", "%s: %s", self._identity, text)

    def calm(self) -> None:
        """Trouble with the broker is over: log it anew when it comes back."""
        self._told = {told for told in self._told if told[1]}

    def _once(
        self, kind: str, subject: str, text: str, *arguments: object, exc_info: Exception | None = None
    ) -> None:
        if (kind, subject) in self._told or len(self._told) >= SUBJECTS_LOGGED:
            return
        self._told.add((kind, subject))
        self._log.warning(text, *arguments, exc_info=exc_info)
