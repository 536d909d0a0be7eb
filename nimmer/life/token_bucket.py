"""A token bucket: so many a second, and a few more at once when it was quiet before.

Source: docs/cells.md, "Devices".
"""


class TokenBucket:
    """Full at the start; each `take` that is granted costs one token, or as many as are asked for."""

    __slots__ = ("_at_s", "_burst", "_rate_hz", "_tokens")

    def __init__(self, rate_hz: float, burst: float) -> None:
        """Fill up by `rate_hz` tokens a second to at most `burst`. Raises ValueError when one is not above 0."""
        if not (rate_hz > 0.0 and burst >= 1.0):
            raise ValueError(f"{rate_hz} a second and a burst of {burst} let nothing through")
        self._rate_hz = rate_hz
        self._burst = burst
        self._tokens = burst
        self._at_s: float | None = None

    def take(self, now_s: float, tokens: float = 1.0) -> bool:
        """Return whether so many more are within the rate at `now_s`; a clock that went back grants nothing new."""
        if self._at_s is not None and now_s > self._at_s:
            self._tokens = min(self._burst, self._tokens + (now_s - self._at_s) * self._rate_hz)
        if self._at_s is None or now_s > self._at_s:
            self._at_s = now_s
        if self._tokens < tokens:
            return False
        self._tokens -= tokens
        return True

    def give_back(self, tokens: float) -> None:
        """Put back what was taken and not used."""
        self._tokens = min(self._burst, self._tokens + tokens)
