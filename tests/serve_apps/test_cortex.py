import pytest

from nimmer.config.cortex import CortexSettings
from tests.serve_apps.cortex_suite import CortexSuite


class TestOnTheEmbeddedEngine(CortexSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls) -> CortexSettings:
        return CortexSettings(slots=2)
