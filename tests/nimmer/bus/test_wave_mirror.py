import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.arena.layout import WAVE
from nimmer.bus.message import Source, WaveSignal, decode
from nimmer.bus.wave_mirror import Ids, Records, WaveMirror
from nimmer.life.wave import CellKind, Field

CELLS = (
    CellKind(
        0,
        "distance_front",
        "distance",
        2,
        0.5,
        (
            Field("distance_cm", scale=200.0),
            Field("direction", kind="category", choices=("front", "left"), scope=True),
        ),
    ),
    CellKind(1, "energy", "battery", 1, 0.1, (Field("charging", kind="category", choices=("no", "yes")),)),
    CellKind(2, "quiet", "silence", 1, 0.1, ()),
)
OFFSET_S = 1_700_000_000.0


def wave(cell: int = 0, values: tuple[float, ...] = (25.0, 1.0), **changes: float) -> Records:
    record = np.zeros(1, dtype=WAVE)
    record["time_s"], record["cell"], record["count"] = 12.3456, cell, len(values)
    record["confidence"], record["cost"] = 0.9, 0.005
    record["values"][0, : len(values)] = values
    for name, value in changes.items():
        record[name] = value
    return record


def encoded(*records: Records, npcs: Ids | None = None) -> tuple[WaveMirror, list[tuple[str, bytes]]]:
    mirror = WaveMirror("dev", OFFSET_S, CELLS)
    joined = np.concatenate(records)
    return mirror, mirror.encode(joined, np.arange(len(joined)) if npcs is None else npcs)


def test_a_record_becomes_the_message_its_cell_means() -> None:
    mirror, ((on, payload),) = encoded(wave(), npcs=np.array([7]))
    message = decode(on, payload)
    assert on == "dev.nervous.cells.distance.wave"
    assert message.body == WaveSignal("distance", 0.9, 0.005, {"distance_cm": 25.0, "direction": "left"})
    assert message.header.source == Source("npc.7.distance_front", "cell", "real", 2)
    assert message.header.timestamp == "2023-11-14T22:13:32.345Z"
    assert mirror.refused == 0


def test_a_batch_keeps_its_order_and_gives_each_its_own_id() -> None:
    _, messages = encoded(wave(), wave(1, (1.0,)), wave(2, ()), wave(values=(7.5, 0.0)))
    decoded = [decode(*message) for message in messages]
    assert [one.header.source.entity_id for one in decoded] == [
        "npc.0.distance_front",
        "npc.1.energy",
        "npc.2.quiet",
        "npc.3.distance_front",
    ]
    assert [one.body.semantic_content for one in decoded if isinstance(one.body, WaveSignal)] == [
        {"distance_cm": 25.0, "direction": "left"},
        {"charging": "yes"},
        {},
        {"distance_cm": 7.5, "direction": "front"},
    ]
    assert len({one.header.message_id for one in decoded}) == 4


@pytest.mark.parametrize(
    "wrong",
    [
        wave(cell=3),
        wave(count=1),
        wave(confidence=1.5),
        wave(confidence=float("nan")),
        wave(cost=-1.0),
        wave(cost=float("inf")),
        wave(time_s=float("nan")),
        wave(time_s=1e12),
        wave(values=(float("nan"), 0.0)),
        wave(values=(float("inf"), 0.0)),
        wave(values=(25.0, 2.0)),
        wave(values=(25.0, -1.0)),
        wave(values=(25.0, 0.5)),
    ],
)
def test_what_is_no_wave_is_counted_and_the_rest_goes_on(wrong: Records) -> None:
    mirror, messages = encoded(wave(), wrong, wave())
    assert mirror.refused == 1
    assert [decode(*message).header.source.entity_id for message in messages] == [
        "npc.0.distance_front",
        "npc.2.distance_front",
    ]


def test_nothing_becomes_nothing() -> None:
    assert WaveMirror("dev", 0.0, CELLS).encode(np.zeros(0, dtype=WAVE), np.zeros(0, dtype=np.int64)) == []


def test_a_table_out_of_order_is_refused() -> None:
    with pytest.raises(ValueError, match="energy has code 1 at place 0"):
        WaveMirror("dev", 0.0, CELLS[1:])


@given(st.lists(st.binary(min_size=WAVE.itemsize, max_size=WAVE.itemsize), max_size=5))
def test_any_bytes_are_mirrored_readably_or_refused(raw: list[bytes]) -> None:
    records = np.frombuffer(b"".join(raw), dtype=WAVE)
    mirror = WaveMirror("dev", OFFSET_S, CELLS)
    messages = mirror.encode(records, np.arange(len(records)))
    assert len(messages) + mirror.refused == len(records)
    for message in messages:
        decode(*message)
