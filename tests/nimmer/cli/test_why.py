"""How a person names a trail, and what he reads about it."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from nimmer.cli.why import TrailName, as_plain, nerves_table, trail_name, why_tree
from nimmer.errors import ConfigError
from nimmer.stores.inquiry import Explanation

AT = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
RUN = "0123456789abcdef"
TRAIL: dict[str, Any] = {
    "run": RUN, "npc": 7, "serial": 41, "nerve": 1, "nerve_name": "collision_avoidance", "mode": "deliberate",
    "outcome": "success", "event": 1, "gate_name": "collision_avoidance_gate", "gate": 0, "cause": 0, "matched": True, "tier": 4,
    "states_visited": ["DETECT", "EVADE"], "reads": [0, 99], "commands": [[1, 3]], "cost": 0.1, "reward": 0.05,
    "rubric": 1.3, "weight": 0.1, "weight_delta": 0.02, "tick": 205, "opened_tick": 200, "started_tick": 400,
    "ended_tick": 410, "started_at": AT, "acted_at": AT, "ended_at": AT, "latency_ms": 100.5,
}  # fmt: skip
OPENING = {
    "tick": 200, "from_state": 0, "to_state": 1, "state_value": 1.2, "correlation_score": 0.5, "weight": 0.1,
    "lifeforce_cost": 0.003, "node": 5, "at": AT,
}  # fmt: skip
WAVE = {
    "cell_name": "distance_left", "domain": "distance", "confidence": 0.9, "emitted_at": AT - timedelta(seconds=0.15),
    "semantic_content": {"direction": 1.0, "distance_cm": 15.0, "noise_level": 0.0},
}  # fmt: skip
STEP = {"tick": 203, "world_tick": 405, "at": AT, "node": 12, "verb": 1, "slot": 3, "nerve": 1, "nerve_state": 4,
        "rejection": 1, "reward": 0.0}  # fmt: skip


def shown(explanation: Explanation) -> str:
    console = Console(width=160, file=StringIO(), record=True, color_system=None)
    console.print(why_tree(explanation))
    return console.export_text()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("7/41", TrailName(None, 7, False, 41)),
        ("7@1203", TrailName(None, 7, True, 1203)),
        (f"{RUN}/0/1", TrailName(RUN, 0, False, 1)),
    ],
)
def test_a_trail_is_named_by_npc_and_serial_or_tick(text: str, name: TrailName) -> None:
    assert trail_name(text) == name


@pytest.mark.parametrize("text", ["", "7", "seven/1", "7/-1", "7/41/3", f"{RUN}/7", "7@", "\uff17/1"])
def test_what_names_no_trail_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(ConfigError, match="NPC/SERIAL"):
        trail_name(text)


def test_the_tree_leads_from_the_outcome_to_the_waves() -> None:
    text = shown(Explanation(TRAIL, [OPENING], [WAVE], [STEP]))
    for words in (
        "collision_avoidance (deliberate) success",
        "weight 0.10 → 0.12",
        "first act after 100.5 ms, tier 4",
        "compiled to a reflex",
        "by a stored pattern",
        "DETECT → EVADE",
        "tick 203: move 3 at node 12 (refused before:",
        "opened by correlation in tick 200",
        "distance_left sure 0.9  150 ms before  distance_cm 15, direction left, noise_level 0",
    ):
        assert words in text, words
    assert text.index("success") < text.index("DETECT") < text.index("woken by") < text.index("distance_left")


def test_a_deed_done_again_and_again_takes_one_line() -> None:
    rest = {**STEP, "verb": 0, "rejection": 0}
    text = shown(Explanation(TRAIL, [], [], [STEP, *({**rest, "tick": 204 + turn} for turn in range(28))]))
    assert "tick 203: move 3 at node 12" in text
    assert "ticks 204 to 231: stay at node 12, 28 times" in text


def test_what_is_not_there_is_said() -> None:
    text = shown(Explanation({**TRAIL, "states_visited": None, "latency_ms": None}, [], [], []))
    assert "it never claimed the motor" in text
    assert "its waves are not in the database (yet)" in text
    assert "first act" not in text


def test_a_program_gets_iso_times() -> None:
    plain = as_plain(Explanation(TRAIL, [OPENING], [WAVE], [STEP]))
    trail = plain["trail"]
    assert isinstance(trail, dict)
    assert trail["started_at"] == "2026-11-24T12:00:00.000+00:00"


def test_the_list_names_each_trail_as_why_takes_it() -> None:
    console = Console(width=160, file=StringIO(), record=True, color_system=None)
    console.print(nerves_table([TRAIL, {**TRAIL, "latency_ms": None, "outcome": "timeout"}]))
    text = console.export_text()
    assert text.count("7/41") == 2
    assert "timeout" in text
