import json
from pathlib import Path

import pytest

from nimmer.errors import ConfigError, HostError
from serve_apps.keys import Keys

OWN = {"operator": "o" * 24, "guest": "g" * 24}


def test_a_key_names_its_identity_and_nothing_else_does() -> None:
    keys = Keys(OWN)
    assert keys.identify("Bearer " + "o" * 24) == "operator"
    assert keys.identify("bearer " + "g" * 24) == "guest"
    for wrong in ("", "Bearer", "Bearer ", "Basic " + "o" * 24, "Bearer " + "o" * 23, "Bearer \u00e9"):
        assert keys.identify(wrong) is None


def test_without_a_file_nobody_has_a_key() -> None:
    assert Keys.read("").identify("Bearer ") is None


def test_keys_are_read_from_a_file_only_its_owner_may_read(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(OWN))
    file.chmod(0o644)
    with pytest.raises(HostError, match="chmod 600"):
        Keys.read(str(file))
    file.chmod(0o600)
    assert Keys.read(str(file)).identify("Bearer " + "g" * 24) == "guest"


@pytest.mark.parametrize("content", ["", "[]", '{"guest": 3}', '{"guest": "short"}'])
def test_a_broken_file_is_an_error_that_does_not_say_a_key(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(ConfigError) as error:
        Keys.read(str(file))
    assert "short" not in str(error.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.json"):
        Keys.read(str(tmp_path / "nowhere.json"))
