import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nimmer.errors import HostError
from policies.evaluation import Trial
from policies.score_files import draw, write_curves, write_table
from policies.score_text import Setting, cells, columns, document, markdown
from policies.scorecard import Resampling, score

SETTING = Setting(level=1, nodes=25, npcs=25, seeds=40, most_ticks=500)


def trial(name: str, ticks: list[int], *, embodied: bool = False) -> Trial:
    count = np.array(ticks, np.int64)
    nothing = np.full(count.size, np.nan)
    curve = np.linspace(0, 1, 6, dtype=np.float32)
    return Trial(
        name, embodied, count, np.ones(count.size, np.bool_), count / 10, nothing, nothing,
        np.tile(curve, (count.size, 1)),
    )  # fmt: skip


FAST = [20 + seed % 5 for seed in range(40)]
SLOW = [2 * ticks for ticks in FAST]


def test_a_mean_lies_in_its_interval_which_shrinks_with_more_seeds() -> None:
    widths = []
    for times in (1, 16):
        values = np.tile(np.arange(10.0), times)
        found = Resampling(values.size).mean(values)
        assert found.value == pytest.approx(4.5)
        assert found.low < 4.5 < found.high
        widths.append(found.high - found.low)
    assert widths[1] == pytest.approx(widths[0] / 4, rel=0.15)


def test_the_interval_is_that_of_the_normal_law_for_many_seeds() -> None:
    values = np.random.Generator(np.random.PCG64(1)).normal(size=500)
    found = Resampling(500).mean(values)
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(500), rel=0.06)


def test_ratios_are_of_pairs_so_that_what_seeds_share_does_not_widen_them() -> None:
    rows = score([trial("explorer", FAST), trial("ours", SLOW)], np.full(40, 10))
    ratio = rows[1].against["explorer"]
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((2, 2, 2))
    assert rows[1].against["bound"].value == pytest.approx(np.mean(SLOW) / 10)


def test_bodies_are_compared_with_bodies_over_their_fewer_seeds() -> None:
    rows = score(
        [
            trial("explorer", FAST),
            trial("explorer", SLOW[:5], embodied=True),
            trial("ours", FAST[:5], embodied=True),
        ],
        np.full(40, 10),
    )
    assert [row.seeds for row in rows] == [40, 5, 5]
    assert rows[2].against["explorer"].value == pytest.approx(0.5)
    assert "random" not in rows[2].against


def test_the_table_is_the_same_for_people_pages_and_programs() -> None:
    rows = score([trial("explorer", FAST), trial("ours", SLOW)], np.full(40, 10))
    assert columns(rows)[-2:] == ["x explorer", "x bound"]
    assert cells(rows[1], rows)[:6] == ["ours", "brain", "40", "100%", "44.0 (43.1-44.9)", "44"]
    lines = markdown(rows).splitlines()
    assert len(lines) == 4
    assert len({line.count("|") for line in lines}) == 1
    found = json.loads(json.dumps(document(SETTING, rows), allow_nan=False))
    assert found["scores"][1]["against"]["explorer"]["value"] == pytest.approx(2)
    assert found["scores"][1]["lifeforce"]["value"] is None


def test_table_and_curves_are_written_and_read_again(tmp_path: Path) -> None:
    trials = [trial("explorer", FAST), trial("ours", SLOW)]
    write_table(tmp_path / "t.csv", SETTING, score(trials, np.full(40, 10)))
    write_curves(tmp_path / "c.csv", SETTING, trials)
    table = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    assert [row["brain"] for row in table] == ["explorer", "ours"]
    assert float(table[1]["ticks_to_explorer_high"]) == pytest.approx(2)
    assert table[0]["lifeforce"] == ""
    curves = list(csv.DictReader((tmp_path / "c.csv").read_text().splitlines()))
    assert len(curves) == 2 * 6
    assert float(curves[5]["coverage_low"]) == 1


def test_curves_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    trials = [trial("ours", FAST), replace(trial("ours", FAST), embodied=True)]
    draw(tmp_path / "img" / "c.png", SETTING, trials, 27.0)
    assert (tmp_path / "img" / "c.png").read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HostError, match="cannot be written"):
        write_table(tmp_path / "file" / "t.csv", SETTING, [])
