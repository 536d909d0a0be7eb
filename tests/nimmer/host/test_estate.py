from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.errors import HostError
from nimmer.host.estate import Estate, Facts, Leftovers, from_json, leftovers, to_json
from nimmer.host.processes import ProcessId

identities = st.builds(ProcessId, st.integers(1, 2**22), st.integers(0, 2**62))
texts = st.none() | st.text(max_size=20)
estates = st.builds(
    Estate,
    run=st.text("0123456789abcdef", min_size=16, max_size=16),
    environment=st.sampled_from(["dev", "staging", "prod"]),
    seed=st.integers(0, 2**32),
    launcher=identities,
    boot=st.uuids().map(str),
    started_s=st.floats(0, 2e9),
    servers=st.dictionaries(st.sampled_from(["nats", "postgres", "chroma"]), identities),
    processes=st.dictionaries(st.text(max_size=8), identities, max_size=3),
    groups=st.lists(st.text(max_size=20), max_size=3).map(tuple),
    arena=texts,
    temp=texts,
    nats_url=texts,
)

ESTATE = Estate(
    run="0123456789abcdef",
    environment="dev",
    seed=1,
    launcher=ProcessId(10, 100),
    boot="now",
    started_s=0.0,
    servers={"nats": ProcessId(11, 101)},
    arena="/dev/shm/nimmer-dev-0123456789abcdef",
    groups=("/sys/fs/cgroup/nimmer-dev-0123456789abcdef",),
    temp="/tmp/nimmer-dev-0123456789abcdef",
)
EVERYTHING = frozenset([*ESTATE.groups, str(ESTATE.arena), str(ESTATE.temp)])


@given(estates)
def test_an_estate_comes_back_from_its_file_unchanged(estate: Estate) -> None:
    assert from_json(to_json(estate), Path("run.json")) == estate


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"{", b'{"version": 1}', b'{"version": 1, "launcher": 3}']
)
def test_a_damaged_file_is_a_clear_error(content: bytes) -> None:
    with pytest.raises(HostError, match=r"run.json is damaged .* then remove it"):
        from_json(content, Path("run.json"))


def test_a_file_of_another_version_is_told_apart() -> None:
    with pytest.raises(HostError, match=r"version 2, this nimmer reads 1"):
        from_json(b'{"version": 2}', Path("run.json"))


def test_what_is_there_is_cleared() -> None:
    left = leftovers(ESTATE, Facts("now", frozenset(ESTATE.servers.values()), EVERYTHING))
    assert left == Leftovers((ProcessId(11, 101),), ESTATE.groups, (str(ESTATE.arena),), (str(ESTATE.temp),))


def test_what_is_gone_is_not_cleared_again() -> None:
    assert leftovers(ESTATE, Facts("now", frozenset(), frozenset())) == Leftovers((), (), (), ())


def test_processes_of_an_earlier_boot_are_never_touched() -> None:
    left = leftovers(ESTATE, Facts("later", frozenset(ESTATE.servers.values()), EVERYTHING))
    assert left.processes == ()
    assert left.directories == (ESTATE.temp,)


@given(st.text(min_size=1, max_size=30))
def test_a_path_without_our_name_is_never_removed(path: str) -> None:
    estate = Estate("0" * 16, "dev", 0, ProcessId(1, 1), "now", 0.0, arena=path, temp=path, groups=(path,))
    left = leftovers(estate, Facts("now", frozenset(), frozenset([path])))
    if not Path(path).name.startswith("nimmer") or not Path(path).is_absolute():
        assert left == Leftovers((), (), (), ())
