"""Cells read through a driver: what is there speaks, what is not there says so."""

import json

from nimmer.host.simulated_driver import SimulatedDriver
from nimmer.life.driven_cells import NO_ORGAN, ORGAN_CELLS, DrivenCells, NoHardware
from nimmer.life.senses import SPEECH_STT, VISION_DETECT

HEARD = {"word_count": 3.0, "no_speech": 0.1, "language": 1.0, "speaker_intent": 2.0}


def test_an_organ_that_is_not_there_makes_its_cell_not_operational_and_nothing_is_invented() -> None:
    cells = DrivenCells(ORGAN_CELLS, missing=NO_ORGAN)
    assert cells.read(NoHardware(), 0.0) == []
    assert cells.conditions() == dict.fromkeys(("speech_stt", "speech_tts", "vision_detect"), NO_ORGAN)
    cells.read(NoHardware(), 1.0)
    assert [cell.error_count for cell in cells.cells] == [1, 1, 1]


def test_an_organ_is_heard_as_soon_as_its_driver_reads_it() -> None:
    cells, organ = DrivenCells(ORGAN_CELLS), SimulatedDriver()
    organ.set("speech_stt", HEARD, 5.0)
    (wave,) = cells.read(organ, 5.5)
    assert (wave.cell, wave.confidence, wave.values) == (SPEECH_STT, 0.9, (3.0, 1.0, 2.0, 0.0))
    assert wave.cost == cells.cells[0].poll_cost
    assert cells.read(organ, 6.0) == []  # spoken of already
    assert cells.read(organ, 16.0) == []
    assert "no reading for more than 10 s" in cells.conditions()["speech_stt"]
    organ.set("vision_detect", {"object_count": 0.0}, 16.0)
    assert [one.cell for one in cells.read(organ, 16.0)] == [VISION_DETECT]


def test_driven_cells_go_on_after_a_restart() -> None:
    cells, other, organ = DrivenCells(ORGAN_CELLS), DrivenCells(ORGAN_CELLS), SimulatedDriver()
    organ.set("speech_stt", HEARD, 0.0)
    cells.read(organ, 0.0)
    other.restore(json.loads(json.dumps(cells.state())))
    assert other.state() == cells.state()
