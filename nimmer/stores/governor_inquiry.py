"""Asks the database what the governor decided, why, what came of it, and what a net in shadow would have given.

Read only, one connection per question, as the role `watch` may. Source: docs/governor.md; docs/stores.md.
"""

from nimmer.errors import StoreError
from nimmer.stores.inquiry import Inquiry, Row


class GovernorInquiry(Inquiry):
    """Questions about the governor. Every method raises StoreUnavailableError when no server answers."""

    def newest_epoch(self, run: str | None) -> tuple[str, int]:
        """Return run and number of the epoch decided last, in `run` where given. Raises StoreError when none was."""
        found = self._ask("newest_governor_epoch", {"run": run})
        if not found:
            where = f"in run {run}" if run else "yet"
            raise StoreError(
                f"the governor has decided nothing {where}: an epoch must pass, and `governor.mode` must not be off"
            )
        return str(found[0]["run"]), int(found[0]["epoch"])

    def epoch(self, run: str, epoch: int) -> list[Row]:
        """Return the rows of one epoch, by NPC. Raises StoreError when there are none."""
        found = self._ask("governor_epoch", {"run": run, "epoch": epoch})
        if not found:
            _, newest = self.newest_epoch(run)
            raise StoreError(f"run {run} has no decisions of epoch {epoch}; its newest are of epoch {newest}")
        return found

    def recommendations(self, run: str, epochs: int) -> list[Row]:
        """Return what a net in shadow recommended beside what was given, of the newest `epochs`, oldest first.

        Raises StoreError when no net was in shadow in `run`.
        """
        found = self._ask("governor_recommendations", {"run": run, "limit": epochs})
        if not found:
            raise StoreError(
                f"no net has recommended anything in run {run}: `nimmer governor mode shadow`, then wait an epoch"
            )
        return found
