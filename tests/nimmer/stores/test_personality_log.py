"""What was measured stands in one file, whatever tears its last line."""

from pathlib import Path

from nimmer.minds.personality import Pair, Personality
from nimmer.stores.personality_log import PersonalityLog, Row


def row(number: int, run: str = "0123456789abcdef") -> Row:
    found = Personality(0.25, Pair(0, 1, 0.125), Pair(2, 3, 0.5))
    return Row(1000.0 + number, run, 9, number, found)


def test_rows_come_back_in_order(tmp_path: Path) -> None:
    log = PersonalityLog(tmp_path)
    assert log.read() == []
    for number in range(3):
        log.append(row(number))
    assert PersonalityLog(tmp_path).read() == [row(0), row(1), row(2)]
    assert (tmp_path / "personality.csv").read_text().startswith("unix_s,run,npcs,steps,mean,")


def test_a_torn_line_is_left_out_and_the_next_is_whole(tmp_path: Path) -> None:
    log = PersonalityLog(tmp_path)
    log.append(row(0))
    with log.path.open("a") as file:
        file.write("1001.0,0123")
    log.append(row(2))
    assert log.read() == [row(0), row(2)]


def test_the_file_never_grows_beyond_its_bound(tmp_path: Path) -> None:
    log = PersonalityLog(tmp_path, most_bytes=1000)
    for number in range(47):
        log.append(row(number))
        assert log.path.stat().st_size < 1200
    assert log.read()[-1] == row(46)
