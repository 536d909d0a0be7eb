"""`nimmer iris`: where iris is, and what becomes of the calls."""

from pathlib import Path

import pytest

from nimmer.cli.iris import chroma_of, made_again
from nimmer.config import Settings
from nimmer.errors import ConfigError, HostError
from nimmer.stores.call_log import AnsweredCall
from nimmer.stores.memories_in_memory import InMemoryMemories
from nimmer.testing.memories_contract import RUN, by_letters, memory


def settings(tmp_path: Path, **stores: object) -> Settings:
    return Settings.model_validate({"state_dir": str(tmp_path), "stores": stores})


def test_a_server_of_ones_own_needs_no_village(tmp_path: Path) -> None:
    assert chroma_of(settings(tmp_path, chroma_url="http://theia:8000")) == "http://theia:8000"


def test_without_iris_and_without_a_village_the_reason_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"stores\.chroma is false"):
        chroma_of(settings(tmp_path, chroma=False))
    with pytest.raises(HostError):
        chroma_of(settings(tmp_path))


async def test_what_was_remembered_is_forgotten_and_made_again() -> None:
    store = InMemoryMemories(by_letters)
    await store.remember([memory("old", "of a database that is gone")])
    calls = [AnsweredCall(RUN, "a", 7, 40, "What now?", "Go on.", [])]
    assert await made_again(store, calls) == 1
    assert await store.recall(RUN, 7, "what", 9) == ["What now? Go on."]
