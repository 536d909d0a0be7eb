"""What every actor of one run is told at its creation: a small frozen record instead of the whole settings.

Actors must not import the configuration (pydantic costs an NPC process 10 MB); the composition root translates.
"""

from dataclasses import dataclass, field
from pathlib import Path

from nimmer.life.evolution import EvolutionRules
from nimmer.life.nerve_spec import NerveSpec
from nimmer.life.nerve_table import load_nerves
from nimmer.life.prices import Prices


@dataclass(frozen=True, slots=True)
class Charter:
    """One run, as its actors know it. Paths are strings, times in seconds, sizes as named."""

    run: str
    environment: str
    seed: int
    npcs: int
    level: int
    host: str
    arena: str
    state_dir: str
    levels_file: str | None = None
    world_hz: float = 20.0
    node_capacity: int = 4
    look: str = "oracle"
    """Where a look's answer comes from: the world itself, or the eye."""
    snapshot_ticks: int = 200
    epoch_ticks: int = 600
    quiz_epochs: int = 10
    demote_after_quizzes: int = 0
    tick_hz: float = 10.0
    cpu_percent: float = 50.0
    memory_mb: int = 256
    brain: str = "explorer"
    weights_dir: str = ""
    learning_rate: float | None = None
    learning_save_s: float = 60.0
    """How fast NPCs with a net learn as they live, None when they do not."""
    price_scale: float = 0.01
    prices: Prices | None = None
    """What was measured to cost something, None for the printed prices times `price_scale`."""
    nerves_file: str | None = None
    rules: EvolutionRules = field(default_factory=EvolutionRules)
    """When a nerve grows from deliberate to reflex."""
    devices_enabled: bool = True
    limits_mode: str = "auto"
    governor_mode: str = "rule"
    governor_weights: str = ""
    """File of the net's weights; empty when there is none."""
    governor_learns: bool = False
    capacity_percent: float = 200.0
    max_tick_step_hz: float = 5.0
    max_cpu_step: float = 25.0
    min_tick_hz: float = 1.0
    max_tick_hz: float = 20.0
    wave_mirror: bool = True
    thalamus_shards: int = 1
    batch_ms: int = 100
    spool_mb: int = 256
    nats_url: str = field(default="", repr=False)
    postgres_dsn: str = field(default="", repr=False)
    ray_events_port: int = 0
    cortex_enabled: bool = False
    """Whether there is a cortex, and so a boundary before it."""
    cortex_timeout_ms: int = 4000
    """The longest time from an NPC's question to its answer."""
    organs_enabled: bool = False
    mapper: str = "template"
    gemma_weights: str = ""
    memories: int = 4
    stale_ticks: int = 100
    share_dir: str = ""
    chroma_url: str = ""
    virtual_enabled: bool = True
    virtual_speed: float = 10.0
    virtual_every_s: float = 5.0
    virtual_horizon_s: float = 2.0
    virtual_futures: int = 4
    virtual_share: float = 0.5
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    """Passwords of the bridge, the recorder and the devices' ear; never shown."""

    def nerves(self) -> tuple[NerveSpec, ...]:
        """Return the table of nerves in force. Raises NerveError when it is none."""
        return load_nerves(Path(self.nerves_file) if self.nerves_file else None)

    @property
    def namespace(self) -> str:
        """Return the Ray namespace of this environment's actors."""
        return f"nimmer-{self.environment}"

    @property
    def group(self) -> str:
        """Return the name of the run's control group."""
        return f"nimmer-{self.environment}-{self.run}"
