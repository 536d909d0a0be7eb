"""The cells that belong to no NPC: both versions of the math cell answer, and what was known is remembered."""

from actors.cells import CellsShell
from actors.charter import Charter
from nimmer.arena.memory import Arena
from nimmer.bus.message import MathRequest, WaveSignal
from tests.actors.conftest import told


async def test_a_request_names_the_version_or_gets_the_newest(charter: Charter, arena: Arena) -> None:
    shell = CellsShell(charter)
    found = [await shell.compute(MathRequest("add", [0.1, 0.2], cell=name)) for name in ("", "math/v1")]
    assert [(one.cell, one.result, one.confidence) for one in found] == [
        ("math/v2", 0.3, 0.7),
        ("math/v1", 0.1 + 0.2, 0.5),
    ]
    waves = [one for one in told(arena, "cells") if isinstance(one.body, WaveSignal)]
    assert [one.header.source.entity_id for one in waves] == ["cells.math/v2", "cells.math"]


async def test_a_version_that_is_not_there_is_refused_naming_those_that_are(
    charter: Charter, arena: Arena
) -> None:
    answer = await CellsShell(charter).compute(MathRequest("add", [1.0], cell="math/v9"))
    assert (answer.result, answer.cell) == (None, "")
    assert "there are math/v1, math/v2" in answer.reason


async def test_an_operation_that_only_a_later_version_has_is_refused_by_the_earlier(
    charter: Charter, arena: Arena
) -> None:
    shell = CellsShell(charter)
    newest = await shell.compute(MathRequest("median", [1.0, 2.0, 9.0]))
    oldest = await shell.compute(MathRequest("median", [1.0, 2.0, 9.0], cell="math/v1"))
    assert (newest.result, oldest.result, oldest.cell) == (2.0, None, "math/v1")
    assert "unknown operation 'median'" in oldest.reason


async def test_the_cells_go_on_where_their_predecessors_ended(charter: Charter, arena: Arena) -> None:
    first = CellsShell(charter)
    await first.compute(MathRequest("add", [1.0, 2.0]))
    await first.stop()
    second = CellsShell(charter)
    assert second._math.state() == first._math.state()
