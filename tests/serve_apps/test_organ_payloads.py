import os
from pathlib import Path

import pytest

from nimmer.bus.organ_messages import MOST_INLINE, Payload
from nimmer.errors import BusError, OrganError
from serve_apps.organ_payloads import KEPT_FILES, Payloads


class MemoryObjects:
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, name: str, data: bytes) -> None:
        self.kept[name] = data

    async def get(self, name: str, most: int) -> bytes:
        if name not in self.kept:
            raise BusError(f"there is no whole object {name!r}")
        return self.kept[name]


@pytest.fixture
def share(tmp_path: Path) -> Path:
    (tmp_path / "share").mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    return tmp_path / "share"


@pytest.fixture
def payloads(share: Path) -> Payloads:
    return Payloads(share, MemoryObjects())


async def test_bytes_come_from_a_message_a_file_or_the_store(payloads: Payloads, share: Path) -> None:
    (share / "in").mkdir()
    (share / "in" / "a.wav").write_bytes(b"file")
    stored = await payloads.keep(b"object", "object", ".wav")
    assert await payloads.fetch(Payload(data=b"data"), 10) == b"data"
    assert await payloads.fetch(Payload(path="in/a.wav"), 10) == b"file"
    assert await payloads.fetch(stored, 10) == b"object"


@pytest.mark.parametrize("path", ["../secret", "link", "/etc/passwd", "in/../../secret", "linked/secret"])
async def test_no_path_leads_out_of_the_shared_directory(payloads: Payloads, share: Path, path: str) -> None:
    (share / "link").symlink_to(share.parent / "secret")
    (share / "linked").symlink_to(share.parent)
    with pytest.raises(OrganError, match="leads out of the shared directory"):
        await payloads.fetch(Payload(path=path), 100)


async def test_what_is_no_plain_file_is_not_opened(payloads: Payloads, share: Path) -> None:
    os.mkfifo(share / "pipe")
    for path in ("pipe", "."):
        with pytest.raises(OrganError, match="no plain file"):
            await payloads.fetch(Payload(path=path), 100)


@pytest.mark.parametrize("path", ["nothing", "a\0b", "x" * 300])
async def test_a_path_to_nothing_is_refused(payloads: Payloads, path: str) -> None:
    with pytest.raises(OrganError, match=r"cannot be read|is no path"):
        await payloads.fetch(Payload(path=path), 100)


async def test_too_much_is_refused_by_its_size(payloads: Payloads, share: Path) -> None:
    (share / "a").write_bytes(bytes(11))
    for payload in (Payload(path="a"), Payload(data=bytes(11))):
        with pytest.raises(OrganError, match="11 bytes; 10 are allowed"):
            await payloads.fetch(payload, 10)


@pytest.mark.parametrize("payload", [Payload(), Payload(object="a", path="b")])
async def test_a_payload_is_in_exactly_one_place(payloads: Payloads, payload: Payload) -> None:
    with pytest.raises(OrganError, match="in one of object, path and data"):
        await payloads.fetch(payload, 10)


async def test_an_object_that_is_not_there_is_a_reason(payloads: Payloads) -> None:
    with pytest.raises(OrganError, match="no whole object"):
        await payloads.fetch(Payload(object="a"), 10)


async def test_what_is_spoken_is_kept_where_it_is_wanted_and_not_for_ever(
    payloads: Payloads, share: Path
) -> None:
    kept = [await payloads.keep(bytes([number % 256]), "path", ".wav") for number in range(KEPT_FILES + 5)]
    assert len(list((share / "spoken").iterdir())) == KEPT_FILES
    assert await payloads.fetch(kept[-1], 10) == bytes([(KEPT_FILES + 4) % 256])
    assert (await payloads.keep(b"x", "data", ".wav")).data == b"x"
    with pytest.raises(OrganError, match="do not fit into a message"):
        await payloads.keep(bytes(MOST_INLINE + 1), "data", ".wav")


async def test_a_directory_among_the_spoken_files_hinders_nobody(payloads: Payloads, share: Path) -> None:
    (share / "spoken" / "mine").mkdir(parents=True)
    os.utime(share / "spoken" / "mine", (0, 0))
    for _ in range(KEPT_FILES + 1):
        await payloads.keep(b"x", "path", ".wav")
    assert (share / "spoken" / "mine").is_dir()
    assert len(list((share / "spoken").iterdir())) == KEPT_FILES + 1
