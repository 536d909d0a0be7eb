"""Every decision is kept with what was seen and what came of it, once, whoever is killed when."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actors.charter import Charter
from actors.governor_book import MOST_EPOCHS, Book, Look
from nimmer.arena.memory import Arena
from nimmer.bus.message import Incident
from nimmer.life.governor import Allocation
from nimmer.life.governor_observation import NPC_FEATURE_NAMES, WORLD_FEATURE_NAMES
from nimmer.life.governor_outcome import Tally
from nimmer.minds.governor_weights import load_governor
from tests.actors.conftest import told
from tests.actors.governed import EPOCH, Answer, Governed, saved, weights


class Killed(BaseException):
    """kill -9, as far as a test can."""


@pytest.fixture
def charter(charter: Charter, tmp_path: Path) -> Charter:
    return replace(
        charter,
        epoch_ticks=EPOCH,
        governor_mode="net",
        governor_weights=saved(tmp_path / "net.safetensors"),
        capacity_percent=150.0,
    )


@pytest.fixture
def governed(charter: Charter, arena: Arena, monkeypatch: pytest.MonkeyPatch) -> Governed:
    return Governed(charter, arena, monkeypatch)


def learning(charter: Charter, arena: Arena, monkeypatch: pytest.MonkeyPatch) -> Governed:
    return Governed(replace(charter, governor_learns=True), arena, monkeypatch)


async def test_a_row_has_what_was_seen_why_it_was_so_and_what_was_corrected(governed: Governed) -> None:
    await governed.epoch(1)
    row = governed.recorder.rows(1)[0]
    assert set(row["inputs"]) == set(NPC_FEATURE_NAMES)
    assert set(row["world"]) == set(WORLD_FEATURE_NAMES)
    assert row["inputs"]["coverage"] == pytest.approx(0.1, abs=1e-3)
    assert (row["mode"], row["policy"]) == ("net", "net")
    assert set(row["reasons"]) <= set(NPC_FEATURE_NAMES)
    assert row["reasons"]["coverage"]
    assert row["clamped"] == bool(row["corrections"])
    assert row["proposed"]["tick_hz"] > 0.0
    assert row.get("outcome") is None


async def test_the_next_epoch_completes_the_rows_of_the_last(governed: Governed) -> None:
    await governed.epoch(1)
    governed.know([0.3, 0.5, 0.9])
    await governed.epoch(2)
    first, second, _ = governed.recorder.rows(1)
    assert first["outcome"]["coverage_gained"] == pytest.approx(0.2, abs=1e-6)
    assert first["reward"] == pytest.approx(20 * 0.2, abs=1e-4)
    assert second["reward"] == 0.0
    assert first["outcome"]["lasted_s"] == pytest.approx(0.5)
    assert [row.get("outcome") for row in governed.recorder.rows(2)] == [None] * 3
    assert (await governed.shell.status())["score"] == pytest.approx(4.0 / 3.0, abs=1e-4)


async def test_a_governor_killed_between_two_epochs_completes_what_it_had_opened(governed: Governed) -> None:
    await governed.epoch(1)
    opened = governed.recorder.rows(1)
    governed.know([0.3, 0.5, 0.9])
    governed.born()
    await governed.epoch(2)
    completed = governed.recorder.rows(1)
    assert completed[0]["outcome"]["coverage_gained"] == pytest.approx(0.2, abs=1e-6)
    assert [{**row, "outcome": None, "reward": None} for row in completed] == [
        {**row, "outcome": None, "reward": None} for row in opened
    ]
    assert len(governed.recorder.rows(2)) == 3


async def test_an_epoch_cut_short_by_the_runs_end_is_completed_too(governed: Governed) -> None:
    await governed.epoch(1)
    governed.know([0.3, 0.5, 0.9])
    governed.clock.advance(0.2)
    await governed.shell.stop()
    outcome = governed.recorder.rows(1)[0]["outcome"]
    assert outcome["coverage_gained"] == pytest.approx(0.2, abs=1e-6)
    assert outcome["lasted_s"] == pytest.approx(0.2)


async def test_rows_the_recorder_could_not_take_are_filed_by_the_successor(governed: Governed) -> None:
    governed.away = {"recorder"}
    await governed.epoch(1)
    await governed.epoch(2)
    assert governed.recorder.batches == []
    governed.away = set()
    governed.born()
    await governed.shell._file()
    assert all(row["outcome"] for row in governed.recorder.rows(1))
    assert len(governed.recorder.rows(2)) == 3
    filed = len(governed.recorder.batches)
    await governed.shell._file()
    assert len(governed.recorder.batches) == filed


async def test_a_governor_killed_before_its_shares_were_applied_decides_the_epoch_anew(
    governed: Governed,
) -> None:
    await governed.epoch(1)
    governed.know([0.3, 0.5, 0.9])
    apply = governed.supervisor.apply

    def dies(*_: object) -> None:
        raise Killed

    governed.supervisor.apply = type(apply)(dies)
    with pytest.raises(Killed):
        await governed.epoch(2)
    governed.supervisor.apply = apply
    governed.born()
    assert governed.shell.epoch == 1
    await governed.epoch(2)
    # what came of epoch 1 was measured once, and the observation still looks back at the whole of it
    assert governed.recorder.rows(1)[0]["outcome"]["coverage_gained"] == pytest.approx(0.2, abs=1e-6)
    assert governed.recorder.rows(2)[0]["inputs"]["gained"] == pytest.approx(1.0 / 1.05, abs=1e-3)


def refuse(*_: object) -> None:
    raise ValueError("the supervisor is busy")


@pytest.mark.parametrize("killed", [False, True])
async def test_shares_that_were_never_in_force_are_no_decision(
    charter: Charter, arena: Arena, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    governed = learning(charter, arena, monkeypatch)
    await governed.epoch(1)
    governed.know([0.3, 0.5, 0.9])
    apply, governed.supervisor.apply = governed.supervisor.apply, Answer(refuse)
    for _ in range(3):
        await governed.epoch(2)
    score = governed.shell.score
    governed.supervisor.apply = apply
    if killed:
        governed.born()
    governed.know([0.7, 0.5, 0.9])
    await governed.epoch(3)
    assert [len(governed.recorder.rows(epoch)) for epoch in (1, 2, 3)] == [3, 0, 3]
    assert governed.recorder.rows(1)[0]["outcome"]["coverage_gained"] == pytest.approx(0.2, abs=1e-6)
    assert governed.shell.score == score
    assert governed.shell.school.state()["learner"]["first"] is None  # the pair under way is given up
    # and the observation looks back at all the time since the shares that are in force were given
    lasted_s = 4 * EPOCH / governed.charter.world_hz
    seen = 5.0 / lasted_s * 0.6
    assert governed.recorder.rows(3)[0]["inputs"]["gained"] == pytest.approx(seen / (seen + 0.05), abs=1e-3)


async def test_shares_that_came_into_force_unheard_are_a_decision(governed: Governed) -> None:
    await governed.epoch(1)
    apply = governed.supervisor.apply

    def unheard(epoch: int, shares: list[Allocation]) -> None:
        governed.supervisor._apply(epoch, shares)
        raise TimeoutError

    governed.supervisor.apply = Answer(unheard)
    await governed.epoch(2)
    governed.supervisor.apply = apply
    governed.know([0.3, 0.5, 0.9])
    await governed.epoch(3)
    assert governed.recorder.rows(2)[0]["outcome"]["coverage_gained"] == pytest.approx(0.2, abs=1e-6)


async def test_a_keepsake_of_no_use_is_said_and_life_begins_anew(governed: Governed) -> None:
    await governed.epoch(1)
    path = Path(governed.charter.state_dir, "runs", governed.charter.run, "governor.json")
    for kept in (
        "{",
        '{"mode": "loud"}',
        '{"mode": "rule", "policy": "", "clamped": 0, "score": null, "book": 3}',
    ):
        path.write_text(kept)  # noqa: ASYNC240  a test's own file
        shell = governed.born()
        assert (shell.mode, shell.book.waiting()) == ("net", ())


async def test_rows_no_table_would_take_are_told_of_and_do_not_stop_the_others(governed: Governed) -> None:
    await governed.epoch(1)
    governed.shell.book.open(Look(5, 0.0, {}), [{"npc": 0, "epoch": 5, "nonsense": 1}])
    await governed.shell._file()
    said = [one.body for one in told(governed.arena, "governor") if isinstance(one.body, Incident)]
    assert [one.kind for one in said] == ["not-kept"]
    assert governed.shell.book.waiting() == ()


def look(epoch: int, coverage: float = 0.0) -> Look:
    return Look(epoch, 30.0 * epoch, {0: Tally(0, 1, coverage)})


def test_a_book_comes_back_from_json_as_it_was() -> None:
    book, other = Book(), Book()
    for epoch, coverage in ((1, 0.1), (2, 0.3)):
        book.close(look(epoch, coverage), book.past(look(epoch, coverage)))
        book.open(look(epoch, coverage), [{"npc": 0, "epoch": epoch}])
    other.restore(json.loads(json.dumps(book.state())))
    assert other.state() == book.state()
    now = look(3, 0.7)
    assert other.close(now, other.past(now)) == book.close(now, book.past(now))
    assert other.waiting() == book.waiting()


def test_an_epoch_nobody_decided_lasts_until_the_next_decision() -> None:
    book = Book()
    book.open(look(1), [{"npc": 0, "epoch": 1}])
    now = look(4, 0.5)
    closed = book.close(now, book.past(now))
    assert closed == (10.0, 3)
    assert book.close(now, book.past(now)) is None


def test_a_body_that_was_not_seen_again_leaves_its_row_open() -> None:
    book = Book()
    book.open(look(1), [{"npc": 0, "epoch": 1}, {"npc": 9, "epoch": 1}])
    book.close(look(2), book.past(look(2)))
    assert ["outcome" in row for row in book.waiting()] == [True, False]


def test_what_waits_for_a_recorder_is_bounded() -> None:
    book = Book()
    dropped = [book.open(look(epoch), [{"npc": 0, "epoch": epoch}]) for epoch in range(1, MOST_EPOCHS + 11)]
    assert len(book.waiting()) == MOST_EPOCHS
    assert dropped == [0] * MOST_EPOCHS + [1] * 10


async def test_rows_given_up_because_nobody_takes_them_are_told_of(governed: Governed) -> None:
    governed.away = {"recorder"}
    for epoch in range(1, MOST_EPOCHS + 2):
        await governed.epoch(epoch)
    said = [one.body for one in told(governed.arena, "governor") if isinstance(one.body, Incident)]
    assert [(one.kind, one.reason) for one in said] == [
        ("not-kept", f"3 decisions: the recorder has taken none for {MOST_EPOCHS} epochs")
    ]


def test_what_was_completed_meanwhile_is_not_forgotten() -> None:
    book = Book()
    book.open(look(1), [{"npc": 0, "epoch": 1}])
    handed_over = book.waiting()
    book.close(look(2), book.past(look(2)))
    book.acknowledged(handed_over)
    assert len(book.waiting()) == 1


async def test_it_learns_on_epoch_by_epoch_and_keeps_what_it_learned(
    charter: Charter, arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    governed = learning(charter, arena, monkeypatch)
    for epoch in range(1, 6):
        governed.know([0.1 * epoch, 0.5, 0.9])
        await governed.epoch(epoch)
    status = await governed.shell.status()
    assert (status["learns"], status["steps"]) == (True, 2)
    kept, card = load_governor(governed.shell.school.learned)
    assert (card.method, card.generations) == ("live", 2)
    assert not np.array_equal(kept["head_b"], weights()["head_b"])
    # killed here: the next process goes on with what was learned, in the middle of the pair
    other = governed.born()
    assert other.school.steps == 2
    assert other.school.state() == governed.shell.school.state()
    governed.know([0.6, 0.5, 0.9])
    await governed.epoch(6)
    await governed.epoch(7)
    assert (await governed.shell.status())["steps"] == 3


async def test_what_was_learned_outlives_the_run(
    charter: Charter, arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    governed = learning(charter, arena, monkeypatch)
    for epoch in range(1, 4):
        governed.know([0.1 * epoch, 0.5, 0.9])
        await governed.epoch(epoch)
    kept, _ = load_governor(governed.shell.school.learned)
    governed.charter = replace(governed.charter, run="fedcba9876543210")
    shell = governed.born()
    assert shell.school.steps == 1
    shell.school.prepare(acting=False)
    net = shell.mind.net
    assert net is not None
    assert np.array_equal(net.weights["head_b"], kept["head_b"])


async def test_a_reset_goes_back_to_where_the_net_came_from(
    charter: Charter, arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    governed = learning(charter, arena, monkeypatch)
    for epoch in range(1, 4):
        governed.know([0.1 * epoch, 0.5, 0.9])
        await governed.epoch(epoch)
    said = await governed.shell.command("reset", {})
    assert "it came from" in said
    assert not governed.shell.school.learned.exists()
    assert (await governed.shell.status())["steps"] == 0
    assert "nothing had been learned" in await governed.shell.command("reset", {})


@pytest.mark.parametrize("remembered", [True, False])
async def test_a_reset_is_not_undone_by_a_kill(
    charter: Charter, arena: Arena, monkeypatch: pytest.MonkeyPatch, remembered: bool
) -> None:
    governed = learning(charter, arena, monkeypatch)
    for epoch in range(1, 4):
        governed.know([0.1 * epoch, 0.5, 0.9])
        await governed.epoch(epoch)
    assert (await governed.shell.status())["steps"] == 1
    if remembered:
        await governed.shell.command("reset", {})
    else:
        governed.shell.school.reset()  # and killed in the middle of the command
    assert governed.born().school.steps == 0


async def test_learned_weights_that_are_damaged_are_told_of_and_begun_anew(
    charter: Charter, arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = Path(charter.state_dir) / "governor" / "learned.safetensors"
    learned.parent.mkdir()
    learned.write_bytes(b"\x80\x04pickle")
    governed = learning(charter, arena, monkeypatch)
    said = [one.body for one in told(arena, "governor") if isinstance(one.body, Incident)]
    assert "pickle" in said[0].reason
    await governed.epoch(1)
    assert (await governed.shell.status())["policy"] == "net"


@pytest.mark.parametrize("mode", ["rule", "shadow", "off"])
async def test_an_epoch_taken_from_a_trial_while_the_net_thought_is_not_its_score(
    charter: Charter, arena: Arena, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    governed = learning(charter, arena, monkeypatch)
    governed.command_while_it_thinks(mode)
    await governed.epoch(1)
    assert not governed.shell.school.on_trial
    await governed.shell.command("mode", {"mode": "net"})
    governed.know([0.7, 0.5, 0.9])
    await governed.epoch(2)
    assert governed.shell.school.state()["learner"]["first"] is None


async def test_only_what_a_trial_decided_is_learned_from(
    charter: Charter, arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    governed = learning(charter, arena, monkeypatch)
    await governed.shell.command("mode", {"mode": "shadow"})
    for epoch in range(1, 6):
        governed.know([0.1 * epoch, 0.5, 0.9])
        await governed.epoch(epoch)
    assert (await governed.shell.status())["steps"] == 0
    assert not governed.shell.school.learned.exists()
