"""The same cortex on vLLM's CPU build: the road to theia's engine, walked without a GPU.

`scripts/setup-vllm` makes the environment (3 GB); where it is not, these tests say so and are skipped.
"""

from pathlib import Path

import pytest

import nimmer
from nimmer.config.cortex import CortexSettings
from tests.serve_apps.cortex_suite import CortexSuite

VLLM = Path(nimmer.__file__).parents[1] / ".venv-vllm"


@pytest.mark.timeout(900)
@pytest.mark.skipif(
    not (VLLM / ".installed").exists(),
    reason="needs vLLM's CPU build (scripts/setup-vllm); its sibling without is test_cortex.py",
)
class TestOnVllm(CortexSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls) -> CortexSettings:
        return CortexSettings(
            engine="vllm",
            weights=VLLM / "smollm2",
            vllm_python=VLLM / "bin" / "python",
            slots=4,
            context_tokens=2048,
        )
