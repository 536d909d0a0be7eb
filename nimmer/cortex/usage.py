"""What the cortex has done so far: outcomes, latencies, and tokens by identity. Source: docs/cortex.md, "Usage"."""

from collections import Counter, deque
from dataclasses import dataclass

RECENT = 512
"""Answers whose latency counts."""
MOST_IDENTITIES = 1000
OTHERS = "others"
"""Under whom identities beyond the thousandth are counted."""


@dataclass(slots=True)
class Meter:
    """What one identity has used."""

    requests: int = 0
    answered: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    lifeforce: float = 0.0


class Usage:
    """Counts calls as they end."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.outcomes: Counter[str] = Counter()
        self.meters: dict[str, Meter] = {}
        self._answered_ms: deque[float] = deque(maxlen=RECENT)

    def count(
        self,
        identity: str,
        outcome: str,
        took_ms: float,
        prompt_tokens: int,
        completion_tokens: int,
        lifeforce: float,
    ) -> None:
        """Count one call that took so long from asking to its outcome."""
        self.outcomes[outcome] += 1
        meter = self.meter(identity)
        meter.requests += 1
        meter.prompt_tokens += prompt_tokens
        meter.completion_tokens += completion_tokens
        meter.lifeforce += lifeforce
        if outcome == "answered":
            meter.answered += 1
            self._answered_ms.append(took_ms)

    def meter(self, identity: str) -> Meter:
        """Return what `identity` has used."""
        if identity not in self.meters and len(self.meters) >= MOST_IDENTITIES:
            identity = OTHERS
        return self.meters.setdefault(identity, Meter())

    def latency_ms(self, share: float) -> float:
        """Return the latency that `share` of the last 512 answers did not exceed; 0 before the first."""
        ordered = sorted(self._answered_ms)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0

    def tokens(self) -> tuple[int, int]:
        """Return the tokens of all prompts and of all completions."""
        meters = self.meters.values()
        return sum(one.prompt_tokens for one in meters), sum(one.completion_tokens for one in meters)
