import pytest

from nimmer.engines.engine import Engine
from nimmer.testing.engine_contract import EngineContract
from nimmer.testing.scripted_engine import ScriptedEngine


class TestScriptedEngine(EngineContract):
    @pytest.fixture
    async def engine(self) -> Engine:
        return ScriptedEngine()
