"""What an NPC could do about its question, and how sure it is of each: worked out in code, never by a model.

    1. talk   .9  somebody here knows a house it does not, or (.8) it knows one that somebody here does not
    2. look   .85 it does not know the house it stands at
    3. move   .4 + .3 of what it does not know yet, through the slot that leads to the nearest house it does not know
    4. move   .2  through another free slot, lowest first, where none leads there
    5. stay   .1  (.5 at a well while its energy is below a half)

An NPC may talk to company that may not ask the cortex; that one is only not told to answer (nimmer.cortex.rights).
Source: docs/domain.md sections 8 and 10; docs/decisions/0033.
"""

from nimmer.bus.cortex_messages import SuggestedAction
from nimmer.cortex.asker import Asker
from nimmer.life.action import LOOK, MOVES, STAY, TALK, Action, Verb

_WORDS: dict[str, Action] = {
    "stay": STAY,
    "look": LOOK,
    "talk": TALK,
    **{f"move {move.slot}": move for move in MOVES},
}
_POOR = 0.5


def worded(action: Action) -> str:
    """Return an action as it stands in suggestions and decisions, such as `move 2` or `talk`."""
    return f"move {action.slot}" if action.verb == Verb.MOVE else Verb(action.verb).name.lower()


def read(text: str) -> Action | None:
    """Return the action that `text` names, word for word; None for everything else."""
    return _WORDS.get(text)


def choices(asker: Asker) -> list[SuggestedAction]:
    """Return what `asker` could do, the surest first; never empty."""
    sure: dict[Action, float] = {STAY: _staying(asker)}
    if asker.partners:
        sure[TALK] = _talking(asker)
    if not asker.here_known:
        sure[LOOK] = 0.85
    if asker.lead is not None:
        sure[MOVES[asker.lead]] = round(0.4 + 0.3 * (1.0 - asker.coverage), 4)
    elif asker.free:
        sure[MOVES[asker.free[0]]] = 0.2
    found = sorted(sure.items(), key=lambda one: -one[1])
    return [SuggestedAction(worded(action), confidence) for action, confidence in found]


def _staying(asker: Asker) -> float:
    return 0.5 if asker.at_well and asker.energy < _POOR else 0.1


def _talking(asker: Asker) -> float:
    if asker.news:
        return 0.9
    return 0.8 if any(one.news and one.permitted for one in asker.partners) else 0.15
