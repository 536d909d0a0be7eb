"""The garden's way to the boundary."""

from concurrent.futures import Future
from dataclasses import replace

import pytest
import ray

from actors.charter import Charter
from actors.questions import Questions
from nimmer.arena.board import Board
from nimmer.arena.memory import Arena


class Boundary:
    """Takes what it is told, and answers nothing."""

    def __init__(self) -> None:
        self.told: list[tuple[int, list[int]]] = []
        self.away = self.reviving = False

    def named(self, name: str, namespace: str) -> "Boundary":
        if self.away:
            raise ValueError(f"Failed to look up actor with name '{name}'")
        assert (name, namespace) == ("boundary", "nimmer-dev")
        return self

    @property
    def asked(self) -> "Boundary":
        return self

    def remote(self, tick: int, npcs: list[int]) -> "Boundary":
        self.told.append((tick, npcs))
        return self

    def future(self) -> "Future[None]":
        """What Ray gives for a call that nobody waits for."""
        done: Future[None] = Future()
        if self.reviving:
            done.set_exception(ray.exceptions.ActorUnavailableError("it is being revived", None))
        else:
            done.set_result(None)
        return done


@pytest.fixture
def boundary(monkeypatch: pytest.MonkeyPatch) -> Boundary:
    one = Boundary()
    monkeypatch.setattr(ray, "get_actor", one.named)
    return one


def test_a_tick_in_which_somebody_asked_is_told_once(charter: Charter, boundary: Boundary) -> None:
    questions = Questions(charter)
    questions.hand_on(5, [])
    questions.hand_on(6, [0, 2])
    assert boundary.told == [(6, [0, 2])]


def test_while_there_is_no_boundary_questions_are_lost_and_counted(
    charter: Charter, boundary: Boundary
) -> None:
    questions = Questions(charter)
    boundary.away = True
    questions.hand_on(5, [0, 2])
    boundary.away = False
    questions.hand_on(6, [1])
    assert (questions.lost, boundary.told) == (2, [(6, [1])])


def test_what_a_boundary_that_is_being_revived_does_not_hear_is_counted(
    charter: Charter, boundary: Boundary
) -> None:
    questions = Questions(charter)
    boundary.reviving = True
    questions.hand_on(5, [0, 2])
    assert questions.lost == 2


def test_nobody_may_ask_where_there_is_no_cortex(charter: Charter, arena: Arena, board: Board) -> None:
    board.control["cortex_permission"] = [1, 0, 1]
    assert Questions(charter).permitted(arena).tolist() == [False] * 3
    there = Questions(replace(charter, cortex_enabled=True))
    assert there.permitted(arena).tolist() == [True, False, True]
