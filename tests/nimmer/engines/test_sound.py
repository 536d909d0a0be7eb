import io
import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from nimmer.engines.organ_model import HEARING_HZ, Samples
from nimmer.engines.sound import _resampled, read_sound, resample, write_wav
from nimmer.errors import OrganError


def tone(hz: float, rate: int, seconds: float = 1.0) -> Samples:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


def loudness(samples: Samples) -> float:
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    return float(np.sqrt(np.mean(np.square(middle))))


@pytest.mark.parametrize(("kind", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS")])
@pytest.mark.parametrize("rate", [8000, 16_000, 44_100, 48_000])
def test_sound_of_every_kind_and_rate_is_read_as_sixteen_kilohertz_mono(
    kind: str, subtype: str, rate: int
) -> None:
    file = io.BytesIO()
    stereo = np.stack([tone(440, rate), tone(440, rate)], axis=1)
    soundfile.write(file, stereo, rate, format=kind, subtype=subtype)
    samples = read_sound(file.getvalue(), 10.0)
    assert samples.dtype == np.float32
    assert abs(len(samples) - HEARING_HZ) <= 2
    assert loudness(samples) == pytest.approx(loudness(tone(440, HEARING_HZ)), rel=0.05)


def test_what_is_too_high_for_the_new_rate_does_not_come_back_as_something_else() -> None:
    assert loudness(resample(tone(11_000, 48_000), 48_000, HEARING_HZ)) < 0.01


@pytest.mark.parametrize(
    "data", [b"this is a text file named .wav\n" * 100, b"", b"RIFF\x00\x00\x00\x00WAVE"]
)
def test_what_is_no_sound_is_refused_with_what_is_read(data: bytes) -> None:
    with pytest.raises(OrganError, match=r"WAV, FLAC and OGG are read|no samples"):
        read_sound(data, 10.0)


def test_ten_minutes_are_refused_by_their_header_with_the_setting_to_change() -> None:
    ten_minutes = write_wav(np.zeros(600 * 8000, np.float32), 8000)
    with pytest.raises(OrganError, match=r"lasts 600 s; 120 s are allowed \(organs.max_audio_s\)"):
        read_sound(ten_minutes, 120.0)


def test_a_sound_that_is_not_a_number_does_no_harm() -> None:
    file = io.BytesIO()
    soundfile.write(file, np.full(1600, np.nan, np.float32), HEARING_HZ, format="WAV", subtype="FLOAT")
    assert np.isfinite(read_sound(file.getvalue(), 1.0)).all()


def test_a_small_file_that_unfolds_is_never_held_whole() -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros((12 * 192_000, 8), np.int16), 192_000, format="FLAC")
    assert len(file.getvalue()) < 1 << 16
    tracemalloc.start()
    samples = read_sound(file.getvalue(), 120.0)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(samples) == 12 * HEARING_HZ
    assert most < 8 << 20
    with pytest.raises(OrganError, match="unfolds into 18,432,000 samples; 2,880,000 are allowed"):
        read_sound(file.getvalue(), 15.0)


@pytest.mark.parametrize("loud", [np.inf, 3e38, -np.inf])
def test_a_sample_beyond_all_measure_does_not_drown_the_others(loud: float) -> None:
    file = io.BytesIO()
    sound = np.stack([tone(440, 48_000), tone(440, 48_000)], axis=1)
    sound[100, 0] = loud
    soundfile.write(file, sound, 48_000, format="WAV", subtype="FLOAT")
    samples = read_sound(file.getvalue(), 1.0)
    assert np.abs(samples).max() <= 1.2
    assert loudness(samples) == pytest.approx(loudness(tone(440, HEARING_HZ)), rel=0.05)


@pytest.mark.parametrize(
    ("rate", "to_hz"), [(48_000, 16_000), (44_100, 16_000), (4000, 16_000), (16_000, 16_000)]
)
@pytest.mark.parametrize("size", [1, 100, 128, 1000, 4096])
def test_block_by_block_is_the_same_sound(rate: int, to_hz: int, size: int) -> None:
    sound = tone(440, rate, 0.1) + tone(1234, rate, 0.1)
    blocks = [sound[start : start + size] for start in range(0, len(sound), size)]
    assert _resampled(blocks, rate, to_hz) == pytest.approx(resample(sound, rate, to_hz), abs=1e-5)


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=200))
def test_what_is_written_is_read_again(values: list[float]) -> None:
    samples = np.array(values, np.float32)
    again = read_sound(write_wav(samples, HEARING_HZ), 1.0)
    assert again == pytest.approx(samples, abs=1e-4)
