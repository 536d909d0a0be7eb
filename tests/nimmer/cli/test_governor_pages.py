"""What a person reads of one epoch, and of what would have changed."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

from rich.console import Console, RenderableType

from nimmer.cli.governor_explained import as_plain, epoch_page, npc_page, score
from nimmer.cli.governor_report import changes, report_page

AT = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
RUN = "0123456789abcdef"


def row(npc: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401  of a row
    return {
        "run": RUN, "epoch": 12, "npc": npc, "at": AT, "mode": "net", "policy": "net", "weights": "00ff00ff00ff",
        "tick_hz": 12.5, "cpu_percent": 40.0, "nice": 3, "llm_priority": 5, "cortex_permission": False, "clamped": False,
        "gates": {"battery_gate": "force_open", "exploration_gate": "auto", "conversation_gate": "force_close"},
        "inputs": {"coverage": 0.2 + 0.2 * npc, "energy": 0.5}, "world": {"level": 0.33},
        "proposed": {"tick_hz": 19.0, "cpu_percent": 70.0, "nice": 0, "cortex_priority": 7, "cortex_permission": True},
        "corrections": [{"what": "tick_hz", "proposed": 19.0, "given": 12.5, "why": "more than 5 from the last epoch's 7.5"}],
        "reasons": {"coverage": [3.25, 12.5, 1.0], "energy": [0.0, -0.5, 0.0]}, "recommended": None,
        "outcome": {"coverage_gained": 0.25, "triggers_met": 4, "triggers_missed": 1, "lifeforce_gained": -2.0, "cpu_s": 1.5},
        "reward": 5.5, **more,
    }  # fmt: skip


def shown(page: RenderableType) -> str:
    console = Console(width=200, file=StringIO(), record=True, color_system=None)
    console.print(page)
    return console.export_text()


def test_an_epoch_shows_who_got_what_why_and_what_came_of_it() -> None:
    text = shown(epoch_page([row(0), row(1, reasons={}, corrections=[], gates={})]))
    for words in (
        "epoch 12  net 00ff00ff00ff",
        "score +5.500",
        "coverage +12.5  energy -0.5",
        "+battery -conversation",
        "tick_hz 19.0 → 12.5: more than 5 from the last epoch's 7.5",
        "+5.50 +25.0% known, 4 met, 1 missed, -2.0 LF, 1.5 s CPU",
        "alike",
        "unchanged",
    ):
        assert words in text, words
    assert "net in shadow" not in text


def test_an_epoch_that_lasts_has_no_score_yet() -> None:
    text = shown(epoch_page([row(0, outcome=None, reward=None)]))
    assert text.count("not over yet") == 2
    assert score([row(0, reward=None)]) is None


def test_in_shadow_the_nets_wish_stands_beside_what_the_rule_gave() -> None:
    wish = {"tick_hz": 20.0, "cpu_percent": 61.0, "nice": 0, "cortex_priority": 9, "cortex_permission": True, "reasons": {"energy": [0.0, 8.0, 0.0]}}  # fmt: skip
    rows = [row(0, mode="shadow", policy="rule", recommended=wish), row(1, mode="shadow", recommended=None)]
    assert "20.0 Hz  61.0 %" in shown(epoch_page(rows))
    detail = shown(npc_page(rows, 0))
    assert "net in shadow  20.00 Hz, 61.00 % of a core" in detail
    assert "+8.00" in detail


def test_one_npc_is_shown_with_every_feature_beside_the_village() -> None:
    text = shown(npc_page([row(0), row(1)], 1))
    for words in (
        "npc 1",
        "coverage 0.400   0.300 +3.25 +12.50   +1",
        "may not ask the cortex",
        "proposed",
    ):
        assert words in text, words


def test_a_row_of_an_older_release_is_shown_as_far_as_it_goes() -> None:
    old = row(0, policy=None, weights=None, inputs=None, world=None, proposed=None, corrections=None, reasons=None, outcome=None, reward=None, mode="rule")  # fmt: skip
    assert "not written down" in shown(epoch_page([old]))
    assert "npc 0" in shown(npc_page([old], 0))


def test_a_number_that_was_none_is_said_to_be_none() -> None:
    broken = row(
        0, corrections=[{"what": "tick_hz", "proposed": None, "given": 1.0, "why": "not a finite number"}]
    )
    assert "tick_hz not a number → 1.0" in shown(epoch_page([broken]))


def test_programs_get_an_epoch_with_its_rows() -> None:
    plain = as_plain([row(0), row(1)], 1)
    assert (plain["epoch"], plain["score"], plain["at"]) == (12, 5.5, "2026-11-24T12:00:00.000+00:00")
    found = plain["npcs"]
    assert isinstance(found, list)
    (only,) = found
    assert only["npc"] == 1
    assert "run" not in only


def test_the_report_sums_who_would_have_got_how_much_more_or_less() -> None:
    def wish(cpu: float, hz: float) -> dict[str, float]:
        return {"tick_hz": hz, "cpu_percent": cpu, "cortex_priority": 7}

    rows = [
        {"epoch": 1, "npc": 0, "tick_hz": 10.0, "cpu_percent": 50.0, "llm_priority": 5, "recommended": wish(60.0, 12.0)},
        {"epoch": 1, "npc": 1, "tick_hz": 10.0, "cpu_percent": 50.0, "llm_priority": 5, "recommended": wish(40.0, 8.0)},
        {"epoch": 2, "npc": 0, "tick_hz": 10.0, "cpu_percent": 50.0, "llm_priority": 5, "recommended": wish(70.0, 12.0)},
        {"epoch": 2, "npc": 1, "tick_hz": 10.0, "cpu_percent": 50.0, "llm_priority": 5, "recommended": wish(50.0, 8.0)},
    ]  # fmt: skip
    found = changes(RUN, rows)
    assert [(one["npc"], one["cpu_percent"], one["tick_hz"]) for one in found["npcs"]] == [
        (0, 15.0, 2.0),
        (1, -5.0, -2.0),
    ]
    assert [(one["epoch"], one["most_gained"], one["most_lost"]) for one in found["epochs"]] == [
        (1, 0, 1),
        (2, 0, 1),
    ]
    assert (found["moved_cpu_percent"], found["moved_tick_hz"]) == (10.0, 2.0)
    text = shown(report_page(found))
    assert "2 epochs in shadow, 1 to 2" in text
    assert "+15.0" in text
