"""The cells that belong to no NPC: both versions of the math cell answer, and what was known is remembered."""

from dataclasses import replace

from actors.afferent import Afferent, Said
from actors.cells import CellsShell
from actors.charter import Charter
from nimmer.arena.memory import Arena
from nimmer.bus.message import MathRequest, WaveSignal
from nimmer.host.simulated_driver import SimulatedDriver
from nimmer.life.driven_cells import NO_ORGAN
from tests.actors.conftest import told


class Alone(CellsShell):
    """The shell where there is no thalamus."""

    def __init__(self, charter: Charter) -> None:
        super().__init__(charter)
        self.sent: list[Said] = []
        self._afferent = Afferent(self, charter.thalamus_shards, self._keep)

    async def _keep(self, shard: int, batch: list[Said]) -> None:
        self.sent += batch


async def test_a_request_names_the_version_or_gets_the_newest(charter: Charter, arena: Arena) -> None:
    shell = Alone(charter)
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
    answer = await Alone(charter).compute(MathRequest("add", [1.0], cell="math/v9"))
    assert (answer.result, answer.cell) == (None, "")
    assert "there are math/v1, math/v2" in answer.reason


async def test_an_operation_that_only_a_later_version_has_is_refused_by_the_earlier(
    charter: Charter, arena: Arena
) -> None:
    shell = Alone(charter)
    newest = await shell.compute(MathRequest("median", [1.0, 2.0, 9.0]))
    oldest = await shell.compute(MathRequest("median", [1.0, 2.0, 9.0], cell="math/v1"))
    assert (newest.result, oldest.result, oldest.cell) == (2.0, None, "math/v1")
    assert "unknown operation 'median'" in oldest.reason


async def test_the_cells_go_on_where_their_predecessors_ended(charter: Charter, arena: Arena) -> None:
    first = Alone(charter)
    await first.compute(MathRequest("add", [1.0, 2.0]))
    await first.stop()
    second = Alone(charter)
    assert second._math.state() == first._math.state()


async def test_organs_that_are_not_there_say_so_and_are_heard_once_they_are(
    charter: Charter, arena: Arena
) -> None:
    shell = Alone(charter)
    organ = SimulatedDriver()
    shell.look(shell.clock.monotonic_s())
    assert (await shell.status())["cells"]["speech_stt"] == NO_ORGAN
    organ.set("speech_stt", {"word_count": 2.0, "no_speech": 0.2}, shell.clock.monotonic_s())
    shell._organ_driver = organ
    shell.look(shell.clock.monotonic_s())
    said = [one.header.source.entity_id for one in told(arena, "cells") if isinstance(one.body, WaveSignal)]
    assert "organs.here.speech_stt" in said
    assert (await shell.status())["cells"]["vision_detect"] == NO_ORGAN


def test_where_there_are_organs_their_app_holds_their_cells(charter: Charter, arena: Arena) -> None:
    shell = Alone(replace(charter, organs_enabled=True))
    assert shell._organs.conditions() == {}
