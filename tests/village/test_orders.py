"""What the village is asked and ordered to do, by the command line and over the bus."""

import json

import pytest

from nimmer.bus.identities import GUEST, OPERATOR, WATCH
from nimmer.bus.message import Command, NpcAction, Reply
from nimmer.errors import BusPermissionError, MessageError
from tests.village.raised import Raised, until, wait_s

pytestmark = pytest.mark.village


def propose(village: Raised, action: NpcAction) -> Reply:
    return village.ask(GUEST, f"npc.{action.npc_id}.action", action, Reply)


def order(village: Raised, command: str, arguments: dict[str, float], npcs: list[int]) -> Reply:
    subject = f"npc.{village.host}.commands.{command}"
    return village.ask(OPERATOR, subject, Command(command, dict(arguments), npcs), Reply)


def test_an_action_from_outside_is_taken(village: Raised) -> None:
    assert propose(village, NpcAction(2, "look")) == Reply(True, "accepted")


def test_an_illegal_move_is_refused_with_the_reason(village: Raised) -> None:
    reply = propose(village, NpcAction(2, "move", args={"slot": 7}))
    assert not reply.accepted
    assert "there is no edge" in reply.reason


def test_an_action_with_a_senseless_slot_harms_nothing(village: Raised) -> None:
    garden = village.actor("GardenShell")
    propose(village, NpcAction(2, "look", args={"slot": 300}))
    wait_s(1.0)
    assert village.actor("GardenShell") == garden


def test_nobody_may_ask_the_cortex_unpermitted(village: Raised) -> None:
    reply = propose(village, NpcAction(2, "ask_cortex"))
    assert not reply.accepted
    assert "cortex" in reply.reason


def test_an_action_for_a_past_tick_is_refused(village: Raised) -> None:
    reply = propose(village, NpcAction(2, "look", tick=1))
    assert not reply.accepted
    assert "too old" in reply.reason


def test_an_action_for_an_npc_that_is_not_there_is_refused(village: Raised) -> None:
    with pytest.raises(MessageError, match="there is no NPC 99"):
        propose(village, NpcAction(99, "look"))


def test_an_operator_changes_a_living_npcs_rate(village: Raised) -> None:
    assert order(village, "tick_hz", {"hz": 4}, [3]).accepted
    before = village.status()
    wait_s(6.0)
    after = village.status()
    ticks = after.npcs[3].ticks - before.npcs[3].ticks
    passed_s = after.uptime_s - before.uptime_s
    assert after.npcs[3].tick_hz == 4.0
    assert after.npcs[3].pid == before.npcs[3].pid
    assert ticks / passed_s == pytest.approx(4.0, rel=0.2)
    assert order(village, "tick_hz", {"hz": 0}, [3]).accepted
    # the next epoch's share is the governor's
    until(lambda: village.status().npcs[3].tick_hz != 4.0, 15.0, "the governor sets the rate again")


@pytest.mark.parametrize(
    ("command", "arguments", "npcs", "why"),
    [
        ("tick_hz", {"hz": 21}, [], "1 to 20"),
        ("tick_hz", {}, [], "1 to 20"),
        ("tick_hz", {"hz": 5}, [99], "there is no npc 99"),
        ("dance", {}, [], "unknown command"),
    ],
)
def test_an_order_that_cannot_be_obeyed_is_refused_with_the_reason(
    village: Raised, command: str, arguments: dict[str, float], npcs: list[int], why: str
) -> None:
    with pytest.raises(MessageError, match=why):
        order(village, command, arguments, npcs)


def test_an_order_to_another_host_is_refused(village: Raised) -> None:
    with pytest.raises(MessageError, match="there is no host 'elsewhere'"):
        village.ask(OPERATOR, "npc.elsewhere.commands.tick_hz", Command("tick_hz", {"hz": 5}), Reply)


@pytest.mark.parametrize("identity", [GUEST, WATCH])
def test_only_an_operator_gives_orders(village: Raised, identity: str) -> None:
    with pytest.raises(BusPermissionError):
        village.ask(identity, "thalamus.governor.command", Command("mode", {"mode": "off"}), Reply)
    assert village.status().governor.mode == "rule"


def test_an_operator_holds_a_shared_gate_open_and_lets_it_go(village: Raised) -> None:
    def order(command: str, gate: str) -> Reply:
        body = Command(command, {"gate": gate})
        return village.ask(OPERATOR, "thalamus.gates.command", body, Reply)

    assert "open" in order("force_open", "speech_gate").reason
    assert order("auto", "speech_gate").accepted
    with pytest.raises(MessageError, match="danger_reflex_gate"):
        order("force_open", "no_such_gate")


def test_the_governors_kill_switch_works(village: Raised) -> None:
    for mode in ("off", "rule"):
        village.ask(OPERATOR, "thalamus.governor.command", Command("mode", {"mode": mode}), Reply)
        assert village.status().governor.mode == mode


def test_every_decision_is_kept_with_why_and_what_came_of_it(village: Raised) -> None:
    def completed() -> bool:
        (count,) = village.rows(
            "select count(outcome) from governor_decisions where run = %s", village.status().run
        )[0]
        return bool(count >= 9)

    until(completed, 30.0, "an epoch is over and its outcome written down")
    epoch = village.json("governor", "explain")
    assert len(epoch["npcs"]) == 9
    assert {"coverage", "lifeforce"} <= set(epoch["npcs"][0]["inputs"])
    assert "nobody differed" in village.nimmer("governor", "explain").stdout


def test_a_net_decides_when_it_is_told_to(village: Raised) -> None:
    village.nimmer("governor", "mode", "net")
    try:
        before = village.status().governor
        epoch = before.epoch
        governor = until(
            lambda: (one := village.status().governor).epoch >= epoch + 2 and one,
            30.0,
            "two epochs by the net",
        )
        assert governor
        assert (governor.policy, governor.fallbacks) == ("net", before.fallbacks)
    finally:
        village.nimmer("governor", "mode", "rule")


def test_a_net_in_shadow_changes_nothing_and_the_report_says_what_it_would_have(village: Raised) -> None:
    village.nimmer("governor", "mode", "shadow")
    try:
        before = village.status().governor
        until(lambda: village.status().governor.epoch >= before.epoch + 2, 30.0, "two epochs in shadow")
        governor = village.status().governor
        assert (governor.mode, governor.policy, governor.fallbacks) == ("shadow", "rule", before.fallbacks)
        until(
            lambda: village.nimmer("governor", "report", check=False).returncode == 0,
            15.0,
            "there is a report",
        )
        assert len(village.json("governor", "report")["npcs"]) == 9
    finally:
        village.nimmer("governor", "mode", "rule")


def test_the_village_learns_its_world_and_moves_up_a_level(village: Raised) -> None:
    status = until(lambda: (one := village.status()).level >= 2 and one, 120.0, "the village passes level 1")
    assert status
    passed = village.rows(
        "select level, count(*), bool_and(passed), bool_and(asked = correct) from quiz_results "
        "where run = %s and passed group by world_tick, level order by level",
        status.run,
    )
    assert passed[0] == (1, 9, True, True)
    changes = village.rows(
        "select kind, level_from, level_to from promotions where run = %s order by world_tick", status.run
    )
    assert changes[0] == ("promotion", 1, 2)
    curriculum = village.json("curriculum", "status")
    assert [change["level_to"] for change in curriculum["changes"]][:1] == [2]
    assert "is passed: the village is on level 2" in village.err
    report = village.json("quiz")
    assert report["run"] == status.run
    assert report["level"] >= 2
    assert len(report["npcs"]) == 9
    assert report["passed"] == all(not sheet["missing"] for sheet in report["npcs"])


def test_status_is_printed_for_programs_and_for_people(village: Raised) -> None:
    told = village.json("status")
    assert told["dashboard_url"].endswith(village.settings["NIMMER_RAY__DASHBOARD_PORT"])
    assert len(told["npcs"]) == 9
    assert told["run"] in village.nimmer("status").stdout


def test_trails_are_listed_for_one_npc(village: Raised) -> None:
    rows = village.json("trails", "--npc", "7", "--last", "1m", "--limit", "20")
    assert len(rows) == 20
    ticks = [row["tick"] for row in rows]
    assert ticks == list(range(ticks[0], ticks[0] + 20))
    assert {row["npc"] for row in rows} == {7}
    assert set(rows[0]["gates"]) >= {"collision_avoidance_gate", "battery_gate", "exploration_gate"}


def test_every_tick_of_every_npc_is_in_the_database_once(village: Raised) -> None:
    village.complete()


def test_watch_prints_one_picture(village: Raised) -> None:
    picture = village.nimmer("watch", "--once").stdout
    assert village.status().run in picture
    assert "level" in picture


def test_a_question_can_be_asked_from_the_shell(village: Raised) -> None:
    done = village.nimmer(
        "bus", "ask", "nervous.cells.math.request", '{"operation": "add", "operands": [1, 2]}'
    )
    assert json.loads(done.stdout)["result"] == 3.0


def test_a_second_village_on_the_same_state_directory_is_refused(village: Raised) -> None:
    assert village.launcher is not None
    done = village.nimmer("up", "--for", "1s", "--json", check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"pid {village.launcher.pid}" in done.stderr
    assert "nimmer down" in done.stderr
    assert village.status().restarts == 0
