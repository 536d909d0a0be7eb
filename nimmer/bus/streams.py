"""The JetStream streams: what the broker keeps, and for how long; the domain's four, and two buckets of large payloads.

Source: docs/domain.md section 7, "Streams". The broker refuses two streams with a common subject, so
VIRTUAL_TRACES names its subjects one by one and leaves `traces.training` to TRAINING_DATA. It also refuses a
subject that begins with a wildcard (it would cover JetStream's own), so the environment is written out.
"""

from dataclasses import dataclass

DAY_S = 86400.0
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream.

    max_age_s: 0 keeps for ever; max_bytes: the oldest messages go when it is reached;
    duplicate_window_s: how long a message id is remembered; replaces: a message may take the place of those
    before it on its subject, as the descriptions in a bucket do.
    """

    name: str
    subjects: tuple[str, ...]
    max_age_s: float
    max_bytes: int
    duplicate_window_s: float = 300.0
    replaces: bool = False


OBJECT_S = 3600.0
"""How long a picture or a sound is kept in the object store."""


def bucket(environment: str) -> str:
    """Return the name of the object store of `environment` for what is given: pictures and sound too large for a message."""
    return f"{environment}-organs"


def spoken_bucket(environment: str) -> str:
    """Return the name of the object store of what the organs speak; nobody else writes there, and nothing is replaced."""
    return f"{environment}-spoken"


def bucket_stream(name: str) -> str:
    """Return the name of the stream behind a bucket, as every NATS client expects it."""
    return f"OBJ_{name}"


def streams(environment: str) -> tuple[Stream, ...]:
    """Return the four streams of the server of `environment`, and those of its buckets."""
    thalamus = f"{environment}.thalamus"
    traces = tuple(f"{thalamus}.traces.{kind}" for kind in ("raw", "correlations", "transitions"))
    return (
        Stream("VIRTUAL_TRACES", traces, 7 * DAY_S, 128 * MIB),
        Stream("GATE_TRANSITIONS", (f"{thalamus}.gate.*",), DAY_S, 64 * MIB),
        Stream("VERIFICATION", (f"{thalamus}.outcomes.feedback",), 30 * DAY_S, 64 * MIB),
        Stream("TRAINING_DATA", (f"{thalamus}.traces.training",), 0.0, 1024 * MIB),
        _objects(bucket(environment), replaces=True),  # every client's own library asks for that
        _objects(spoken_bucket(environment), replaces=False),
    )


def _objects(name: str, replaces: bool) -> Stream:
    subjects = (f"$O.{name}.C.>", f"$O.{name}.M.>")
    return Stream(bucket_stream(name), subjects, OBJECT_S, 256 * MIB, replaces=replaces)
