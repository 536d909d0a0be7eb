"""Many headers at once: fresh ids, timestamps and numbers as JSON text, at a fraction of a microsecond each.

The mirrors write thousands of messages a second; making each header by itself would cost more than sending it.
Source: docs/domain.md section 7, "Header".
"""

from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt

from nimmer.bus.message import stamp

Floats = npt.NDArray[np.float64]
KEPT = 65536
"""Texts a cache keeps before it starts anew."""

_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_DIGITS = np.array([place for place in range(36) if place not in (8, 13, 18, 23)])
_MAGNITUDES = 20.0
"""Powers of ten beyond which digits are not counted any more."""
_ENCODER = msgspec.json.Encoder()
_VERSION_PLACE, _VARIANT_PLACE = 14, 19


def message_ids(count: int, entropy: Callable[[int], bytes]) -> list[str]:
    """Return `count` fresh uuid4 texts made of `entropy(16 * count)`."""
    raw = np.frombuffer(entropy(16 * count), dtype=np.uint8).reshape(count, 16)
    text = np.full((count, 36), ord("-"), dtype=np.uint8)
    nibbles = np.empty((count, 32), dtype=np.uint8)
    nibbles[:, 0::2] = raw >> 4
    nibbles[:, 1::2] = raw & 15
    text[:, _DIGITS] = _HEX[nibbles]
    text[:, _VERSION_PLACE] = ord("4")
    text[:, _VARIANT_PLACE] = _HEX[8 | (raw[:, 8] >> 4 & 3)]
    whole = text.tobytes().decode("ascii")
    return [whole[start : start + 36] for start in range(0, 36 * count, 36)]


class Stamps(dict[int, str]):
    """Milliseconds since 1970 to ISO-8601 text, remembered, because a tick's messages share a few of them."""

    def __missing__(self, unix_ms: int) -> str:
        """Return and keep the text of `unix_ms`."""
        text = stamp((unix_ms + 0.5) / 1000.0)
        self[unix_ms] = text
        return text

    def of(self, unix_s: Floats) -> list[str]:
        """Return the text of each time in seconds since 1970, shape `(n,)`."""
        if len(self) > KEPT:
            self.clear()
        milliseconds = np.floor(unix_s * 1000.0).astype(np.int64).tolist()
        return list(map(self.__getitem__, milliseconds))


def number_texts(numbers: Floats) -> list[str]:
    """Return every number of an array as JSON text, in C order; all must be finite.

    They are rounded to six significant digits first, about what a float32 holds, so that 0.3 does not become
    0.30000001192092896. One call into the JSON encoder costs a fifth of formatting number by number.
    """
    if not numbers.size:
        return []
    flat = numbers.ravel()
    with np.errstate(divide="ignore"):
        magnitude = np.clip(np.floor(np.log10(np.abs(flat))), -_MAGNITUDES, _MAGNITUDES)
    scale = np.power(10.0, 5.0 - magnitude)
    rounded = np.rint(flat * scale) / scale
    return _ENCODER.encode(rounded.tolist()).decode("ascii")[1:-1].split(",")
