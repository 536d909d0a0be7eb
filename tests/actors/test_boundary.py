"""The boundary, from an NPC's question to what the world said of the answer."""

import asyncio
from dataclasses import replace

import pytest
import ray

from actors.boundary import MOST_UNDER_WAY, BoundaryShell
from actors.charter import Charter
from nimmer.arena.memory import Arena
from nimmer.bus.cortex_messages import CortexCommand
from nimmer.bus.message import Incident
from nimmer.errors import CortexError, StoreUnavailableError
from nimmer.life.action import LOOK, MOVES, TALK
from nimmer.stores.memories_in_memory import InMemoryMemories
from nimmer.stores.tables import Table, check_row
from nimmer.world.levels import Levels
from tests.actors.asking_village import ELSEWHERE, HERE, AskingVillage
from tests.actors.conftest import told
from tests.nimmer.cortex.askers import INJECTION


@pytest.fixture
def village(charter: Charter, arena: Arena, levels: Levels, monkeypatch: pytest.MonkeyPatch) -> AskingVillage:
    made = AskingVillage(charter, arena, levels)
    monkeypatch.setattr(ray, "get_actor", made.neighbours.named)
    return made


async def asks(village: AskingVillage, npc: int = 0) -> BoundaryShell:
    """Let `npc` ask, and return the boundary when all is done."""
    boundary = village.boundary()
    await boundary.asked(village.garden.tick, [npc])
    await boundary.idle()
    return boundary


async def test_two_who_meet_exchange_facts_through_the_cortex(village: AskingVillage) -> None:
    before = village.knows(0), village.knows(1)
    boundary = await asks(village)
    assert village.neighbours.proposed == [(0, TALK), (1, TALK)]
    village.turn()
    assert village.knows(0) - before[0] == {8}
    assert village.knows(1) - before[1] == {7}
    assert village.fates() == [("npc.0", "talk", "accepted"), ("npc.1", "talk", "accepted")]
    assert boundary.counts == {"answered": 1, "decided_by_answer": 1, "commands_accepted": 2}


async def test_the_cortex_is_told_what_the_npc_perceives(village: AskingVillage) -> None:
    await asks(village)
    request, context = village.line.asked[0]
    fields = request.structured_input
    assert (request.npc_id, request.world_tick, request.domain) == (0, village.garden.tick, "social")
    assert (fields["node"], fields["known"], fields["houses"], fields["news"]) == (HERE, 2, 25, 1)
    assert (fields["partners"], fields["partners_lack"]) == ("npc.1", 1)
    assert context == []


async def test_company_that_may_not_ask_is_not_told_to_talk(village: AskingVillage) -> None:
    village.board.control["cortex_permission"] = [1, 0, 0]
    await asks(village)
    assert village.neighbours.proposed == [(0, TALK)]


async def test_one_alone_looks_or_walks_to_the_next_unknown_house(village: AskingVillage) -> None:
    await asks(village, 2)
    assert village.neighbours.proposed == [(2, LOOK)]
    village.learn(2, [ELSEWHERE])
    village.show()
    await asks(village, 2)
    npc, action = village.neighbours.proposed[-1]
    assert npc == 2
    assert action in MOVES
    assert village.garden.level.graph.neighbours[ELSEWHERE, action.slot] >= 0


async def test_an_answer_leaves_a_row_beside_the_cortexs_own(village: AskingVillage) -> None:
    await asks(village)
    (row,) = village.neighbours.rows
    check_row(Table.CORTEX_CALLS, row)
    assert (row["call"], row["identity"], row["npc"], row["outcome"]) == (
        "call1",
        "nyx-training",
        0,
        "answered",
    )
    assert not {"request", "response", "model", "engine_ms"} & row.keys()


async def test_answers_become_memories_and_come_back_with_the_next_question(village: AskingVillage) -> None:
    await asks(village)
    await asks(village, 1)
    await asks(village)
    contexts = [context for _, context in village.line.asked]
    assert contexts[:2] == [[], []]
    assert len(contexts[2]) == 1
    assert "Tell each other what you know. Done: npc.0 talk, npc.1 talk." in contexts[2][0]


async def test_an_npc_has_one_question_under_way(village: AskingVillage) -> None:
    boundary, line = village.boundary(), village.line
    line.answers.clear()
    await boundary.asked(1, [0])
    await line.asking.wait()
    await boundary.asked(2, [0, 0])
    line.answers.set()
    await boundary.idle()
    assert len(line.asked) == 1
    assert boundary.counts["already_asking"] == 2


async def test_a_stale_answer_is_dropped_and_said(village: AskingVillage) -> None:
    boundary, line = village.boundary(), village.line
    line.answers.clear()
    await boundary.asked(0, [0])
    await line.asking.wait()
    village.show(tick=village.charter.stale_ticks + 1)
    line.answers.set()
    await boundary.idle()
    assert village.neighbours.proposed == []
    assert village.neighbours.rows[0]["outcome"] == "stale"
    assert village.fates() == [("npc.0", "", "it comes 101 world ticks after the question; 100 are allowed")]
    assert village.recollection.remembered == 0


@pytest.mark.parametrize("end", ["dies", "is born again", "goes to another level"])
async def test_who_is_not_there_any_more_is_cancelled_and_commands_nothing(
    village: AskingVillage, end: str
) -> None:
    boundary, line = village.boundary(), village.line
    line.answers.clear()
    living = asyncio.ensure_future(boundary.live())
    await boundary.asked(0, [0])
    await line.asking.wait()
    if end == "dies":
        village.board.control["alive"][0] = 0
    elif end == "is born again":
        village.board.vitals["generation"][0] = 2
    else:
        village.arena.view("percept")["level"][0] = 2
    await line.told_off.wait()
    line.answers.set()
    await boundary.idle()
    await boundary.stop()
    await living
    assert [npc for npc, _ in line.cancelled] == [0]
    assert village.neighbours.proposed == []
    assert village.neighbours.rows[0]["outcome"] == "cancelled"


async def test_who_walked_on_meanwhile_goes_toward_its_next_house_from_there(village: AskingVillage) -> None:
    village.learn(2, [ELSEWHERE])
    village.show()
    boundary, line = village.boundary(), village.line
    line.answers.clear()
    await boundary.asked(0, [2])
    await line.asking.wait()
    village.garden.village.node[0, 2] = 0
    village.show()
    line.answers.set()
    await boundary.idle()
    ((npc, action),) = village.neighbours.proposed
    assert npc == 2
    assert village.garden.level.graph.neighbours[0, action.slot] >= 0
    assert village.fates() == [("npc.2", "move", "accepted")]


async def test_commands_without_a_right_are_refused_counted_and_told(village: AskingVillage) -> None:
    village.line.commands = [
        CortexCommand("npc.2", "look", {}),
        CortexCommand("organs.speech", "synthesize", {"text": INJECTION}),
        CortexCommand("gates.all", "open", {}),
    ]
    boundary = await asks(village)
    assert village.neighbours.proposed == [(0, TALK), (1, TALK)]
    assert boundary.counts["commands_refused"] == 3
    (incident,) = [one.body for one in told(village.arena, "boundary") if isinstance(one.body, Incident)]
    assert (incident.kind, incident.entity, incident.count) == ("command-refused", "npc.0", 3)
    assert [fate.partition(":")[0] for *_, fate in village.fates()] == ["accepted"] * 2 + ["refused"] * 3


async def test_injection_in_answers_decisions_and_memories_changes_no_command(village: AskingVillage) -> None:
    village.line.said, village.line.decision = INJECTION, INJECTION[:80]
    for _ in range(3):
        await asks(village)
    assert village.neighbours.proposed == [(0, TALK), (1, TALK)] * 3
    assert INJECTION[:20] in village.line.asked[-1][1][0]


async def test_a_cortex_that_is_away_costs_the_question_and_nothing_else(village: AskingVillage) -> None:
    village.line.fault = CortexError("there is no app dev-cortex now")
    boundary = await asks(village)
    (row,) = village.neighbours.rows
    check_row(Table.CORTEX_CALLS, row)
    assert (row["outcome"], row["reason"]) == ("failed", "there is no app dev-cortex now")
    assert row["request"]
    assert boundary.counts["failed"] == 1
    assert village.neighbours.proposed == []


async def test_a_garden_that_is_away_leaves_its_word_in_the_row(village: AskingVillage) -> None:
    village.neighbours.away = True
    boundary = await asks(village)
    assert boundary.counts["commands_not_done"] == 2
    assert [fate for *_, fate in village.fates()] == ["the garden does not answer: ValueError"] * 2
    assert village.neighbours.proposed == []


async def test_iris_away_costs_memories_only(village: AskingVillage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailableError("iris does not answer")

    monkeypatch.setattr(InMemoryMemories, "recall", away)
    monkeypatch.setattr(InMemoryMemories, "remember", away)
    boundary = await asks(village)
    assert village.neighbours.proposed == [(0, TALK), (1, TALK)]
    status = (await boundary.status())["memories"]
    assert (status["lost"], status["there"]) == (2, False)


async def test_a_question_that_breaks_is_told_of_and_the_next_one_is_asked(village: AskingVillage) -> None:
    village.line.fault = ZeroDivisionError("nobody expects it")
    boundary = await asks(village)
    (incident,) = [one.body for one in told(village.arena, "boundary") if isinstance(one.body, Incident)]
    assert (incident.kind, incident.entity, boundary.counts["broken"]) == ("question-lost", "npc.0", 1)
    village.line.fault = None
    await boundary.asked(0, [0])
    await boundary.idle()
    assert boundary.counts["answered"] == 1


async def test_who_is_dead_or_unknown_is_not_asked_for(village: AskingVillage) -> None:
    village.board.control["alive"][0] = 0
    boundary = village.boundary()
    await boundary.asked(0, [0, 99])
    await boundary.idle()
    assert boundary.counts == {"gone": 2}
    assert village.line.asked == []


async def test_as_many_questions_as_there_is_room_for_are_under_way(
    village: AskingVillage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.boundary.MOST_UNDER_WAY", 1)
    assert MOST_UNDER_WAY == 256
    boundary = village.boundary()
    await boundary.asked(0, [0, 1])
    await boundary.idle()
    assert (boundary.counts["answered"], boundary.counts["turned_away"]) == (1, 1)


async def test_one_that_stops_gives_up_what_is_under_way(village: AskingVillage) -> None:
    boundary = village.boundary()
    village.line.answers.clear()
    await boundary.asked(0, [0])
    await village.line.asking.wait()
    status = await boundary.stop()
    assert (status["under_way"], village.neighbours.proposed) == (0, [])


async def test_what_the_npc_knows_lies_in_the_arena_of_its_level(village: AskingVillage) -> None:
    village.learn(0, list(range(25)))
    village.show()
    await asks(village)
    request, _ = village.line.asked[0]
    assert request.structured_input["known"] == 25
    assert not [
        one for one in request.suggested_actions if one.action.startswith("move") and one.confidence > 0.2
    ]


async def test_the_mapper_is_chosen_by_configuration(village: AskingVillage) -> None:
    for mapper, kind in (("model", "ModelMapper"), ("template", "TemplateMapper")):
        village.charter = replace(village.charter, mapper=mapper)
        boundary = await asks(village)
        assert (await boundary.status())["mapper"]["kind"] == kind
        assert (await boundary.status())["mapper"]["by_template"] == 1  # this line leads to no engine
        await boundary.stop()
