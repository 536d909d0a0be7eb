"""Where a Serve app stands: the run it belongs to, and how it reaches bus, recorder and thalamus.

A Serve app is no organism actor: it has no arena and may be on another host. What it has to tell goes over NATS, as
its own identity, and its rows go to the run's recorder by name.
"""

from dataclasses import dataclass, field

from nimmer.cortex.apps import cortex_app, organs_app

__all__ = ["Place", "cortex_app", "organs_app"]


@dataclass(frozen=True, slots=True)
class Place:
    """One run, as its Serve apps know it. Paths are strings."""

    run: str
    environment: str
    namespace: str
    """Ray namespace of the run's actors; the recorder is `recorder` in it, a shard of the thalamus `thalamus-N`."""
    host: str
    state_dir: str
    share_dir: str
    nats_url: str = field(repr=False)
    identity: str = "nyx-cognitive"
    """The identity the app has on the bus and the database."""
    password: str = field(default="", repr=False)
    keys_file: str = ""
    """JSON file {identity: API key} of who may use the app over HTTP."""
    chroma_url: str = ""
    thalamus_shards: int = 1
    price_scale: float = 0.01
