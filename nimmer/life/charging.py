"""What the charging nerve's table means: below 20 % a body seeks a well, walks there and drinks until restored.

Where a well is known the guide says the way. Where none is, SEARCH lets the brain go where it wants, and takes an
unknown way when the brain wants nowhere, until a well is met; a minute of that in vain is a timeout. On the way,
docking and drinking it holds on after its gate let go, for drinking is what makes the gate let go.
Source: docs/domain.md section 5 (charging; [R] 60 s search timeout -> MONITOR, -2).
"""

from typing import Any

from nimmer.life.action import MOVES, STAY, Action, Verb
from nimmer.life.nerve_run import RunOutcome
from nimmer.life.scene import Scene
from nimmer.life.vocabulary import Guard, Signature, Vocabulary, always, shifted
from nimmer.minds.pathfinder import BLOCKED_CM

LOW = 0.2
"""Energy below which there is demand."""
RESTORED = 0.9
"""Energy at which it leaves the well again."""
SEARCH_S = 60.0


class ChargingMemory:
    """When the present search began."""

    __slots__ = ("since_s",)

    def __init__(self) -> None:
        """Search nothing."""
        self.since_s = -1e18

    def begin(self, scene: Scene) -> None:
        """Start the minute."""
        self.since_s = scene.now_s

    def notice(self, scene: Scene) -> None:
        """Nothing to note: the guide remembers the wells."""

    def pause(self) -> None:
        """Nothing to forget."""

    def verdict(self, scene: Scene) -> RunOutcome:
        """Return success when the body is restored after all, else that the run was given up."""
        return RunOutcome.SUCCESS if scene.percept.energy >= RESTORED else RunOutcome.ABANDONED

    def state(self) -> dict[str, object]:
        """Return all of it, as plain JSON values."""
        return {"since_s": self.since_s}

    def restore(self, state: dict[str, Any], shift_s: float = 0.0) -> None:
        """Take back what `state` returned, times moved by `shift_s`. Raises KeyError or ValueError."""
        self.since_s = shifted(state["since_s"], shift_s)


def _low(scene: Scene, memory: ChargingMemory) -> bool:
    return scene.percept.energy < LOW


def _fed(scene: Scene, memory: ChargingMemory) -> bool:
    return scene.percept.energy >= LOW


def _well_known(scene: Scene, memory: ChargingMemory) -> bool:
    return bool(scene.percept.at_well) or bool(scene.guide.wells())


def _at_well(scene: Scene, memory: ChargingMemory) -> bool:
    return bool(scene.percept.at_well)


def _away(scene: Scene, memory: ChargingMemory) -> bool:
    return not scene.percept.at_well


def _overdue(scene: Scene, memory: ChargingMemory) -> bool:
    return scene.now_s - memory.since_s > SEARCH_S


def _restored(scene: Scene, memory: ChargingMemory) -> bool:
    return scene.percept.energy >= RESTORED


def _search(scene: Scene, memory: ChargingMemory) -> Action:
    """Go where the brain goes; where it goes nowhere, through a way whose house is unknown."""
    if scene.wish[0] in (Verb.MOVE, Verb.LOOK):
        return scene.wish
    percept = scene.percept
    for slot in range(percept.slots):
        if (
            percept.neighbour[slot] >= 0
            and not percept.neighbour_known[slot]
            and percept.distance_cm[slot] >= BLOCKED_CM
        ):
            return MOVES[slot]
    return scene.wish


def _approach(scene: Scene, memory: ChargingMemory) -> Action:
    """Take the next step to the nearest known well; where all ways are blocked, as in a search."""
    if scene.percept.at_well:
        return STAY
    step = scene.guide.toward(scene.percept, scene.guide.wells().__contains__)
    return _search(scene, memory) if step is None else step


def _stay(scene: Scene, memory: ChargingMemory) -> Action:
    return STAY


def _signature(scene: Scene, memory: ChargingMemory) -> Signature:
    percept = scene.percept
    return (percept.level, percept.node, len(scene.guide.wells()))


CHARGING = Vocabulary(
    name="charging",
    number=3,
    guards={
        "always": Guard(always),
        "low": Guard(_low, ("energy",)),
        "fed": Guard(_fed, ("energy",)),
        "well_known": Guard(_well_known, ("energy",)),
        "at_well": Guard(_at_well, ("energy",)),
        "away": Guard(_away, ("energy",)),
        "overdue": Guard(_overdue, ("energy",)),
        "restored": Guard(_restored, ("energy",)),
    },
    acts={"search": _search, "approach": _approach, "stay": _stay},
    memory=ChargingMemory,
    signature=_signature,
    turns=False,
)
