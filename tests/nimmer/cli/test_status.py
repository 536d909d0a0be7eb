from io import StringIO

import pytest
from rich.console import Console

from nimmer.cli.status import status_page
from tests.nimmer.cli.village_talk import status


def page(width: int) -> list[str]:
    console = Console(width=width, file=StringIO(), record=True, color_system=None)
    console.print(status_page(status(), None, width))
    return console.export_text().splitlines()


@pytest.mark.parametrize("width", [80, 100, 160])
def test_no_number_is_cut_off_however_narrow_the_terminal(width: int) -> None:
    lines = page(width)
    assert not any("…" in line for line in lines)
    row = next(line.split() for line in lines if "990/1000" in line)
    assert row[0] == "7"
    assert row[-1] == "collision_avoidance"
    assert ("4321" in row) == (width >= 100)


def test_losses_and_outages_are_spelled_out() -> None:
    text = " ".join(" ".join(page(160)).split())
    for words in (
        "3 dropped",
        "spooling since 12:00",
        "0 lost",
        "postgres away",
        "restarts 1",
        "2 behind the clock",
    ):
        assert words in text, words
