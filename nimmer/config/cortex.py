"""The settings of the cortex and of the boundary before it.

Source: docs/domain.md section 10; the owner's document (served name nyx, port 31000, 85 % of the GPU, full precision).
"""

import shlex
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from nimmer.config.section import Section


def _http(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("a URL such as http://host:31000/v1")
    if parts.username or parts.password:
        raise ValueError("a URL without user and password; a key goes into the file of cortex.url_key_file")
    return url.rstrip("/")


def _command_line(options: str) -> str:
    try:
        shlex.split(options)
    except ValueError as error:
        raise ValueError(f"options as on a command line: {error}") from None
    return options


class CortexSettings(Section):
    """The one language model of the village, and the gate in front of it."""

    enabled: bool = Field(default=True, description="false: there is no cortex; who asks is denied")
    engine: Literal["embedded", "vllm", "url"] = Field(
        default="embedded",
        description="embedded: llama.cpp on the CPU with a small packaged model; vllm: a vLLM that nimmer starts; url: an"
        " OpenAI-compatible server that runs already",
    )
    url: Annotated[str, AfterValidator(_http)] | None = Field(
        default=None, description="OpenAI-compatible server of engine url, such as http://theia:31000/v1"
    )
    url_key_file: Path | None = Field(
        default=None, description="file with the API key of that server, readable by its owner only"
    )
    model: str = Field(default="nyx", min_length=1, description="name the model is served under")
    weights: Path | None = Field(
        default=None,
        description="GGUF file of engine embedded, or model directory of engine vllm; unset: the packaged SmolLM2-135M",
    )
    vllm_python: Path | None = Field(
        default=None, description="Python that has vLLM, for engine vllm; unset: the one nimmer runs with"
    )
    vllm_options: Annotated[str, AfterValidator(_command_line)] = Field(
        default="--gpu-memory-utilization 0.85",
        description="further options of vLLM's server, as on its command line",
    )
    gpus: float = Field(
        default=0,
        ge=0,
        le=16,
        description="GPUs the cortex asks Ray for; an engine that nimmer starts sees these and no others",
    )
    resource: str | None = Field(
        default=None,
        description="custom Ray resource of the host the cortex is to be on, such as theia; unset: any",
    )
    host: str = Field(
        default="127.0.0.1", min_length=1, description="address the OpenAI-compatible API listens on"
    )
    port: int = Field(
        default=31000, ge=0, le=65535, description="port of the OpenAI-compatible API; 0: any free one"
    )
    slots: int = Field(default=4, ge=1, le=256, description="requests the engine works on at a time")
    queue: int = Field(default=64, ge=1, le=10_000, description="requests that may wait; more are denied")
    timeout_ms: int = Field(
        default=4000,
        ge=50,
        le=600_000,
        description="longest time from asking to answer; then it is a failure, and costs",
        json_schema_extra={"unit": "ms"},
    )
    ageing_s: float = Field(
        default=1.0,
        ge=0.01,
        le=3600,
        description="waiting so long is worth one step of priority",
        json_schema_extra={"unit": "s"},
    )
    npc_per_minute: int = Field(default=12, ge=1, le=10_000, description="requests one NPC may make a minute")
    npc_lifeforce: float = Field(
        default=60.0, ge=0, le=1e6, description="lifeforce one NPC may spend here per minute"
    )
    context_tokens: int = Field(
        default=2048, ge=256, le=1_000_000, description="context of one request of engine embedded"
    )
    threads: int = Field(default=1, ge=1, le=256, description="threads of engine embedded")
    max_prompt_chars: int = Field(
        default=32_000, ge=100, le=10_000_000, description="longest prompt; more is refused"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.engine == "url" and self.url is None:
            raise ValueError("engine = url needs cortex.url, such as http://theia:31000/v1")
        if self.engine == "vllm" and self.weights is None:
            raise ValueError("engine = vllm needs cortex.weights, the model's directory")
        return self


class BoundarySettings(Section):
    """Function Gemma: what turns signals into questions and answers into commands, as JSON or not at all."""

    mapper: Literal["model", "template"] = Field(
        default="model",
        description="model: fields are chosen in code and worded by a small model under a schema; template: no model",
    )
    weights: Path | None = Field(
        default=None,
        description="GGUF file of a functiongemma-270m; unset: the cortex's engine words, if it is embedded",
    )
    memories: int = Field(
        default=4, ge=0, le=32, description="remembered answers an NPC's question is given from iris"
    )
    stale_ticks: int = Field(
        default=100, ge=1, le=100_000, description="world ticks after which an answer is dropped"
    )
