"""The picture of a curriculum run, and what it reads."""

from pathlib import Path

import pytest

from nimmer.errors import ConfigError, NimmerError
from policies.curriculum_plot import plot_coverage, read_stretches

RECORD = """tick,level,npc_0,npc_1
0,1,0,0
10,1,1,0.5
20,1,1,1
20,2,0,0
30,2,0.5,0.2
30,1,0,0
40,1,1,0.9
"""


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "coverage.csv"
    path.write_text(RECORD)
    return path


def test_each_stay_on_a_level_is_a_stretch_of_its_own(record: Path) -> None:
    stretches = read_stretches(record)
    assert [(one.level, one.ticks.tolist()) for one in stretches] == [
        (1, [0, 10, 20]),
        (2, [20, 30]),
        (1, [30, 40]),
    ]
    assert stretches[0].coverage[1].tolist() == [1.0, 0.5]


def test_the_slowest_is_who_was_last_to_know_all_or_knows_least(record: Path) -> None:
    assert [one.slowest for one in read_stretches(record)] == [1, 1, 1]


def test_it_is_drawn(record: Path, tmp_path: Path) -> None:
    plot_coverage(record, tmp_path / "p.png", "two NPCs", {1: "boxy houses"})
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(NimmerError, match="cannot be written"):
        plot_coverage(record, tmp_path / "no" / "p.png", "two NPCs", {})


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "tick,level,npc_0\n", "tick,level,npc_0\n1,1,x\n"])
def test_what_is_no_record_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text(content)
    with pytest.raises(ConfigError, match="no record of a curriculum run"):
        read_stretches(path)
