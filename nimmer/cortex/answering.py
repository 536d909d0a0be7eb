"""From an answer to typed commands. What is said in it stays words; only what was suggested can be done.

    1. Not answered: nothing is done.
    2. The decision is one of the suggested actions, word for word: that one. Else the surest of them.
    3. A move was chosen for the node of the question. Who has gone on meanwhile moves toward its nearest unknown house
       from where it is now, or not at all.
    4. Talk: the asker talks, and so does everyone here who may ask the cortex, so that facts go both ways.
    5. What the answer commands besides follows, one per target; rights are checked later and for all alike.

Source: docs/domain.md section 7 (CognitiveResponse) and section 10; docs/decisions/0033.
"""

from typing import Literal, NamedTuple

from nimmer.bus.cortex_messages import CognitiveRequest, CognitiveResponse, CortexCommand
from nimmer.cortex.asker import Asker
from nimmer.cortex.choices import read, worded
from nimmer.life.action import MOVES, STAY, TALK, Action, Verb

MOST_COMMANDS = 8


class Decision(NamedTuple):
    """What the asker is to do, and who chose it: the answer, or the template where that named nothing suggested."""

    action: Action
    by: Literal["answer", "template"]


def decide(request: CognitiveRequest, response: CognitiveResponse) -> Decision | None:
    """Return what follows from an answer for who asked; None when it was not answered or nothing was suggested."""
    if response.outcome != "answered" or not request.suggested_actions:
        return None
    offered = {one.action for one in request.suggested_actions}
    chosen = read(response.decision) if response.decision in offered else None
    if chosen is not None:
        return Decision(chosen, "answer")
    surest = max(request.suggested_actions, key=lambda one: one.confidence)
    return Decision(read(surest.action) or STAY, "template")


def here_and_now(decision: Decision, then: Asker, now: Asker) -> Decision | None:
    """Return what `decision` comes to where the asker stands now; None when it means nothing there."""
    if decision.action.verb != Verb.MOVE or now.node == then.node:
        return decision
    return None if now.lead is None else decision._replace(action=MOVES[now.lead])


def commands(decision: Decision | None, response: CognitiveResponse, asker: Asker) -> list[CortexCommand]:
    """Return the commands of an answer, at most `MOST_COMMANDS`, one per target, none of them checked yet."""
    found: dict[str, CortexCommand] = {}
    if decision is not None:
        found[asker.name] = command(asker.npc, decision.action)
        if decision.action == TALK:
            for partner in asker.partners:
                if partner.permitted:
                    found[f"npc.{partner.npc}"] = command(partner.npc, TALK)
    if response.outcome == "answered":
        for more in response.downstream_commands:
            found.setdefault(more.target, more)
    return list(found.values())[:MOST_COMMANDS]


def command(npc: int, action: Action) -> CortexCommand:
    """Return the command that lets `npc` do `action`."""
    verb = worded(action).partition(" ")[0]
    return CortexCommand(f"npc.{npc}", verb, {"slot": action.slot} if action.verb == Verb.MOVE else {})
