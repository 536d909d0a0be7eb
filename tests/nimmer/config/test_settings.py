import json

import pytest
from pydantic import ValidationError

from nimmer.config import Settings
from nimmer.config.fields import FIELDS
from nimmer.config.settings import BusSettings, StoresSettings, redact
from nimmer.config.village import VillageSettings


def test_settings_read_no_environment_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIMMER_VILLAGE__NPCS", "3")
    assert Settings().village.npcs == 25


def test_settings_cannot_be_changed() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.seed = 3
    with pytest.raises(ValidationError):
        settings.village.npcs = 3


def test_settings_survive_json() -> None:
    settings = Settings(seed=7)
    assert Settings.model_validate_json(settings.model_dump_json()) == settings


def test_no_password_is_ever_printed() -> None:
    settings = Settings(
        bus=BusSettings(url="nats://bridge:hunter2@host:4222"),
        stores=StoresSettings(postgres_url="postgresql://me@host/db?password=hunter2&sslmode=require"),
    )
    shown = settings.redacted()
    assert "hunter2" not in json.dumps(shown)
    assert shown["bus"] == {**shown["bus"], "url": "nats://bridge:***@host:4222"}  # type: ignore[dict-item]  # nested tables are plain objects


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("nats://token@host:4222", "nats://***@host:4222"),
        ("nats://host:4222", "nats://host:4222"),
        ("plain text", "plain text"),
        (7, 7),
        (None, None),
    ],
)
def test_only_secrets_are_hidden(given: object, shown: object) -> None:
    assert redact(given) == shown


def test_every_setting_is_explained_and_its_default_is_acceptable() -> None:
    Settings()  # validates every default
    for field in FIELDS.values():
        assert len(field.description) > 10, field.key
        assert field.accepts, field.key


def test_explorers_cannot_be_told_to_learn() -> None:
    with pytest.raises(ValidationError, match="learns = true needs brain = mlp"):
        VillageSettings(learns=True, brain="explorer")
    assert VillageSettings(learns=True, brain="mlp").learning_rate == 3e-4
    with pytest.raises(ValidationError, match="learning_rate"):
        VillageSettings(learning_rate=0.0)
