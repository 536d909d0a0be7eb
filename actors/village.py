"""Starts the actors of a run: their names, resources and restarts, and stops them in the order that loses nothing.

Everyone is pinned to the launcher's node, where the arena and the servers are. Organism actors belong to the
launcher and end with it; NPCs are detached, so that a supervisor can die without taking them along.
Source: docs/domain.md section 12, "Ray mapping"; docs/design.md.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.boundary import BoundaryActor
from actors.bridge import BridgeActor
from actors.cell_groups import CELL_GROUPS
from actors.cells import CellsActor
from actors.charter import Charter
from actors.conversation import ConversationActor
from actors.devices import DevicesActor
from actors.garden import GardenActor, Host
from actors.governor import GovernorActor
from actors.recorder import RecorderActor
from actors.supervisor import SupervisorActor
from actors.thalamus import ThalamusActor
from actors.virtual import VirtualActor
from nimmer.errors import HostError
from nimmer.stores.traces import RowBatch

ORGANISM_CPUS = 0.05
"""What an organism actor is admitted with."""
SUPERVISOR = "supervisor"
READY_S = 60.0
STOP_S = 15.0
LOOK_S = 0.5


@dataclass(slots=True)
class Village:
    """The running actors of one run."""

    charter: Charter
    actors: dict[str, Any] = field(default_factory=dict)
    lives: dict[str, Any] = field(default_factory=dict)

    def begin(self) -> None:
        """Create who the NPCs need, supervisor and garden, and let them live; returns at once, while they start."""
        hosts = [Host(SUPERVISOR, 0, self.charter.npcs)]
        self._create(SUPERVISOR, SupervisorActor)
        self._create("garden", GardenActor, hosts)

    def serve(self) -> None:
        """Create the other organism actors, once; returns at once.

        Ray starts workers in the order of request: asked for after the NPCs, nobody's first tick waits for these.
        What the NPCs have to say meanwhile waits in the arena.
        """
        if "bridge" in self.actors:
            return
        self._create("recorder", RecorderActor)
        self._create("bridge", BridgeActor)
        self._create("governor", GovernorActor)
        for shard in range(self.charter.thalamus_shards):
            self._create(f"thalamus-{shard}", ThalamusActor, shard)
        self._create("cells", CellsActor)
        if self.charter.devices_enabled:
            self._create("devices", DevicesActor)
        if self.charter.virtual_enabled:
            self._create("virtual", VirtualActor)
        if self.charter.cortex_enabled:
            self._create("boundary", BoundaryActor)
        if self.charter.cortex_enabled or self.charter.organs_enabled:
            self._create("conversation", ConversationActor)

    def _create(self, name: str, kind: Any, *arguments: object) -> None:  # noqa: ANN401  Ray's actor classes are untyped
        node = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        group = next((one for one in CELL_GROUPS if one.name == name), None)
        asked = group.options(_offered_here()) if group else {"num_cpus": ORGANISM_CPUS}
        self.actors[name] = kind.options(
            name=name,
            namespace=self.charter.namespace,
            **asked,
            max_restarts=-1,
            max_task_retries=0,
            scheduling_strategy=node,
            enable_task_events=False,
        ).remote(self.charter, *arguments)
        self.lives[name] = self.actors[name].live.remote()

    def ready(self, within_s: float = READY_S) -> None:
        """Wait until requests are heard on the bus. Raises HostError when the bridge cannot come up."""
        try:
            ray.get(self.actors["bridge"].ready.remote(), timeout=within_s)
        except ray.exceptions.RayError as error:
            raise HostError(f"the bridge does not come up at {self.charter.host}: {error}") from error

    def not_born(self) -> dict[int, str]:
        """Return the NPCs that cannot be born, and why; empty while the supervisor is too busy to say."""
        try:
            status: dict[str, Any] = ray.get(self.actors[SUPERVISOR].status.remote(), timeout=LOOK_S)
        except ray.exceptions.RayError:
            return {}
        return dict(status["gave_up"])

    def keep(self, batch: RowBatch) -> None:
        """Hand rows to the recorder and wait until they are acknowledged."""
        ray.get(self.actors["recorder"].keep.remote(batch), timeout=READY_S)

    def tend(self) -> str | None:
        """Return why an actor ended for good, once, or None.

        One that is revived lives again by itself. Ray tells us of its death only at this process's next heartbeat,
        up to half a minute later; it is asked to live then all the same, for who is asked twice lives once.
        """
        done, _ = ray.wait(list(self.lives.values()), num_returns=len(self.lives), timeout=0)
        for name, ref in list(self.lives.items()):
            if ref not in done:
                continue
            try:
                ray.get(ref)
            except ray.exceptions.RayError as error:
                if self._gone(name):
                    del self.lives[name]
                    return f"{name}: {error}"
                self.lives[name] = self.actors[name].live.remote()
        return None

    def _gone(self, name: str) -> bool:
        """Tell whether Ray has given up actor `name`: it could not be born again."""
        try:
            ray.get_actor(name, namespace=self.charter.namespace)
        except ValueError:
            return True
        return False

    def stop(self, tell: Callable[[str], None]) -> dict[str, Any]:
        """Stop in order and return each actor's last word; one that does not answer is left out, and told of.

        The recorder is asked to keep everything that waits, and lives on until `close_store`.
        """
        words: dict[str, Any] = {}
        shards = [f"thalamus-{shard}" for shard in range(self.charter.thalamus_shards)]
        senses = ("conversation", "boundary", "governor", "cells", "devices", *shards, "virtual")
        for name in (*senses, "garden", SUPERVISOR, "bridge", "recorder"):
            if name not in self.actors:
                continue
            try:
                words[name] = ray.get(self.actors[name].stop.remote(), timeout=STOP_S)
            except ray.exceptions.RayError as error:
                tell(f"{name} did not stop in order: {error}")
        return words

    def close_store(self, last: RowBatch, tell: Callable[[str], None]) -> None:
        """Keep the run's last row, its ending, and let go of the database."""
        if "recorder" not in self.actors:
            return
        try:
            ray.get(self.actors["recorder"].close.remote(last), timeout=STOP_S)
        except ray.exceptions.RayError as error:
            tell(f"the run's ending is not written down: {error}")


def _offered_here() -> dict[str, float]:
    """Return the resources of the launcher's own Ray node, where all of a village's actors are."""
    here = ray.get_runtime_context().get_node_id()
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]  # Ray's own
    return next((dict(node["Resources"]) for node in nodes if node["NodeID"] == here), {})


def end_leftovers(namespace: str, tell: Callable[[str], None]) -> None:
    """End the actors of a village that a killed launcher left in an attached cluster."""
    for one in ray.util.list_named_actors(all_namespaces=True):
        if one["namespace"] == namespace:
            tell(f"ended the actor {one['name']} of an earlier village")
            with contextlib.suppress(ValueError):
                ray.kill(ray.get_actor(one["name"], namespace=namespace), no_restart=True)
