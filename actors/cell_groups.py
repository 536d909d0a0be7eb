"""Which actor carries which cells, and what each is admitted with.

A cell is an object, a group of them an actor: what fails alone, and what is placed alone. A custom resource is asked
for only where the cluster offers it, so that one machine runs what several hosts divide.
Source: docs/domain.md section 12, "Ray mapping" (cell groups as actors) and "Identities" (nyx-nervous).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MB = 1 << 20


@dataclass(frozen=True, slots=True)
class CellGroup:
    """One group: its name (of actor and outbox), the actor's class, and its resources.

    cells: kinds it carries, by name; num_cpus: share of a core it is admitted with; memory_mb: what it is expected to
    need; resources: custom resources by name, asked for only where they are offered.
    """

    name: str
    actor: str
    cells: tuple[str, ...]
    num_cpus: float = 0.05
    memory_mb: int = 256
    resources: Mapping[str, float] = field(default_factory=dict)

    def options(self, offered: Mapping[str, float]) -> dict[str, Any]:
        """Return the options to create the actor with in Ray; `offered` are the cluster's resources by name."""
        asked = {name: share for name, share in self.resources.items() if offered.get(name, 0.0) >= share}
        return {"num_cpus": self.num_cpus, "memory": self.memory_mb * MB, "resources": asked}


CELL_GROUPS: tuple[CellGroup, ...] = (
    CellGroup(
        "cells",
        "actors.cells.CellsActor",
        (
            "host_cpu",
            "host_memory",
            "host_temperature",
            "host_battery",
            "math/v1",
            "math/v2",
            "speech_stt",
            "speech_tts",
            "vision_detect",
        ),
    ),
    CellGroup(
        "devices",
        "actors.devices.DevicesActor",
        (
            "distance_front",
            "distance_left",
            "distance_right",
            "motor_left",
            "motor_right",
            "imu_sensor",
            "light_sensor",
            "servo_camera",
            "battery_monitor",
        ),
        resources={"identity_nyx_nervous": 0.01},
    ),
)
"""The groups. An NPC's body cells live in the NPC; organs wait for their driver."""


def group_named(name: str) -> CellGroup:
    """Return the group called `name`. Raises KeyError naming every group when there is none."""
    for group in CELL_GROUPS:
        if group.name == name:
            return group
    raise KeyError(
        f"no group of cells is called {name!r}; there are {', '.join(one.name for one in CELL_GROUPS)}"
    )
