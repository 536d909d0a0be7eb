"""Who holds the village back, as people read it: shared by `status`, `quiz` and `curriculum status`."""

from rich.text import Text

from nimmer.bus.message import HouseGap, Lag, Laggard
from nimmer.cli.palette import BRIGHT, DIM, OK, WARNING

_NAMED = 3
"""Houses named per NPC in a line."""
_FEW = 3
"""NPCs that are described one by one; where more lag alike, as in a fresh village, nothing is special about one."""


def lag_lines(lag: Lag, npcs: int, tick: int) -> list[Text]:
    """Return one line about all, and one for each of the few that know least, at world tick `tick`."""
    if not lag.lagging:
        return [Text(f"all {npcs} NPCs know every house", OK)]
    head = Text(f"{lag.complete} of {npcs} NPCs know every house; ", DIM)
    head.append("held back by " if lag.lagging == 1 else f"held back by {lag.lagging} alike, such as ", DIM)
    head.append(", ".join(f"NPC {one.npc_id}" for one in lag.laggards), f"bold {WARNING}")
    lines = [head]
    if lag.lagging <= _FEW:
        lines += [_line(one, tick) for one in lag.laggards]
    if lag.lagging > 1 and lag.hardest:
        house = lag.hardest[0]
        lines.append(
            Text(f"  most miss node {house.node} ({', '.join(house.traits)}): {house.npcs} NPCs", DIM)
        )
    return lines


def _line(one: Laggard, tick: int) -> Text:
    text = Text.assemble(
        (f"  NPC {one.npc_id}", BRIGHT), f" knows {one.coverage:.1%}, misses {one.missing}: "
    )
    text.append("; ".join(_house(gap) for gap in one.gaps[:_NAMED]))
    more = one.missing - min(len(one.gaps), _NAMED)
    text.append(f" and {more} more" if more else "")
    text.append(f"; last learned {max(tick - one.since_tick, 0)} world ticks ago", DIM)
    return text


def _house(gap: HouseGap) -> str:
    said = f"node {gap.node} ({', '.join(gap.traits)})"
    return f"{said}, believed {', '.join(gap.believed)}" if gap.believed else said
