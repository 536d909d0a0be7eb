from itertools import pairwise
from pathlib import Path

import pytest

from nimmer.config.cortex import CortexSettings
from nimmer.engines import plan as plans
from nimmer.engines.plan import packaged_weights, plan
from nimmer.errors import EngineError


def options(argv: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in pairwise(argv) if name.startswith("--")}


def test_the_embedded_engine_needs_no_setting_at_all() -> None:
    found = plan(CortexSettings())
    assert found.argv[1:3] == ("-m", "nimmer.engines.llama_server")
    assert options(found.argv)["--weights"] == str(packaged_weights())
    assert options(found.argv)["--name"] == "nyx"


def test_the_packaged_weights_are_found_without_importing_their_package() -> None:
    assert packaged_weights().suffix == ".gguf"


def test_vllm_is_started_as_the_owner_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "has_gpu", lambda: True)
    found = plan(CortexSettings(engine="vllm", weights=tmp_path, slots=8))
    given = options(found.argv)
    assert found.argv[1:3] == ("-m", "vllm.entrypoints.openai.api_server")
    assert given["--served-model-name"] == "nyx"
    assert given["--gpu-memory-utilization"] == "0.85"
    assert given["--max-num-seqs"] == "8"
    assert given["--tool-call-parser"] == "hermes"
    assert "--enable-auto-tool-choice" in found.argv
    assert "--dtype" not in given  # the weights' own: full precision


def test_without_a_gpu_vllm_gets_what_its_cpu_build_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "has_gpu", lambda: False)
    found = plan(CortexSettings(engine="vllm", weights=tmp_path, context_tokens=1024))
    given = options(found.argv)
    assert "--enforce-eager" in found.argv
    assert given["--max-model-len"] == "1024"
    assert "--gpu-memory-utilization" not in given
    assert found.env["VLLM_CPU_KVCACHE_SPACE"]


def test_the_users_options_come_last_and_overrule(tmp_path: Path) -> None:
    settings = CortexSettings(
        engine="vllm", weights=tmp_path, vllm_options="--tool-call-parser 'qwen3_coder'"
    )
    assert plan(settings).argv[-2:] == ("--tool-call-parser", "qwen3_coder")


def test_a_python_of_its_own_does_not_see_our_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/ours")
    python = tmp_path / "bin" / "python"
    found = plan(CortexSettings(engine="vllm", weights=tmp_path, vllm_python=python))
    assert found.argv[0] == str(python)
    assert "PYTHONPATH" not in found.env


def test_no_secret_of_ours_reaches_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIMMER_BUS_PASSWORD", "secret")
    assert not any("NIMMER" in name for name in plan(CortexSettings()).env)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (CortexSettings(weights=Path("/nonexistent.gguf")), r"cortex\.weights.*GGUF"),
        (CortexSettings(engine="vllm", weights=Path("/nonexistent")), r"cortex\.weights.*directory"),
        (CortexSettings(engine="url", url="http://theia:31000/v1"), "runs already"),
    ],
)
def test_what_cannot_be_started_says_which_setting_is_wrong(settings: CortexSettings, told: str) -> None:
    with pytest.raises(EngineError, match=told):
        plan(settings)
