"""An NPC that learns as it lives, and what of it survives its death."""

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from actors import pupil
from actors.npc import NpcShell
from actors.pupil import SAVE_S
from nimmer.arena.board import Board
from nimmer.arena.memory import Arena
from nimmer.arena.slot import Slot
from nimmer.clock import ManualClock
from nimmer.errors import WeightsError
from nimmer.minds.learning_mlp import LearningMlp
from nimmer.minds.nursery import prepare_brains, weights_path
from nimmer.minds.weights import load_weights
from nimmer.world.levels import Levels
from tests.actors.conftest import NPCS
from tests.actors.test_npc import NPC, EndingClock, World, birth, live

RATE = 1e-3


@pytest.fixture
def world(levels: Levels, board: Board) -> World:
    return World(levels, board)


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    prepare_brains(tmp_path / "brains", NPCS, "small", 7)
    return weights_path(tmp_path / "brains", NPC)


def net(shell: NpcShell) -> LearningMlp:
    brain = shell._body.brain
    assert isinstance(brain, LearningMlp)
    return brain


def test_one_killed_has_what_it_had_saved(arena: Arena, world: World, file: Path) -> None:
    clock = ManualClock(100.0)
    drawn = load_weights(file)[0]
    first = NpcShell(birth(arena, str(file), RATE), clock)
    live(first, world, clock, int(SAVE_S / 0.1) + 2)
    saved, origin = load_weights(file)
    assert origin.npc == NPC
    assert origin.steps > 0
    assert any((saved[name] != drawn[name]).any() for name in saved)
    live(first, world, clock, 130)  # learned, and not saved
    assert net(first).learner.steps > origin.steps
    second = NpcShell(birth(arena, str(file), RATE), clock)  # the first was killed
    assert second.born() == 2
    live(second, world, clock, 1)
    assert net(second).learner.steps == origin.steps
    for name, array in net(second).weights.items():
        assert (array == saved[name]).all(), name
    assert net(second).learner.batches >= 1  # of its first life too: that is in the arena


def test_one_told_to_stop_saves_what_it_has_learned(arena: Arena, world: World, file: Path) -> None:
    shell = NpcShell(birth(arena, str(file), RATE), EndingClock(arena, 120.0))
    world_turns(world, shell)
    shell.live()
    saved, origin = load_weights(file)
    assert origin.steps == net(shell).learner.steps > 0
    assert (saved["w3"] == net(shell).weights["w3"]).all()


def world_turns(world: World, shell: NpcShell) -> None:
    """Let the world turn with every tick of `shell`."""
    tick = shell.tick

    def turning(control: object, now_s: float, late_s: float) -> bool:
        world.turn()
        return tick(control, now_s, late_s)  # type: ignore[arg-type]  # passed through

    shell.tick = turning  # type: ignore[method-assign]  # what a garden does in a process of its own


def test_one_that_does_not_learn_leaves_its_file_alone(arena: Arena, world: World, file: Path) -> None:
    content = file.read_bytes()
    clock = ManualClock(100.0)
    shell = NpcShell(birth(arena, str(file)), clock)
    live(shell, world, clock, 200)
    shell._end(clock.monotonic_s())
    assert file.read_bytes() == content


def test_no_act_waits_for_learning(
    arena: Arena, world: World, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acted: list[tuple[int, int]] = []
    clock = ManualClock(100.0)
    shell = NpcShell(birth(arena, str(file), RATE), clock)
    study = LearningMlp.study

    def noted(self: LearningMlp) -> None:
        acted.append((Slot(arena, NPC).last_act()[0], shell._tick))
        study(self)

    monkeypatch.setattr(LearningMlp, "study", noted)
    live(shell, world, clock, 5)
    assert acted == [(tick, tick) for tick in range(1, 6)]


def test_a_file_that_cannot_be_written_is_said_once_and_life_goes_on(
    arena: Arena,
    world: World,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(*_: object) -> None:
        raise WeightsError("npc-1.safetensors: cannot be written (No space left on device)")

    clock = ManualClock(100.0)
    shell = NpcShell(birth(arena, str(file), RATE), clock)
    live(shell, world, clock, 140)
    monkeypatch.setattr(pupil, "save_weights", full)
    for _ in range(3):
        clock.advance(SAVE_S)
        live(shell, world, clock, 1)
    assert capsys.readouterr().out.count("No space left") == 1
    monkeypatch.undo()
    clock.advance(SAVE_S)
    live(shell, world, clock, 1)
    assert load_weights(file)[1].steps == net(shell).learner.steps > 0


def test_another_level_keeps_what_was_learned(arena: Arena, world: World, file: Path) -> None:
    clock = ManualClock(100.0)
    shell = NpcShell(birth(arena, str(file), RATE), clock)
    live(shell, world, clock, 140)
    learned = net(shell).flat.copy()
    world.garden.go_to(2)
    world.show()
    live(shell, world, clock, 1)
    assert shell._level == 2
    assert (net(shell).flat == learned).all()
    assert (
        np.flatnonzero(~net(shell).learner.experience.follows[: net(shell).learner.experience.count]).size
        == 2
    )


def test_an_npcs_process_learns_without_torch() -> None:
    code = "import sys, actors.npc; sys.exit('torch' in sys.modules or 'pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
