"""Keys of the HTTP APIs: made once, kept, private, and added to when a new identity comes."""

import json
import stat
from pathlib import Path

import pytest

from nimmer.embedded.api_keys import ensure_keys, keys_of
from nimmer.errors import HostError


def test_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    path = ensure_keys(tmp_path, ("guest", "operator"))
    first = keys_of(path)
    assert set(first) == {"guest", "operator"}
    assert len(set(first.values())) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keys_of(ensure_keys(tmp_path, ("guest", "operator"))) == first


def test_a_new_identity_gets_a_key_and_the_others_keep_theirs(tmp_path: Path) -> None:
    before = keys_of(ensure_keys(tmp_path, ("guest",)))
    after = keys_of(ensure_keys(tmp_path, ("guest", "visitor")))
    assert after["guest"] == before["guest"]
    assert set(after) == {"guest", "visitor"}


@pytest.mark.parametrize("content", ["{", "[]", '{"guest": 7}', '{"guest": ""}'])
def test_a_damaged_file_is_refused_with_the_way_out(tmp_path: Path, content: str) -> None:
    path = ensure_keys(tmp_path, ("guest",))
    path.write_text(content)
    with pytest.raises(HostError, match=r"remove it and new (keys|ones) are made"):
        ensure_keys(tmp_path, ("guest",))


def test_keys_that_others_can_read_are_refused(tmp_path: Path) -> None:
    path = ensure_keys(tmp_path, ("guest",))
    path.chmod(0o644)
    with pytest.raises(HostError, match="chmod 600"):
        keys_of(path)
    assert json.loads(path.read_text())
