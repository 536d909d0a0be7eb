"""kill -9 of everything that lives: nobody else is harmed, what was is taken up again, and it is told of."""

import itertools
import json
import os
import signal

import pytest

from nimmer.bus.identities import GUEST, OPERATOR, WATCH
from nimmer.bus.message import Command, NpcStatus, Reply
from nimmer.life.economy import BIRTH_LEVEL
from tests.village.nats_by_hand import HandClient
from tests.village.raised import Raised, identity_of, until, wait_s
from tests.village.test_bus import by_hand, connected
from tests.village.test_nervous_system import balances

pytestmark = pytest.mark.village
SHELLS = (
    "GovernorShell",
    "CellsShell",
    "DevicesShell",
    "ThalamusShell",
    "VirtualShell",
    "RecorderShell",
    "BridgeShell",
    "SupervisorShell",
    "GardenShell",
)
ENTITIES = {"ThalamusShell": "thalamus-0"}
"""Names on the bus, where they are not the shell's own."""


def test_a_killed_npc_is_born_again_as_itself(village: Raised) -> None:
    victim = 4
    before = village.status()
    told = village.json("bus", "credentials", "--identity", WATCH)
    with HandClient(told["url"], told["user"], told["password"], timeout_s=30.0) as watcher:
        watcher.subscribe("dev.thalamus.ray.actor")
        watcher.subscribe("dev.thalamus.incident.*")

        def die_and_return() -> None:
            question = by_hand("NpcAction", {"npc_id": victim, "verb": "look"})
            with connected(village, GUEST) as guest:
                os.kill(before.npcs[victim].pid, signal.SIGKILL)
                # it is born again within a second, so this asks without a pause
                until(
                    lambda: (
                        "not alive"
                        in guest.request(f"dev.npc.{victim}.action", question).json()["body"]["reason"]
                    ),
                    5.0,
                    "an action for a dead NPC is refused",
                    every_s=0.0,
                )

            def lives() -> bool:
                one = village.status().npcs[victim]
                return one.alive and one.generation == 2 and one.ticks > before.npcs[victim].ticks + 20

            until(lives, 60.0, "the NPC lives again")

        pace = village.pace(die_and_return)
        heard: set[str] = set()
        while not heard >= {"restart", "death", "RESTARTING", "ALIVE"}:
            try:
                body = watcher.hear().json()["body"]
            except TimeoutError:
                pytest.fail(f"heard only {heard}")
            if body["kind"] == "actor" and body["name"] == f"npc-{victim}":
                heard.add(body["state"])
            elif body.get("entity") == f"npc.{victim}":
                heard.add(body["kind"])
    assert pace.world >= 0.9  # the world did not wait
    after = village.status()
    assert [one.pid for one in after.npcs if one.id != victim] == [
        one.pid for one in before.npcs if one.id != victim
    ]
    assert after.restarts == 1
    assert any(f"npc.{victim}: generation 1 died" in line for line in after.incidents)
    assert any(f"npc.{victim}: lives again as generation 2" in line for line in after.incidents)


def test_what_a_killed_npc_knew_and_had_comes_back(village: Raised) -> None:
    def rich() -> NpcStatus | None:
        """One whose lifeforce is far from a newborn's."""
        npcs = [one for one in village.status().npcs if one.alive and abs(one.lifeforce - BIRTH_LEVEL) > 80.0]
        return npcs[-1] if npcs else None

    victim = until(rich, 60.0, "somebody has earned something")
    assert victim is not None
    wait_s(1.5)  # it writes what it must not forget once a second
    before = village.status()
    village.kill(identity_of(before.npcs[victim.id].pid))
    until(lambda: village.status().npcs[victim.id].ticks > victim.ticks + 60, 60.0, "it lives again")
    village.complete()
    rows = village.rows(
        "select tick, at, lifeforce, coverage, level from decision_trails where run = %s and npc = %s order by tick",
        before.run,
        victim.id,
    )
    gaps = [(late[1] - early[1]).total_seconds() for early, late in itertools.pairwise(rows)]
    death = gaps.index(max(gaps))
    last, first = rows[death], rows[death + 1]
    assert first[0] == last[0] + 1  # tick numbers go on
    assert abs(first[2] - last[2]) < 0.5 * abs(last[2] - BIRTH_LEVEL)  # its lifeforce, not a newborn's
    if first[4] == last[4]:
        assert first[3] >= last[3]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_killed_actor_lives_again_and_harms_nobody(village: Raised, shell: str) -> None:
    before = village.status()
    victim = village.actor(shell)
    entity = ENTITIES.get(shell, shell.removesuffix("Shell").lower())

    def die_and_return() -> None:
        village.kill(victim)

        def lives() -> bool:
            status = village.status()
            told = any(f"{entity}: " in line and "lives again" in line for line in status.incidents)
            return told and set(status.servers.values()) == {"answers"} and status.bus.connected

        until(lives, 60.0, f"{shell} answers and status names its death")

    pace = village.pace(die_and_return)
    after = village.status()
    assert village.actor(shell) != victim
    assert [(one.pid, one.generation) for one in after.npcs] == [
        (one.pid, one.generation) for one in before.npcs
    ]
    assert after.run == before.run
    assert after.world_tick > before.world_tick
    assert pace.npcs >= 0.9  # no NPC waits for anybody
    if shell not in ("SupervisorShell", "GardenShell"):
        assert pace.world >= 0.9
    again = village.pace(lambda: wait_s(5.0))
    assert again.world >= 0.9
    assert again.npcs >= 0.9
    village.complete()


def test_the_bus_tells_everything_again_after_all_these_deaths(village: Raised) -> None:
    told = village.json("bus", "credentials", "--identity", GUEST)
    with HandClient(told["url"], told["user"], told["password"]) as guest:
        wanted = {f"dev.npc.{npc}.state" for npc in range(9)} | {"dev.world.arena.aggregate"}
        for subject in wanted:
            guest.subscribe(subject)
        heard: set[str] = set()
        while heard < wanted:
            message = guest.hear()
            assert json.loads(message.payload)["header"]["version"] == "2.0"
            heard.add(message.subject)


def test_a_killed_thalamus_takes_its_gates_up_as_they_were(village: Raised) -> None:
    def order(command: str) -> None:
        body = Command(command, {"gate": "speech_gate"})
        assert village.ask(OPERATOR, "thalamus.gates.command", body, Reply).accepted

    def speech() -> int | None:
        return village.status().shared_gates.get("speech_gate")

    order("force_open")
    assert speech() == 1
    victim = village.actor("ThalamusShell")
    village.kill(victim)
    until(lambda: speech() is not None and village.actor("ThalamusShell") != victim, 60.0, "it lives again")
    assert speech() == 1
    order("auto")


def test_lifeforce_still_balances(village: Raised) -> None:
    balances(village)


def test_the_math_cell_still_answers(village: Raised) -> None:
    done = village.nimmer(
        "bus", "ask", "nervous.cells.math.request", '{"operation": "add", "operands": [20, 22]}'
    )
    assert json.loads(done.stdout)["result"] == 42.0
