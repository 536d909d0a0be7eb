"""Every setting of nimmer with its unit, bounds and default, as frozen models: the one list of what can be set.

Constructing `Settings` reads no file and no environment; `nimmer.config.loading.load` does, and remembers where
each value came from. Source: docs/domain.md sections 7, 8 and 12. docs/configuration.md is generated from here.
"""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from nimmer.config.cortex import BoundarySettings, CortexSettings
from nimmer.config.organism import (
    DevicesSettings,
    LifeforceSettings,
    NervesSettings,
    ThalamusSettings,
    VirtualSettings,
)
from nimmer.config.organs import OrgansSettings
from nimmer.config.section import Section
from nimmer.config.village import GovernorSettings, VillageSettings, WorldSettings

ENV_PREFIX = "NIMMER_"
ENV_DELIMITER = "__"
ENVIRONMENT_VARIABLE = "NIMMERVERSE_ENV"
"""The one variable that moves a village to another environment: subjects, database, state directory, colour."""

Environment = Literal["dev", "staging", "prod"]

_COLOURS: dict[Environment, str] = {"dev": "#6B8E6B", "staging": "#D4A574", "prod": "#4169E1"}


def _url_of(*schemes: str) -> AfterValidator:
    def check(url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in schemes or not parts.netloc:
            raise ValueError(f"a URL such as {schemes[0]}://host:port")
        return url

    return AfterValidator(check)


class BusSettings(Section):
    """The NATS bus."""

    url: Annotated[str, _url_of("nats", "tls")] | None = Field(
        default=None, description="NATS server to use, such as nats://host:4222; unset: nimmer starts its own"
    )
    port: int | None = Field(
        default=None, ge=1, le=65535, description="loopback port of nimmer's own server; unset: any free one"
    )
    max_payload_kb: int = Field(
        default=1024,
        ge=16,
        le=8192,
        description="largest message of nimmer's own server",
        json_schema_extra={"unit": "KB"},
    )
    passwords_file: Path | None = Field(
        default=None,
        description="JSON file {identity: password}, readable by its owner only, for the server of bus.url;"
        " unset: credentials.json of the state directory",
    )
    request_timeout_s: float = Field(
        default=5,
        ge=0.1,
        le=120,
        description="how long a command waits for the village's answer",
        json_schema_extra={"unit": "s"},
    )


class StoresSettings(Section):
    """Where what happens is kept."""

    postgres_url: Annotated[str, _url_of("postgresql", "postgres")] | None = Field(
        default=None,
        description="PostgreSQL to use, such as postgresql://user@host/nimmer_dev; unset: nimmer starts its own",
    )
    postgres_port: int | None = Field(
        default=None, ge=1024, le=65535, description="port of the own PostgreSQL; unset: a free one, kept"
    )
    postgres_user: str | None = Field(
        default=None, description="Unix user the own PostgreSQL runs as when root starts it; unset: nobody"
    )
    chroma: bool = Field(default=True, description="false: no vector store is started or used")
    chroma_url: Annotated[str, _url_of("http", "https")] | None = Field(
        default=None,
        description="Chroma server to use, such as http://host:8000; unset: nimmer starts its own",
    )
    chroma_port: int | None = Field(
        default=None, ge=1024, le=65535, description="port of the own Chroma; unset: a free one, kept"
    )
    spool_mb: int = Field(
        default=256,
        ge=1,
        le=1_048_576,
        description="disk the spool may fill while PostgreSQL is away",
        json_schema_extra={"unit": "MB"},
    )
    batch_ms: int = Field(
        default=100,
        ge=10,
        le=10_000,
        description="how long rows are gathered into one batch",
        json_schema_extra={"unit": "ms"},
    )


class RaySettings(Section):
    """The Ray cluster the actors live in."""

    address: str | None = Field(
        default=None, description="cluster to join, such as auto or host:6379; unset: a local Ray"
    )
    dashboard_host: str = Field(
        default="127.0.0.1", min_length=1, description="address the Ray dashboard listens on"
    )
    dashboard_port: int = Field(default=8265, ge=1, le=65535, description="port of the Ray dashboard")
    num_cpus: int | None = Field(
        default=None, ge=1, le=4096, description="cores the local Ray may count on; unset: those of the host"
    )
    object_store_mb: int = Field(
        default=100,
        ge=80,
        le=1_048_576,
        description="shared memory of Ray's object store",
        json_schema_extra={"unit": "MB"},
    )


class LimitsSettings(Section):
    """How CPU and memory limits are enforced on NPC processes."""

    mode: Literal["auto", "v2", "v1", "nice", "none"] = Field(
        default="auto",
        description="cgroup v2, cgroup v1, nice and rlimits, or none; auto takes the first that works",
    )


class TelemetrySettings(Section):
    """What is mirrored to the bus besides what the organism itself needs."""

    wave_mirror: bool = Field(default=True, description="mirror every wave of every NPC to the bus")


class Settings(BaseSettings):
    """The whole configuration of one village."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter=ENV_DELIMITER,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_default=True,
    )

    environment: Environment = Field(
        default="dev", description=f"dev, staging or prod; the variable {ENVIRONMENT_VARIABLE} sets it"
    )
    state_dir: Path = Field(
        default=Path(".nimmer"),
        description="directory of everything a village keeps, one directory per environment in it",
    )
    seed: int | None = Field(
        default=None, ge=0, le=2**63 - 1, description="seed of the run; unset: a fresh one, recorded"
    )
    village: VillageSettings = VillageSettings()
    world: WorldSettings = WorldSettings()
    lifeforce: LifeforceSettings = LifeforceSettings()
    nerves: NervesSettings = NervesSettings()
    virtual: VirtualSettings = VirtualSettings()
    thalamus: ThalamusSettings = ThalamusSettings()
    devices: DevicesSettings = DevicesSettings()
    governor: GovernorSettings = GovernorSettings()
    cortex: CortexSettings = CortexSettings()
    boundary: BoundarySettings = BoundarySettings()
    organs: OrgansSettings = OrgansSettings()
    bus: BusSettings = BusSettings()
    stores: StoresSettings = StoresSettings()
    ray: RaySettings = RaySettings()
    limits: LimitsSettings = LimitsSettings()
    telemetry: TelemetrySettings = TelemetrySettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only the arguments: `load` reads file and environment itself, to know where a value came from."""
        return (init_settings,)

    @property
    def state_path(self) -> Path:
        """Return the directory of this environment's village."""
        return self.state_dir / self.environment

    @property
    def brains_path(self) -> Path:
        """Return the directory of the NPCs' own weights."""
        return self.village.weights_dir or self.state_path / "brains"

    @property
    def share_path(self) -> Path:
        """Return the directory of pictures and sound that messages name by path."""
        return self.organs.shared_dir or self.state_path / "share"

    @property
    def colour(self) -> str:
        """Return the environment's colour as #RRGGBB."""
        return _COLOURS[self.environment]

    @property
    def subject_prefix(self) -> str:
        """Return the first token of every bus subject."""
        return self.environment

    @property
    def database_name(self) -> str:
        """Return the name of the environment's database."""
        return f"nimmer_{self.environment}"

    def redacted(self) -> dict[str, object]:
        """Return all values as plain JSON, nested by section, every password in a URL shown as ***."""
        values: dict[str, object] = self.model_dump(mode="json")
        return {
            key: {name: redact(value) for name, value in part.items()}
            if isinstance(part, dict)
            else redact(part)
            for key, part in values.items()
        }


def redact(value: object) -> object:
    """Return `value`, with the password of a URL replaced by ***; what is no such URL is returned unchanged."""
    if not isinstance(value, str) or "://" not in value:
        return value
    parts = urlsplit(value)
    userinfo, at, host = parts.netloc.rpartition("@")
    user, colon, _ = userinfo.partition(":")
    # nats://token@host carries a secret without a colon, postgresql://user@host a name
    shown = f"{user}:***" if colon else "***" if parts.scheme in {"nats", "tls"} else user
    query = "&".join(
        f"{part.split('=')[0]}=***" if part.lower().startswith("password=") else part
        for part in parts.query.split("&")
    )
    return urlunsplit(parts._replace(netloc=f"{shown}{at}{host}" if at else host, query=query))
