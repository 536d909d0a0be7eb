"""One card as the residency remembers it: what is on it, where it is in its life, and what it has done."""

from dataclasses import dataclass

from nimmer.organs.lifecycle import Lifecycle


@dataclass(slots=True)
class CardRecord:
    """What is known of one card.

    model: on it or being loaded; operation: in flight; promised: the model it is to hold next, whose line is longer;
    leaving: its model is being unloaded; used_s: when it last finished something.
    """

    number: int
    state: Lifecycle = Lifecycle.UNLOADED
    model: str = ""
    operation: str = ""
    promised: str = ""
    leaving: bool = False
    used_s: float = 0.0
    loads: int = 0
    evictions: int = 0
    operations: int = 0
    failures: int = 0
    last_error: str = ""

    def become(self, state: Lifecycle) -> None:
        """Go to `state`. Raises ValueError when it is not a successor."""
        if state not in self.state.successors:
            raise ValueError(f"card {self.number} cannot go from {self.state.value} to {state.value}")
        self.state = state

    def empty(self) -> None:
        """Hold nothing, whatever was."""
        self.become(Lifecycle.UNLOADED)
        self.model = self.operation = ""
        self.leaving = False

    @property
    def resting(self) -> bool:
        """Whether its model is there, does nothing and stays."""
        return self.state is Lifecycle.WARM and not self.leaving
