"""How a body grows up: its marks, its reflexes and what keeps them, and what a night makes of a day.

Source: docs/domain.md sections 3.4 (a reflex achieved, +50 once), 5 (evolution) and 6 (slumber jobs, rubric).
"""

from collections.abc import Mapping
from typing import Any

from nimmer.life.behaviour import Lesson
from nimmer.life.nerve_run import Mode, RunEvent, RunOutcome
from nimmer.life.night import Slumbers, pattern_of
from nimmer.life.rubric import Rubric

KIND = "motor"
"""What kind of reflex a body's nerves make."""


class Growth:
    """One body's rubric, reflexes and slumbers."""

    __slots__ = ("_paid", "rubric", "slumbers")

    def __init__(self) -> None:
        """Begin as a newborn."""
        self.rubric = Rubric()
        self.slumbers = Slumbers()
        self._paid: set[int] = set()

    def note(self, lesson: Lesson) -> None:
        """Mark a run, remember it for the night, and keep the account of its reflex."""
        run = lesson.run
        for _ in run.states[1:]:
            self.rubric.mark("cell")
        succeeded = run.outcome == RunOutcome.SUCCESS
        if succeeded:
            self.rubric.mark("nerve")
        pattern = pattern_of(run.nerve, run.states)
        self.slumbers.note(pattern, succeeded, lesson.weight)
        accounts = self.slumbers.accounts
        if run.mode == Mode.REFLEX and run.acted_s:
            accounts.trigger(lesson.nerve)
        if run.event == RunEvent.COMPILED:
            self.slumbers.know(pattern)
            accounts.open(lesson.nerve, KIND)
        elif run.event == RunEvent.DEMOTED:
            self.slumbers.forget(pattern)
            accounts.close(lesson.nerve)

    def became_reflex(self, lesson: Lesson, gate_achieved: int) -> bool:
        """Return whether this lesson made a reflex that was not paid for: of the nerve, or of the gate that wakes it.

        Both are the same skill, so it is paid once.
        """
        achieved = lesson.run.event == RunEvent.COMPILED or gate_achieved > 0
        if not achieved or lesson.gate in self._paid:
            return False
        self._paid.add(lesson.gate)
        return True

    def sleep(self) -> tuple[str, ...]:
        """Put the day in order and return the names of the nerves whose reflexes could not pay their rent.

        What a night finds worth compiling is left to the nerves: they compile it at its hundredth success.
        """
        return self.slumbers.sleep().lapsed

    def state(self) -> dict[str, object]:
        """Return what must be remembered, as plain JSON values."""
        return {
            "rubric": self.rubric.state(),
            "slumbers": self.slumbers.state(),
            "paid": sorted(self._paid),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is no growth's."""
        self.rubric.restore(state["rubric"])
        self.slumbers.restore(state["slumbers"])
        self._paid = {int(gate) for gate in state["paid"]}
