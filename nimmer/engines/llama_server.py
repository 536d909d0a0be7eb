"""The embedded engine's process: llama.cpp's own server with one small model, on loopback.

    python -m nimmer.engines.llama_server --weights FILE.gguf --name nyx --port 8000

It speaks OpenAI's chat completions with JSON schemas, batches requests continuously, and ends the work of a connection
that closes. The one importer of xllamacpp. Source: docs/cortex.md, "Engines".
"""

import argparse
import signal
import sys
from pathlib import Path

CACHE_MB = 64
"""Prompts kept beside those in the slots; llama.cpp's own default is 8 GB."""


def serve(weights: Path, name: str, port: int, slots: int, context: int, threads: int) -> object:
    """Return the running server; it ends with the process.

    Args:
        weights: a GGUF file.
        name: the name the model is served under.
        port: where it listens on loopback.
        slots: requests worked on at a time.
        context: tokens of one request, prompt and answer.
        threads: threads that compute; two on a busy machine were far slower than one.
    """
    from xllamacpp import CommonParams, Server

    params = CommonParams()
    params.model.path = str(weights)
    params.model_alias = {name}
    params.port = port
    params.n_parallel = slots
    params.n_ctx = context * slots  # llama.cpp divides it among the slots
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.n_threads_http = slots + 4  # a stream holds one, and health must be answered besides
    params.cache_ram_mib = CACHE_MB
    params.n_gpu_layers = 0
    params.ui = False
    params.cors_origins = ""  # no web page may ask
    params.cors_origins_explicit = True
    return Server(params)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m nimmer.engines.llama_server", description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="GGUF file")
    parser.add_argument("--name", default="nyx", help="name the model is served under")
    parser.add_argument("--port", type=int, required=True, help="port on loopback")
    parser.add_argument("--slots", type=int, default=4, help="requests worked on at a time")
    parser.add_argument("--context", type=int, default=2048, help="tokens of one request")
    parser.add_argument("--threads", type=int, default=1, help="threads that compute")
    wanted = parser.parse_args()
    server = serve(wanted.weights, wanted.name, wanted.port, wanted.slots, wanted.context, wanted.threads)
    sys.stdout.write(f"ready: {wanted.name} at http://127.0.0.1:{wanted.port}/v1\n")
    sys.stdout.flush()
    signal.pause()  # the server lives as long as it is referred to
    del server


if __name__ == "__main__":
    main()
