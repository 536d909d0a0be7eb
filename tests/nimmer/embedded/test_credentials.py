import json
from pathlib import Path

import pytest

from nimmer.embedded.credentials import ensure, load
from nimmer.errors import HostError


def test_generated_passwords_are_kept_and_different(tmp_path: Path) -> None:
    made = ensure(tmp_path, ["bridge", "watch"])
    assert load(tmp_path) == made
    assert ensure(tmp_path, ["bridge", "watch"]) == made
    secrets = [*made.nats.values(), made.postgres, made.postgres_watch, made.ray]
    assert len(set(secrets)) == 5
    assert (tmp_path / "credentials.json").stat().st_mode & 0o777 == 0o600


def test_an_upgrade_adds_only_what_is_missing(tmp_path: Path) -> None:
    before = ensure(tmp_path, ["bridge"])
    path = tmp_path / "credentials.json"
    values = json.loads(path.read_text())
    del values["postgres_watch"]
    values["later"] = "kept"
    path.write_text(json.dumps(values))
    after = ensure(tmp_path, ["bridge", "guest"])
    assert after.nats["bridge"] == before.nats["bridge"]
    assert after.nats["guest"]
    assert after.postgres == before.postgres
    assert json.loads(path.read_text())["later"] == "kept"


def test_passwords_never_show_in_a_repr(tmp_path: Path) -> None:
    assert ensure(tmp_path, ["bridge"]).ray not in repr(load(tmp_path))


def test_a_readable_file_is_refused(tmp_path: Path) -> None:
    ensure(tmp_path, ["bridge"])
    (tmp_path / "credentials.json").chmod(0o644)
    with pytest.raises(HostError, match=r"chmod 600"):
        load(tmp_path)
    with pytest.raises(HostError, match=r"chmod 600"):
        ensure(tmp_path, ["bridge"])


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"nats": []}', '{"nats": {"bridge": 3}}', '{"postgres": "with\\"quote"}', '{"ray": "short"}'],
)
def test_a_damaged_file_is_a_clear_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "credentials.json"
    path.touch(mode=0o600)
    path.write_text(content)
    with pytest.raises(HostError, match=r"credentials.json is damaged"):
        ensure(tmp_path, ["bridge"])


def test_missing_credentials_name_the_fix(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"nimmer up"):
        load(tmp_path)
