"""The cortex's road to its engine (HTTP API, keys, gate, a row per call) against asking the engine directly.

    scripts/bench/run cortex

Two engines. One answers the same words after 400 ms: behind it the time that a road adds can be seen, with 1, 8 and 32
clients that begin one after the other; value and rival_value are median latencies in ms, the ratio is their DIFFERENCE,
ms. The other is the embedded one (SmolLM2-135M, one thread, 32 slots so that the gate holds nobody back, 16 tokens an
answer): answers a second, the ratio is ours / rival. Both roads take turns in one run and share one engine. The boundary
is off. The cortex is the Serve app as in a village, with engine = url.

Another rival in the same run is LiteLLM's proxy, in an environment of its own: NIMMER_BENCH_LITELLM names its command;
unset, it is installed for the run; when it cannot be, a row says so. Its added latency has a goal that anything meets.
"""

import statistics
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from cortex_roads import Road, cortex, latency, litellm, real_engine, slow_engine, throughput
from measurement import Measurement, median_of_pairs, meets
from quiet_ray import quiet_ray

CLIENTS = (1, 8, 32)
SLOTS = 32
DELAY_S = 0.4
TOKENS = 16


def added(road: Road, engine: Road, clients: int, rounds: int, goal: str) -> Measurement:
    """Return what a road adds to the median latency, ms."""
    each = 6
    ours: list[float] = []
    direct: list[float] = []
    for turn in range(rounds):
        order = [(road, ours), (engine, direct)]
        for one, found in order if turn % 2 else reversed(order):
            found.append(latency(one, clients, each, TOKENS, DELAY_S))
    differences = [own - other for own, other in zip(ours, direct, strict=True)]
    more = statistics.median(differences)
    note = f"{rounds} rounds of {clients * each} answers each, {min(differences):.2f} to {max(differences):.2f} ms"
    return Measurement(
        f"{road.name}: added latency p50, {clients} client{'s' * (clients > 1)}",
        statistics.median(ours),
        "ms",
        engine.name,
        statistics.median(direct),
        more,
        goal,
        meets(more, goal),
        note,
    )


def rate(road: Road, rival: Road, clients: int, pairs: int, goal: str) -> Measurement:
    """Return answers a second of a road beside its rival's; the fewer clients, the shorter and more the pairs."""
    each = 2 if clients == max(CLIENTS) else 3
    found = median_of_pairs(
        lambda: throughput(road, clients, each, TOKENS),
        lambda: throughput(rival, clients, each, TOKENS),
        pairs * max(1, 4 // clients),
    )
    metric = f"{road.name}: throughput, {clients} client{'s' * (clients > 1)}"
    return found.measurement(metric, "answers per s", rival.name, goal)


def rows(ours: Road, engine: Road, proxy: Road | None, rounds: int, added_ms: bool) -> Iterator[Measurement]:
    """Yield the measurements on one engine."""
    for clients in CLIENTS:
        if added_ms:
            yield added(ours, engine, clients, rounds, "<= 3.0")
        else:
            yield rate(ours, engine, clients, rounds, ">= 0.95")
            if proxy:
                yield rate(ours, proxy, clients, (rounds + 1) // 2, ">= 1.0")
    if proxy and added_ms:
        for clients in CLIENTS:
            yield added(proxy, engine, clients, rounds, "<= 1000.0")


def measure(quick: bool) -> list[Measurement]:
    """Return what the road costs."""
    rounds = 2 if quick else 7
    found: list[Measurement] = []
    missing = ""
    for added_ms in (True, False):
        with ExitStack() as stack:
            stack.enter_context(quiet_ray())
            engine = stack.enter_context(slow_engine(DELAY_S) if added_ms else real_engine(SLOTS))
            proxy = None
            try:
                proxy = stack.enter_context(litellm(engine))
            except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
                missing = f"not measured: {type(error).__name__}"
            ours = stack.enter_context(_serving(engine))
            for road in filter(None, (engine, proxy, ours)):
                latency(road, 2, 2, TOKENS, 0.0)  # the first calls are special
            found += rows(ours, engine, proxy, rounds, added_ms)
    if missing:
        found.append(
            Measurement("cortex: throughput", 1.0, "", "LiteLLM's proxy", 1.0, 1.0, ">= 1.0", True, missing)
        )
    return found


@contextmanager
def _serving(engine: Road) -> Iterator[Road]:
    """Our road, with its Serve."""
    from ray import serve

    serve.start(proxy_location="Disabled")
    with cortex(engine, SLOTS) as road:
        yield road
    serve.shutdown()
