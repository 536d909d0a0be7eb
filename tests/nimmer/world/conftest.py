import pytest

from nimmer.world.level import Level
from nimmer.world.levels import Levels, load_levels


@pytest.fixture(scope="session")
def levels() -> Levels:
    return load_levels()


@pytest.fixture(scope="session")
def level(levels: Levels) -> Level:
    return levels[1]
