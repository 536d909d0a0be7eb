"""While a village lives: once a minute, how far its brains are apart, written down for whoever asks.

Source: docs/brains.md, "Personality".
"""

import math

from nimmer.clock import Clock
from nimmer.config import Settings
from nimmer.errors import NimmerError
from nimmer.minds.census import take_census
from nimmer.stores.personality_log import PersonalityLog, Row

CENSUS_S = 60.0


class CensusTaker:
    """Measures the brains of one run by the weights they have saved."""

    def __init__(self, settings: Settings, run: str, clock: Clock) -> None:
        """Take the first census at once, then one a minute."""
        self._settings = settings
        self._run = run
        self._clock = clock
        self._due_s = clock.monotonic_s()
        self._failed = False

    def tend(self) -> str | None:
        """Take a census when it is time; return what hinders it, once."""
        now_s = self._clock.monotonic_s()
        if now_s < self._due_s:
            return None
        # brains that do not learn stay as they are: who lives to the end is counted once more then
        self._due_s = now_s + CENSUS_S if self._settings.village.learns else math.inf
        return self.take()

    def take(self) -> str | None:
        """Take a census now; return what hinders it, once. Villages without nets of their own have none."""
        settings = self._settings
        if settings.village.brain != "mlp":
            return None
        try:
            census = take_census(settings.brains_path, settings.village.npcs)
            if census.village is not None:
                row = Row(
                    self._clock.unix_s(), self._run, len(census.steps), sum(census.steps), census.village
                )
                PersonalityLog(settings.state_path).append(row)
        except (NimmerError, OSError) as error:
            failed, self._failed = self._failed, True
            return None if failed else f"personality is not measured: {error}"
        return None
