"""`nimmer curriculum status`: where the running village stands in its levels, and who holds it back."""

import asyncio

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from nimmer.bus.identities import GUEST
from nimmer.bus.message import CurriculumStatus, LevelChange, Status, StatusRequest
from nimmer.cli.console import emit_json, screen
from nimmer.cli.laggards import lag_lines
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.palette import BRIGHT, DIM, OK, WARNING
from nimmer.cli.picture import bar
from nimmer.cli.village import find_village
from nimmer.config import load
from nimmer.errors import HostError


def status(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show the running village's level, its next quiz, who holds it back on which houses, and how it came here.

    [dim]$[/dim] nimmer curriculum status

    [dim]$[/dim] nimmer curriculum status --json | jq '.lag.laggards[0]'
    """
    village = find_village(load(config=config).settings)
    answer = asyncio.run(village.ask(GUEST, "thalamus.status.request", StatusRequest(), Status))
    if answer.curriculum is None:
        raise HostError(
            "the garden does not answer now, it is being revived or has too much to do: ask again in a few seconds"
        )
    if as_json:
        emit_json(msgspec.to_builtins(answer.curriculum))
    else:
        screen().print(curriculum_page(answer.curriculum, len(answer.npcs)))


def curriculum_page(found: CurriculumStatus, npcs: int) -> RenderableType:
    """Return the page people read."""
    head = Text.assemble((f"level {found.level} of {found.levels}", f"bold {BRIGHT}"), f"  {found.name}  ")
    head.append_text(bar(found.coverage, 20, OK))
    head.append(f" {found.coverage:.1%} of {found.locations} houses by {npcs} NPCs")
    since = Text(f"since world tick {found.arrived_tick}, {found.tick - found.arrived_tick} ticks", DIM)
    since.append(f"; quizzes failed here {found.quizzes - found.passed}", DIM)
    since.append(f"; next at tick {found.next_tick}, or when everybody believes to know all", DIM)
    if found.passed:
        since = Text("passed; there is no level above", f"bold {OK}")
    lines: list[RenderableType] = [head, since]
    if found.demote_after and found.stalled:
        said = f"not grown for {found.stalled} quizzes; {found.demote_after} send the village down a level"
        lines.append(Text(said, WARNING))
    lines += lag_lines(found.lag, npcs, found.tick)
    return Group(*lines, *(_change(change) for change in found.changes))


def _change(change: LevelChange) -> Text:
    colour = OK if change.kind == "promotion" else WARNING
    text = Text.assemble(
        (f"tick {change.tick:>7}  ", DIM), (f"level {change.level_from} → {change.level_to}  ", colour)
    )
    return text.append(change.reason, DIM)
