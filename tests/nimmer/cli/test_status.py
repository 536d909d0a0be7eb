from io import StringIO

import pytest
from rich.console import Console

from nimmer.bus.message import GovernorStatus
from nimmer.cli.status import governor_line, status_page
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


@pytest.mark.parametrize(
    ("governor", "line"),
    [
        (GovernorStatus("rule", 2, 0, "rule"), "rule, epoch 2, 0 proposals clamped"),
        (
            GovernorStatus("net", 7, 3, "net", weights="00ff", learns=True, steps=4, score=0.5),
            "net, epoch 7, 3 proposals clamped, score +0.50, net 00ff, 4 steps learned",
        ),
        (
            GovernorStatus("shadow", 7, 0, "rule", weights="00ff"),
            "shadow, rule decides, epoch 7, 0 proposals clamped, net 00ff",
        ),
        (
            GovernorStatus("net", 9, 0, "fallback", 3, 3, False, "its outputs are not finite"),
            "net, fallback decides, epoch 9, 0 proposals clamped, the net failed 3 times: its outputs are not "
            "finite; it is not asked again until `nimmer governor mode`",
        ),
        (GovernorStatus("off", 9, 0, "off"), "off, epoch 9, 0 proposals clamped"),
    ],
)
def test_it_says_who_governs_and_how_often_the_net_failed(governor: GovernorStatus, line: str) -> None:
    assert governor_line(governor).plain == line
