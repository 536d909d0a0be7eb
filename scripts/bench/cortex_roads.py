"""The roads to an engine that the bench `cortex` compares, and the clients that take them."""

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from nimmer.host.ports import free_port
from nimmer.stores.traces import RowBatch

HERE = Path(__file__).resolve().parent
KEY = "bench-" + "k" * 26
LITELLM = Path(os.environ.get("NIMMER_BENCH_LITELLM", "")) if "NIMMER_BENCH_LITELLM" in os.environ else None
"""The `litellm` command of a virtual environment of its own; unset: one is made for the run, with pip."""


@dataclass(frozen=True)
class Road:
    """Where to ask: base URL ending in /v1, and the key."""

    name: str
    url: str
    key: str = "none"


def body(tokens: int) -> dict[str, Any]:
    """Return the chat every client sends."""
    messages = [
        {"role": "system", "content": "You are a villager. Answer in one short sentence."},
        {"role": "user", "content": "Where is the well?"},
    ]
    more = {"temperature": 0.0, "ignore_eos": True}
    return {"model": "nyx", "messages": messages, "max_tokens": tokens, **more}


async def _ask(session: aiohttp.ClientSession, road: Road, content: bytes) -> float:
    """Return how long one answer took, ms."""
    headers = {"Authorization": f"Bearer {road.key}", "Content-Type": "application/json"}
    begun = time.perf_counter()
    async with session.post(f"{road.url}/chat/completions", data=content, headers=headers) as response:
        answer = await response.read()
        if response.status != 200:
            raise RuntimeError(f"{road.name}: {response.status} {answer[:200]!r}")
    return (time.perf_counter() - begun) * 1000


async def _load(
    road: Road, clients: int, each: int, tokens: int, spread_s: float
) -> tuple[list[float], float]:
    """Let `clients` begin over `spread_s` and ask `each` times; return latencies, ms, and answers a second."""
    content = json.dumps(body(tokens)).encode()
    found: list[float] = []

    async def client(number: int) -> None:
        await asyncio.sleep(spread_s * number / clients)
        for _ in range(each):
            found.append(await _ask(session, road, content))  # noqa: PERF401  one after the other

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        begun = time.perf_counter()
        await asyncio.gather(*(client(number) for number in range(clients)))
        took = time.perf_counter() - begun
    return found, len(found) / took


def latency(road: Road, clients: int, each: int, tokens: int, spread_s: float) -> float:
    """Return the median latency of a road, ms, its clients beginning over `spread_s`."""
    return statistics.median(asyncio.run(_load(road, clients, each, tokens, spread_s))[0])


def throughput(road: Road, clients: int, each: int, tokens: int) -> float:
    """Return answers a second."""
    return asyncio.run(_load(road, clients, each, tokens, 0.0))[1]


def _up(url: str, within_s: float, key: str = "none") -> None:
    deadline = time.monotonic() + within_s
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=2):
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"{url} did not come up within {within_s:g} s")
        time.sleep(0.1)


@contextlib.contextmanager
def _process(argv: list[str], url: str, within_s: float, **more: str) -> Iterator[None]:
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log, env=os.environ | more)
        try:
            _up(url, within_s)
            yield
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def real_engine(slots: int) -> Iterator[Road]:
    """The embedded engine."""
    from nimmer.engines.plan import packaged_weights

    port = free_port()
    options = {"--port": port, "--weights": packaged_weights(), "--slots": slots, "--context": 512}
    argv = [sys.executable, "-m", "nimmer.engines.llama_server"]
    argv += [str(part) for pair in options.items() for part in pair]
    with _process(argv, f"http://127.0.0.1:{port}/health", 60.0, OMP_NUM_THREADS="1"):
        yield Road("the engine itself", f"http://127.0.0.1:{port}/v1")


@contextlib.contextmanager
def slow_engine(delay_s: float) -> Iterator[Road]:
    """The engine that answers after `delay_s`."""
    port = free_port()
    argv = [sys.executable, str(HERE / "slow_engine.py"), str(port), str(delay_s)]
    with _process(argv, f"http://127.0.0.1:{port}/v1/models", 20.0):
        yield Road("the engine itself", f"http://127.0.0.1:{port}/v1")


@contextlib.contextmanager
def cortex(engine: Road, slots: int) -> Iterator[Road]:
    """Our road: the Serve app with its gate and keys, before `engine`. Ray must run."""
    import ray
    from ray import serve

    from nimmer.config.cortex import CortexSettings
    from serve_apps.cortex import build
    from serve_apps.place import Place

    with tempfile.TemporaryDirectory() as directory:
        keys = Path(directory) / "keys.json"
        keys.write_text(json.dumps({"bench": KEY}))
        keys.chmod(0o600)
        place = Place("0" * 16, "dev", "nimmer-dev", "here", directory, directory, "", keys_file=str(keys))
        settings = CortexSettings(engine="url", url=engine.url, port=0, slots=slots, queue=1000)
        recorder = ray.remote(_Recorder).options(name="recorder", namespace="nimmer-dev", num_cpus=0).remote()
        handle = serve.run(build(settings, place), name="bench-cortex", route_prefix=None)
        url = handle.status.remote().result().url
        _up(url.removesuffix("/v1") + "/health", 30.0)
        try:
            yield Road("cortex", url, KEY)
        finally:
            serve.delete("bench-cortex")
            ray.kill(recorder)


class _Recorder:
    """Takes rows, as the recorder of a run does."""

    def keep(self, batch: RowBatch) -> int:
        return len(batch.rows)


@contextlib.contextmanager
def litellm(engine: Road) -> Iterator[Road]:
    """LiteLLM's proxy before `engine`. Raises OSError or CalledProcessError when it cannot be installed."""
    with tempfile.TemporaryDirectory() as directory:
        command = LITELLM or _installed(Path(directory))
        config = {
            "model_list": [
                {
                    "model_name": "nyx",
                    "litellm_params": {"model": "openai/nyx", "api_base": engine.url, "api_key": "none"},
                }
            ],
            "general_settings": {"master_key": f"sk-{KEY}"},
            "litellm_settings": {"drop_params": False},
        }
        file = Path(directory) / "config.json"
        file.write_text(json.dumps(config))  # JSON is YAML
        port = free_port()
        argv = [str(command), "--config", str(file), "--host", "127.0.0.1", "--port", str(port)]
        up = f"http://127.0.0.1:{port}/health/liveliness"
        with _process(argv, up, 120.0, LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_LOG="ERROR"):
            yield Road("LiteLLM's proxy", f"http://127.0.0.1:{port}/v1", f"sk-{KEY}")


def _installed(directory: Path) -> Path:
    """Install litellm[proxy] below `directory`; return its command."""
    subprocess.run([sys.executable, "-m", "venv", str(directory / "venv")], check=True)
    pip = [str(directory / "venv" / "bin" / "pip"), "install", "--quiet", "litellm[proxy]"]
    subprocess.run(pip, check=True, capture_output=True)
    return directory / "venv" / "bin" / "litellm"
