"""The settings of the organs and of the cards they are loaded on.

Source: docs/domain.md section 9 (one model per card of 20 GB, idle timeout 300 s, TTS kept warm, a queue served each
second).
"""

from pathlib import Path

from pydantic import Field

from nimmer.config.section import Section


class OrgansSettings(Section):
    """Sight, hearing and speech: loaded on demand, one model per card."""

    enabled: bool = Field(default=True, description="false: there are no organs")
    host: str = Field(default="127.0.0.1", min_length=1, description="address the organs' API listens on")
    port: int = Field(default=31001, ge=0, le=65535, description="port of the organs' API; 0: any free one")
    cards: int = Field(default=2, ge=1, le=16, description="cards; without a GPU each is a process")
    gpu: bool = Field(default=False, description="true: each card asks Ray for one GPU")
    card_resource: str | None = Field(
        default=None,
        description="custom Ray resource a card asks for, such as dioscuri_card; _ and its number are appended; unset: none",
    )
    card_memory_mb: int = Field(
        default=2000,
        ge=100,
        le=1_000_000,
        description="memory of one card; a model that needs more is refused",
        json_schema_extra={"unit": "MB"},
    )
    idle_s: float = Field(
        default=300,
        ge=1,
        le=86_400,
        description="an unused model is unloaded after so long",
        json_schema_extra={"unit": "s"},
    )
    pinned: str = Field(
        default="tts",
        pattern=r"^((vision|stt|tts)(,(vision|stt|tts))*)?$",
        description="organs whose model stays once loaded, separated by commas: vision, stt, tts",
    )
    heartbeat_s: float = Field(
        default=1.0,
        ge=0.05,
        le=15,
        description="how often the queue is served; reflexes do not wait for it",
        json_schema_extra={"unit": "s"},
    )
    queue: int = Field(default=128, ge=1, le=10_000, description="operations that may wait; more are refused")
    lifeforce: float = Field(
        default=100.0, ge=0, le=1e6, description="lifeforce of the organs' own ledger; 20 % of it pays a beat"
    )
    shared_dir: Path | None = Field(
        default=None,
        description="directory of pictures and sound named by path; unset: share/ in the state directory",
    )
    vision_weights: Path | None = Field(
        default=None, description="ONNX detector; unset: the one that ships with nimmer"
    )
    stt_weights: Path | None = Field(
        default=None, description="directory of a faster-whisper model; unset: the packaged tiny one"
    )
    tts_voice: str | None = Field(
        default=None, description="voice of the speech organ; unset: the packaged one"
    )
    max_image_mb: int = Field(
        default=20, ge=1, le=1000, description="largest picture file", json_schema_extra={"unit": "MB"}
    )
    max_audio_s: float = Field(
        default=120,
        ge=1,
        le=36_000,
        description="longest sound; more is refused",
        json_schema_extra={"unit": "s"},
    )
