"""The nervous system of a living village: nerves, trails, ledger, the virtual garden, devices, the thalamus."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nimmer.bus.identities import GUEST
from tests.village.nats_by_hand import HandClient
from tests.village.raised import Raised, until

pytestmark = pytest.mark.village
ESP32 = Path(__file__).parents[2] / "scripts" / "examples" / "esp32.py"


def device(village: Raised, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the example device against the village, as docs/cells.md shows it."""
    told = village.json("bus", "credentials", "--identity", "device")
    return subprocess.run(
        [sys.executable, str(ESP32), "--url", told["url"], *options],
        env={**os.environ, "DEVICE_PASSWORD": told["password"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_what_a_nerve_did_is_walked_back_to_the_waves_that_woke_it(village: Raised) -> None:
    def learned() -> list[dict[str, Any]]:
        rows = village.json("trails", "nerves", "--limit", "200")
        return [row for row in rows if row["outcome"] == "success"]

    row = until(learned, 60.0, "a nerve has succeeded")[-1]
    why = village.json("trails", "why", row["trail"])
    assert why["trail"]["outcome"] == "success"
    assert why["openings"][-1]["to_state"] == 1
    assert why["waves"]
    assert all(wave["semantic_content"] for wave in why["waves"])
    weight = why["trail"]["weight"]
    assert weight + why["trail"]["weight_delta"] == pytest.approx(min(weight + 0.02, 1.0))
    short = f"{row['npc']}/{row['serial']}"
    page = village.nimmer("trails", "why", short).stdout
    assert row["nerve_name"] in page
    assert "woken by" in page
    by_tick = village.json("trails", "why", f"{row['npc']}@{why['trail']['tick']}")
    assert by_tick["trail"]["npc"] == row["npc"]


def test_no_transition_lacks_its_trigger_waves(village: Raised) -> None:
    query = (
        "select count(*), count(*) filter (where jsonb_array_length(trigger_signals) = 0) "
        "from gate_transitions where run = %s"
    )
    total, without = village.rows(query, village.status().run)[0]
    assert total > 0
    assert without == 0


def balances(village: Raised) -> None:
    """Check that the ledger comes to the level of every beat that was closed, to the last unit."""
    run = village.status().run
    counted = "select count(distinct entity) from lifeforce_balance where run = %s"
    until(lambda: village.rows(counted, run)[0][0] == 9, 60.0, "everybody has closed a beat")
    wrong = "select * from lifeforce_balance where run = %s and level_micro is distinct from ledger_micro"
    until(lambda: not village.rows(wrong, run), 10.0, "every level is the sum of its ledger")


def test_lifeforce_balances_against_the_ledger(village: Raised) -> None:
    balances(village)


def test_every_outcome_is_told_to_the_virtual_garden(village: Raised) -> None:
    told = village.json("bus", "credentials", "--identity", GUEST)
    with HandClient(told["url"], told["user"], told["password"]) as guest:
        guest.subscribe("dev.thalamus.outcomes.feedback")
        body = guest.hear().json()["body"]
    assert body["outcome"] in ("confirmed", "failed", "partial")
    assert body["gate_id"].startswith("npc.")


def test_the_virtual_garden_follows_and_obeys(village: Raised) -> None:
    def rehearsed() -> dict[str, Any] | None:
        found: dict[str, Any] = village.json("virtual", "status")
        return found if found["rehearsals"] > 1 else None

    following = until(rehearsed, 60.0, "two rehearsals")
    assert following is not None
    assert following["mode"] == "following"
    assert following["bodies"] == 9
    assert "free" in village.nimmer("virtual", "speed", "100").stdout
    free = until(
        lambda: village.json("virtual", "status")["tick"] > following["tick"] + 60, 30.0, "the future runs on"
    )
    assert free
    village.nimmer("virtual", "pause")
    assert village.json("virtual", "status")["mode"] == "paused"
    village.nimmer("virtual", "rewind")
    village.nimmer("virtual", "follow")
    assert village.json("virtual", "status")["mode"] == "following"
    refused = village.nimmer("virtual", "speed", "5000", check=False)
    assert refused.returncode != 0
    assert "1000" in refused.stderr


def test_a_device_speaks_and_a_shared_gate_hears_it(village: Raised) -> None:
    told = village.json("bus", "credentials", "--identity", GUEST)
    with HandClient(told["url"], told["user"], told["password"]) as guest:
        guest.subscribe("dev.nervous.cells.distance.wave")
        device(village, "--device", "greenhouse-1", "--hz", "10", "--for", "3", "--clock-off", "3600")
        speaker = ""
        while not speaker.startswith("device."):  # NPCs have distance cells too
            message = guest.hear().json()
            speaker = message["header"]["source"]["entity_id"]
    assert speaker == "device.greenhouse-1.distance_front"
    assert message["body"]["semantic_content"]["direction"] == "front"
    incidents = until(
        lambda: [line for line in village.status().incidents if "greenhouse-1" in line],
        20.0,
        "its clock is told of",
    )
    assert any("clock" in line for line in incidents)


def test_a_device_that_floods_harms_nobody(village: Raised) -> None:
    def flood() -> None:
        device(village, "--device", "mad-1", "--sensor", "light_sensor", "--hz", "100000", "--for", "5")

    pace = village.pace(flood)
    assert pace.world >= 0.9
    assert pace.npcs >= 0.9

    def told() -> list[str]:
        return [line for line in village.status().incidents if "device.mad-1.light_sensor" in line]

    assert "readings a second" in until(told, 20.0, "the flood is told of")[0]
    done = village.nimmer(
        "bus", "ask", "nervous.cells.math.request", '{"operation": "add", "operands": [20, 22]}'
    )
    assert json.loads(done.stdout)["result"] == 42.0


def test_versions_of_a_cell_live_side_by_side(village: Raised) -> None:
    def ask(cell: str) -> dict[str, Any]:
        question = json.dumps({"operation": "add", "operands": [0.1, 0.2], "cell": cell})
        found: dict[str, Any] = json.loads(
            village.nimmer("bus", "ask", "nervous.cells.math.request", question).stdout
        )
        return found

    assert ask("math/v1")["result"] == 0.1 + 0.2 or ask("math/v1")["result"] == 0.3
    newest = ask("")
    assert (newest["cell"], newest["result"], newest["confidence"]) == ("math/v2", 0.3, 0.7)
    assert "math/v1" in ask("math/v9")["reason"]


def test_status_says_how_nerves_and_tiers_do(village: Raised) -> None:
    status = village.status()
    assert [nerve.name for nerve in status.nerves] == [
        "collision_avoidance",
        "exploration",
        "charging",
        "conversation",
    ]
    assert sum(nerve.runs for nerve in status.nerves) > 0
    assert all(sum(nerve.modes.values()) == 9 for nerve in status.nerves)
    assert {tier.tier for tier in status.tiers} <= {0, 1, 2, 3, 4, 5}
    assert all(npc.attention and npc.vigour for npc in status.npcs)
