"""One small run in a directory of its own: an arena, and what every shell is told."""

from pathlib import Path

import pytest

from actors.charter import Charter
from nimmer.arena.board import Board
from nimmer.arena.layout import Plan
from nimmer.arena.memory import Arena
from nimmer.arena.outbox import OUTBOXES, Outbox
from nimmer.bus.identities import BRIDGE
from nimmer.bus.message import Message, decode
from nimmer.world.levels import Levels, load_levels

NPCS = 3


@pytest.fixture(scope="session")
def levels() -> Levels:
    return load_levels()


@pytest.fixture
def charter(tmp_path: Path) -> Charter:
    return Charter(
        run="0123456789abcdef",
        environment="dev",
        seed=7,
        npcs=NPCS,
        level=1,
        host="here",
        arena=str(tmp_path / "arena"),
        state_dir=str(tmp_path),
        snapshot_ticks=10,
        limits_mode="none",
        weights_dir=str(tmp_path / "brains"),
        secrets={BRIDGE: "secret"},
    )


@pytest.fixture
def arena(charter: Charter, levels: Levels) -> Arena:
    made = Arena.create(Path(charter.arena), Plan(NPCS, levels.most_nodes, len(OUTBOXES)), 1.0)
    made.view("control")["tick_hz"] = charter.tick_hz
    return made


@pytest.fixture
def board(arena: Arena) -> Board:
    return Board(arena)


def told(arena: Arena, owner: str) -> list[Message]:
    """Return what `owner` has left in its outbox, read as its receivers would."""
    letters, _ = Outbox(arena, owner).take()
    return [decode(one.subject, one.payload) for one in letters]
