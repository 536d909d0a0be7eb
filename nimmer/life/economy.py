"""What life pays and what it costs, as printed: the one table of amounts, in lifeforce.

Printed amounts are starting values; `nimmer.life.prices` turns them into what is really charged. Whatever can be
earned costs more than it pays when it is done for its own sake: that deters reward hacking.
Source: docs/domain.md section 6 (rewards, penalties, organ costs, net on success and failure).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

BIRTH_LEVEL = 100.0
"""What an organism starts with."""
INCOME_PER_MINUTE = 5.0
"""The physical income that needs no success, 5 to 10 % of all income of an active body."""

REWARDS: Mapping[str, float] = MappingProxyType(
    {
        "object": 20.0,  # a new one
        "dimension": 5.0,  # of an object, verified
        "vector": 2.0,  # verified
        "reidentified": 3.0,  # a known object
        "measurement": 5.0,  # it was right
        "prediction": 8.0,  # confirmed
        "reflex": 50.0,  # compiled, once
        "avoided": 5.0,  # a collision
        "area": 3.0,  # never been there
        "docked": 10.0,
        "survived": 5.0,  # 60 s
        "presented": 5.0,  # an object, by a human
        "label": 5.0,  # confirmed
        "interaction": 3.0,
    }
)
"""What success pays, by the reason it is booked under."""

PENALTIES: Mapping[str, float] = MappingProxyType(
    {"wrong": 5.0, "collision": 10.0, "timeout": 2.0, "sensor": 3.0}
)
"""What failure costs, by the reason it is booked under: a wrong measurement, a collision, a timeout, a dead sensor."""

ORGAN_COSTS: Mapping[str, float] = MappingProxyType(
    {
        "stt": 5.0,
        "stt_base": 3.0,
        "tts": 4.0,
        "tts_fast": 2.0,
        "vision_yolo": 8.0,
        "motor_forward": 2.0,  # per 100 ms
        "turn": 1.5,  # per 45 degrees
        "sensor_read": 0.5,
        "speech_queue": 0.5,
        "language_id": 0.2,
    }
)
"""What one use of an organ costs."""


class Venture(NamedTuple):
    """Something that costs first and pays only on success; both in lifeforce, 0 or more."""

    costs: float
    pays: float

    @property
    def success(self) -> float:
        """Return what is left when it succeeds."""
        return self.pays - self.costs

    @property
    def failure(self) -> float:
        """Return what is left when it fails: the loss, as a negative number."""
        return -self.costs


VENTURES: Mapping[str, Venture] = MappingProxyType(
    {
        "vision": Venture(costs=8.0, pays=25.0),
        "stt": Venture(costs=5.0, pays=8.0),
        "scan_station": Venture(costs=32.6, pays=64.0),
    }
)
"""The ventures whose net is printed: vision +17 or -8, STT +3 or -5, a scan station +31.4 or -32.6."""


class Flow(NamedTuple):
    """Income of one minute: what needs no success, and what success brings (below 0: penalties). LF/min."""

    physical: float
    reward: float


SAMPLES: Mapping[str, Flow] = MappingProxyType(
    {"active": Flow(5.0, 50.0), "idle": Flow(5.0, 0.0), "failing": Flow(5.0, -20.0)}
)
"""Printed samples of income, lifeforce per minute."""
