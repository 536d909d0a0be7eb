"""Sound files to samples and back: WAV, FLAC and OGG in, 16 kHz mono out; samples in, WAV out.

Reading is soundfile's. It cannot resample, so that is done here: a windowed-sinc low-pass against aliasing when the
rate falls, then linear interpolation. The one importer of soundfile.
"""

import io
import wave

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


def read_sound(data: bytes, most_s: float) -> Samples:
    """Return the sound of a file's bytes as 16 kHz mono.

    The length is judged by the header, before anything is decoded. Raises OrganError when it is no WAV, FLAC or OGG,
    is empty or longer than `most_s` seconds.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            _check(file.format, file.samplerate, file.channels, file.frames, most_s)
            samples = file.read(frames=int(most_s * file.samplerate) + 1, dtype="float32", always_2d=True)
            rate = int(file.samplerate)
    except soundfile.LibsndfileError as error:
        raise OrganError(
            f"the {len(data)} bytes are no sound file ({error.error_string}); WAV, FLAC and OGG are read"
        ) from None
    if not len(samples):
        raise OrganError("the sound file holds no samples")
    return resample(np.nan_to_num(samples).mean(axis=1, dtype=np.float32), rate, HEARING_HZ)


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


def resample(samples: Samples, rate: int, to_hz: int) -> Samples:
    """Return `(n,)` samples of `rate` Hz at `to_hz`."""
    if rate == to_hz:
        return samples
    if rate > to_hz and len(samples) > TAPS:
        offsets = np.arange(TAPS) - (TAPS - 1) / 2
        kernel = np.sinc(2 * PASSED * to_hz / rate * offsets) * np.hamming(TAPS)
        samples = np.convolve(samples, (kernel / kernel.sum()).astype(np.float32), "same")
    count = max(1, round(len(samples) * to_hz / rate))
    places = np.arange(count) * (rate / to_hz)
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
