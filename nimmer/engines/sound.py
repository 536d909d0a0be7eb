"""Sound files to samples and back: WAV, FLAC and OGG in, 16 kHz mono out; samples in, WAV out.

Reading is soundfile's. It cannot resample, so that is done here: a windowed-sinc low-pass against aliasing when the
rate falls, then linear interpolation. All of it goes block by block: a small file of many channels at a high rate
unfolds to a hundred times the 16 kHz mono it becomes. The one importer of soundfile.
"""

import io
import math
import wave
from collections.abc import Iterable, Iterator

import numpy as np
import soundfile

from nimmer.engines.organ_model import HEARING_HZ, Samples
from nimmer.errors import OrganError

FORMATS = ("WAV", "WAVEX", "FLAC", "OGG")
TAPS = 127
PASSED = 0.45
"""Highest frequency that passes, as a share of the new rate."""
RATES = (4000, 192_000)
MOST_CHANNELS = 8
MOST_SAMPLES_A_S = 192_000
"""Rate times channels, on average over the longest sound that is allowed: 96 kHz in stereo."""
BLOCK = 1 << 15
MARGIN = TAPS // 2 + 2
"""Samples on either side that what is made of a sample depends on."""


def read_sound(data: bytes, most_s: float) -> Samples:
    """Return the sound of a file's bytes as 16 kHz mono.

    The length is judged by the header, before anything is decoded. Raises OrganError when it is no WAV, FLAC or OGG,
    is empty, longer than `most_s` seconds, or has more samples in all channels than 96 kHz stereo of that length.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            _check(file.format, file.samplerate, file.channels, file.frames, most_s)
            samples = _resampled(
                _mono(file, int(most_s * file.samplerate) + 1), int(file.samplerate), HEARING_HZ
            )
    except soundfile.LibsndfileError as error:
        raise OrganError(
            f"the {len(data)} bytes are no sound file ({error.error_string}); WAV, FLAC and OGG are read"
        ) from None
    if not len(samples):
        raise OrganError("the sound file holds no samples")
    return samples


def _check(kind: str, rate: int, channels: int, frames: int, most_s: float) -> None:
    if kind not in FORMATS:
        raise OrganError(f"sound of format {kind} is not read; WAV, FLAC and OGG are")
    if not RATES[0] <= rate <= RATES[1] or channels > MOST_CHANNELS:
        raise OrganError(
            f"{rate} Hz with {channels} channels is not read; {RATES[0]} to {RATES[1]} Hz with at most"
            f" {MOST_CHANNELS} channels are"
        )
    if frames > most_s * rate:
        raise OrganError(
            f"the sound lasts {frames / rate:.0f} s; {most_s:g} s are allowed (organs.max_audio_s): cut it"
        )
    if frames * channels > most_s * MOST_SAMPLES_A_S:
        raise OrganError(
            f"the sound unfolds into {frames * channels:,} samples; {most_s * MOST_SAMPLES_A_S:,.0f} are allowed"
            f" ({MOST_SAMPLES_A_S:,} for each second of organs.max_audio_s): give it in mono, or at a lower rate"
        )


def _mono(file: soundfile.SoundFile, most: int) -> Iterator[Samples]:
    """Yield the mean of the channels, at most `most` frames; what lies outside -1..1 or is no number counts for no more."""
    while most > 0:
        block = file.read(frames=min(BLOCK, most), dtype="float32", always_2d=True)
        if not len(block):
            return
        most -= len(block)
        # an infinite sample, or one of 1e38, would drown all others
        yield np.nan_to_num(block).clip(-1.0, 1.0).mean(axis=1, dtype=np.float32)


def resample(samples: Samples, rate: int, to_hz: int) -> Samples:
    """Return `(n,)` samples of `rate` Hz at `to_hz`."""
    return _resampled([samples], rate, to_hz)


def _resampled(blocks: Iterable[Samples], rate: int, to_hz: int) -> Samples:
    """Return consecutive blocks of `rate` Hz as one sound at `to_hz`; of the blocks only a margin is kept."""
    if rate == to_hz:
        return np.concatenate([np.empty(0, np.float32), *blocks])
    step = rate / to_hz
    parts = [np.empty(0, np.float32)]
    held, first, made = np.empty(0, np.float32), 0, 0
    for block in blocks:
        held = np.concatenate([held, block])
        if len(held) <= 2 * MARGIN:
            continue
        until = max(made, math.ceil((first + len(held) - MARGIN) / step))
        parts.append(_between(held, np.arange(made, until) * step - first, step))
        made = until
        gone = max(0, min(math.floor(made * step) - MARGIN - first, len(held)))
        held, first = held[gone:], first + gone
    count = max(1, round((first + len(held)) / step)) if len(held) else 0
    parts.append(_between(held, np.arange(made, count) * step - first, step))
    return np.concatenate(parts)[:count]


def _between(samples: Samples, places: Samples, step: float) -> Samples:
    """Return the values at fractional places, after taking away what is too high for one value in `step`."""
    if not len(places):
        return np.empty(0, np.float32)
    if step > 1.0 and len(samples) > TAPS:
        offsets = np.arange(TAPS) - (TAPS - 1) / 2
        kernel = np.sinc(2 * PASSED / step * offsets) * np.hamming(TAPS)
        samples = np.convolve(samples, (kernel / kernel.sum()).astype(np.float32), "same")
    between: Samples = np.interp(places, np.arange(len(samples)), samples).astype(np.float32)
    return between


def write_wav(samples: Samples, rate: int) -> bytes:
    """Return the samples as a mono WAV file of 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())
    return file.getvalue()
