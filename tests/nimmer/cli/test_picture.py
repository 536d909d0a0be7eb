import re
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from nimmer.cli.picture import LOWEST, NARROWEST, bar, picture
from nimmer.cli.view import Rate, Seen, View
from nimmer.cli.watch import as_svg
from tests.nimmer.cli.village_talk import RUN, aggregate, npc_state, transition, wire


def drawn(view: View, width: int = 100, height: int = 30, now_s: float = 10.0) -> list[str]:
    console = Console(width=width, height=height, file=StringIO(), record=True, color_system=None)
    console.print(picture(view, width, height, now_s))
    return console.export_text().rstrip("\n").split("\n")


def village(npcs: int = 25, rows: int = 5, columns: int = 5) -> View:
    view = View("dev", RUN)
    view.world = aggregate(rows, columns)
    for npc in range(npcs):
        view.npcs[npc] = Seen(npc_state(npc), 9.5, Rate(100, 9.9, last_s=9.5))
    view.waves["distance"] = Rate(4321, 75.0, last_s=9.9)
    for second in range(3):
        view.hear("dev.thalamus.gate.open", wire(transition()), float(second))
    return view


def test_a_village_of_25_fits_a_terminal_of_100_by_30() -> None:
    lines = drawn(village())
    assert len(lines) == 30
    assert {len(line) for line in lines} == {100}
    text = "\n".join(lines)
    assert f"nimmer · dev · run {RUN}" in lines[0]
    assert "level 1" in lines[1]
    assert "84%" in lines[1]
    assert "NPCs 25/25" in lines[1]
    assert "waves 75/s" in lines[1]
    assert "12 ≈" in text
    assert "●● " in text
    assert "●×6" in text  # noqa: RUF001  # the picture's times sign
    assert any(line.split()[1:4] == ["distance", "75", "4321"] for line in lines)
    assert "22:13:20 ·→+ npc.7.collision_avoidance" in text
    for npc in range(25):
        assert any(re.search(rf" {npc} +9\.9 ", line) for line in lines), npc


def test_gates_are_shown_as_minus_nothing_and_plus() -> None:
    assert any("+·−·" in line for line in drawn(village()))  # noqa: RUF001  # the picture's minus


def test_before_anything_is_heard_the_picture_says_so() -> None:
    text = "\n".join(drawn(View("prod", RUN)))
    assert "nothing heard of the world yet" in text
    assert "no NPC heard yet" in text


def test_an_npc_that_fell_silent_is_marked() -> None:
    lines = drawn(village(), now_s=60.0)
    assert sum("silent" in line for line in lines) == 25
    assert "NPCs 0/25" in lines[1]


def test_npcs_that_do_not_fit_are_counted() -> None:
    text = "\n".join(drawn(village(npcs=100)))
    assert "+76 more" in text


def test_refused_messages_are_shown() -> None:
    view = village()
    view.refused = 3
    assert "refused 3" in drawn(view, width=120)[1]


def test_a_map_too_large_is_pooled_into_blocks_that_keep_everyone() -> None:
    view = village(rows=50, columns=50)
    lines = drawn(view, 100, 30)
    assert len(lines) == 30
    assert lines[3][2:44].split()[:3] == ["6", "2", "·"]


def test_an_irregular_graph_is_shown_too() -> None:
    view = village()
    view.world = aggregate(0, 0).__class__(
        tick=1, level=2, coverage=0.1, energy=0.2, occupants=[1] * 13, known_share=[0.0] * 13, wells=[]
    )
    text = "\n".join(drawn(view))
    for node in range(13):
        assert f" {node} " in text


def test_a_terminal_too_small_is_told_so() -> None:
    assert "needs at least 80 x 16" in drawn(village(), 60, 20)[0]


@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(NARROWEST, 220),
    height=st.integers(LOWEST, 70),
    npcs=st.integers(0, 60),
    rows=st.integers(1, 60),
    columns=st.integers(1, 60),
)
def test_every_picture_fills_exactly_its_room(
    width: int, height: int, npcs: int, rows: int, columns: int
) -> None:
    lines = drawn(village(npcs, rows, columns), width, height)
    assert len(lines) == height
    assert {len(line) for line in lines} == {width}


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "    "), (0.5, "██  "), (1.0, "████"), (7.0, "████"), (0.28, "█▏  ")]
)
def test_a_bar_is_filled_to_its_share(share: float, text: str) -> None:
    assert bar(share, 4, "#FFFFFF").plain == text


def test_the_svg_loads_nothing_from_elsewhere() -> None:
    document = as_svg(village(), 10.0)
    assert document.startswith("<svg")
    assert "level" in document
    assert "url(http" not in document
    assert "@font-face" not in document
    assert "#6b8e6b" in document.lower()
