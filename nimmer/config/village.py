"""The settings of the village itself: its NPCs, its world, and who governs it.

Source: docs/domain.md sections 7 and 8.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from nimmer.config.section import Section
from nimmer.life.governor import Mode


class VillageSettings(Section):
    """The NPCs: how many, where they live, how they think and what each may use."""

    npcs: int = Field(default=25, ge=1, le=500, description="NPCs in the village; each is one process")
    level: int = Field(default=1, ge=1, le=1000, description="level the curriculum starts at")
    levels_file: Path | None = Field(
        default=None, description="TOML file of levels; unset: the levels that ship with nimmer"
    )
    brain: Literal["explorer", "mlp"] = Field(
        default="mlp", description="who decides: a neural network per NPC, or the hand-written explorer"
    )
    network: Literal["small", "medium", "large"] = Field(
        default="medium", description="size of each network of brain mlp"
    )
    brains_file: Path | None = Field(
        default=None,
        description="trained brains that newborns take theirs from, as `nimmer train npc` writes them; unset: those that"
        " ship with nimmer for a medium network, and brains drawn by chance for another",
    )
    weights_dir: Path | None = Field(
        default=None,
        description="directory of npc-N.safetensors for brain mlp; unset: brains/ in the state directory",
    )
    learns: bool = Field(
        default=False,
        description="whether NPCs of brain mlp learn as they live; what they learn is saved in their weights",
    )
    learning_rate: float = Field(
        default=0.0003,
        ge=0.000001,
        le=0.1,
        description="how fast they learn: step width of Adam",
    )
    look: Literal["oracle", "eye"] = Field(
        default="oracle",
        description="where the answer to a look comes from: the truth, or what the vision organ sees of the rendered"
        " house, which may be wrong; eye needs organs.enabled",
    )
    learning_save_s: float = Field(
        default=60,
        ge=1,
        le=86_400,
        description="how often each saves what it has learned",
        json_schema_extra={"unit": "s"},
    )
    tick_hz: float = Field(
        default=10,
        ge=1,
        le=20,
        description="rate an NPC starts with; the governor changes it",
        json_schema_extra={"unit": "Hz"},
    )
    memory_mb: int = Field(
        default=256,
        ge=64,
        le=65536,
        description="most memory one NPC may use",
        json_schema_extra={"unit": "MB"},
    )
    cpu_percent: float = Field(
        default=50,
        ge=5,
        le=100,
        description="share of one core an NPC starts with; the governor changes it",
        json_schema_extra={"unit": "% of a core"},
    )

    @model_validator(mode="after")
    def _a_net_to_learn_with(self) -> Self:
        if self.learns and self.brain != "mlp":
            raise ValueError(
                f"learns = true needs brain = mlp; brain {self.brain} has no weights to learn with"
            )
        return self


class WorldSettings(Section):
    """The world: how fast it runs and how often it is snapshot, governed and questioned."""

    hz: float = Field(
        default=20, ge=1, le=100, description="world ticks per second", json_schema_extra={"unit": "Hz"}
    )
    node_capacity: int = Field(
        default=4, ge=1, le=255, description="most NPCs on one node", json_schema_extra={"unit": "NPCs"}
    )
    snapshot_ticks: int = Field(
        default=200,
        ge=1,
        le=1_000_000,
        description="ticks between snapshots",
        json_schema_extra={"unit": "world ticks"},
    )
    epoch_ticks: int = Field(
        default=600,
        ge=1,
        le=1_000_000,
        description="ticks of one epoch; the governor decides once per epoch",
        json_schema_extra={"unit": "world ticks"},
    )
    quiz_epochs: int = Field(
        default=10,
        ge=1,
        le=100_000,
        description="epochs between two quizzes of the village; one is held at once when everybody believes to"
        " know every house, at most once per epoch",
        json_schema_extra={"unit": "epochs"},
    )
    demote_after_quizzes: int = Field(
        default=0,
        ge=0,
        le=100_000,
        description="failed quizzes in a row without any growth of the coverage that send the village down a level;"
        " 0: never",
        json_schema_extra={"unit": "quizzes"},
    )


class GovernorSettings(Section):
    """Who gets how much compute, and the envelope no decision leaves."""

    enabled: bool = Field(
        default=True, description="false: every NPC keeps the rate and share it started with"
    )
    mode: Mode | None = Field(
        default=None,
        description="who decides: the trained net, the static rule, the rule with the net recommending, or nobody;"
        " unset: the rule with the net that ships recommending, or the net of governor.weights",
    )
    weights: Path | None = Field(
        default=None, description="safetensors file of the net; unset: the one that ships with nimmer"
    )
    learns: bool = Field(
        default=False, description="true: in mode net it learns on, a small step every second epoch"
    )
    capacity_percent: float | None = Field(
        default=None,
        ge=5,
        le=100_000,
        description="CPU all NPCs together may be given; unset: 100 per core of the host",
        json_schema_extra={"unit": "% of a core"},
    )
    max_tick_step_hz: float = Field(
        default=5,
        gt=0,
        le=20,
        description="most an NPC's rate may change per epoch",
        json_schema_extra={"unit": "Hz"},
    )
    max_cpu_step: float = Field(
        default=25,
        gt=0,
        le=100,
        description="most an NPC's CPU share may change per epoch",
        json_schema_extra={"unit": "% of a core"},
    )
    min_tick_hz: float = Field(
        default=1, ge=1, le=20, description="lowest rate it may give", json_schema_extra={"unit": "Hz"}
    )
    max_tick_hz: float = Field(
        default=20, ge=1, le=20, description="highest rate it may give", json_schema_extra={"unit": "Hz"}
    )

    @model_validator(mode="after")
    def _floor_below_ceiling(self) -> Self:
        if self.min_tick_hz > self.max_tick_hz:
            raise ValueError(
                f"min_tick_hz = {self.min_tick_hz:g} must not exceed max_tick_hz = {self.max_tick_hz:g}"
            )
        return self
