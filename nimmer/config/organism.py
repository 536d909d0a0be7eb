"""The settings of the organism itself: what life costs, how nerves evolve, the virtual garden, thalamus and devices.

Source: docs/domain.md sections 2 to 6.
"""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from nimmer.config.section import Section


class LifeforceSettings(Section):
    """The energy economy."""

    price_scale: float = Field(
        default=0.01,
        ge=0,
        le=100,
        description="factor on every printed price of a cell, gate and nerve; 0 makes life free",
    )
    prices: Path | None = Field(
        default=None,
        description="profile of measured prices, made by `nimmer calibrate`; unset: the printed prices",
    )


MOST_AHEAD = 6
"""How many rehearsals may begin before the horizon of the first is reached."""


class NervesSettings(Section):
    """How nerves evolve from deliberate to reflex, and back."""

    table: Path | None = Field(
        default=None, description="TOML file of nerves; unset: the four that ship with nimmer"
    )
    hybrid_weight: float = Field(
        default=0.3, ge=0, le=1, description="gate weight from which a nerve looks for stored patterns"
    )
    compile_successes: int = Field(
        default=100,
        ge=1,
        le=10_000,
        description="successes of one state sequence before it may be compiled",
    )
    compile_weight: float = Field(
        default=0.8, ge=0, lt=1, description="gate weight above which a nerve may be compiled to a reflex"
    )
    compile_rate: float = Field(
        default=0.85, ge=0, le=1, description="share of successes below which nothing is compiled"
    )
    demote_weight: float = Field(
        default=0.7, ge=0, le=1, description="gate weight at which a reflex is demoted again"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for name in ("demote_weight", "hybrid_weight"):
            if getattr(self, name) >= self.compile_weight:
                raise ValueError(
                    f"{name} = {getattr(self, name):g} must be below compile_weight = {self.compile_weight:g}"
                )
        return self


class VirtualSettings(Section):
    """The virtual garden, in which the village is rehearsed a little ahead of time."""

    enabled: bool = Field(
        default=True, description="false: nothing is rehearsed, real gates open by waves alone"
    )
    speed: float = Field(
        default=10, ge=1, le=1000, description="virtual seconds per second while it runs; priced in lifeforce"
    )
    every_s: float = Field(
        default=5, ge=1, le=3600, description="time between two rehearsals", json_schema_extra={"unit": "s"}
    )
    horizon_s: float = Field(
        default=2,
        ge=0.5,
        le=60,
        description="how far ahead a rehearsal looks",
        json_schema_extra={"unit": "s"},
    )
    futures: int = Field(
        default=4, ge=1, le=16, description="futures of one rehearsal; what all of them hold is a forecast"
    )
    share: float = Field(
        default=0.5, ge=0.01, le=1, description="share of a core that a free future may have"
    )

    @model_validator(mode="after")
    def _judged_in_time(self) -> Self:
        if self.horizon_s > MOST_AHEAD * self.every_s:
            raise ValueError(
                f"horizon_s = {self.horizon_s:g} must not exceed {MOST_AHEAD} times every_s = {self.every_s:g}: "
                "forecasts would pile up faster than the real garden can judge them"
            )
        return self


class ThalamusSettings(Section):
    """The gates that all share."""

    shards: int = Field(
        default=1, ge=1, le=4, description="processes the shared gates are spread over, by domain"
    )


class DevicesSettings(Section):
    """Sensors of other machines that send raw readings on the bus."""

    enabled: bool = Field(default=True, description="false: no device is listened to")
