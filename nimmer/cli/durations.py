"""Durations as people write them: 30s, 10m, 2h, 7d."""

import re

from nimmer.errors import ConfigError

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
LONGEST_S = 3650 * 86_400


def duration_s(text: str) -> float:
    """Return the seconds of a duration such as "90s", "10m", "1.5h" or "7d".

    Raises:
        ConfigError: it has another form, is zero, or is longer than ten years.
    """
    found = _FORM.fullmatch(text.strip().lower())
    if found is None:
        raise ConfigError(
            f"{text!r} is no duration: write a number and s, m, h or d, such as 30s, 10m, 2h or 7d"
        )
    seconds = float(found[1]) * _UNITS_S[found[2]]
    if not 0 < seconds <= LONGEST_S:
        raise ConfigError(f"the duration {text!r} is out of range: from above 0 to 3650d")
    return seconds


def spoken(seconds: float) -> str:
    """Return `seconds` in the two largest fitting units: 5 s, 2 min 10 s, 3 h 20 min, 4 d 1 h."""
    whole = int(seconds)
    steps = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    parts: list[str] = []
    for unit, size in steps:
        count, whole = divmod(whole, size)
        if count or (parts and len(parts) < 2):
            parts.append(f"{count} {unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0 ")) or "0 s"
