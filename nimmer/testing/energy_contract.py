"""What every `EnergyMeter` must keep to: drivers inherit this suite and give it a meter and a way to use energy.

Source: docs/style.md, rule 10.
"""

from collections.abc import Callable

import pytest

from nimmer.host.energy import EnergyMeter

Use = Callable[[float], None]


class EnergyContract:
    """Inherit it and give fixtures: `meter`, a working one made just now; `use`, lets its machine use some joules."""

    def test_it_begins_at_nothing_used(self, meter: EnergyMeter) -> None:
        """It counts from when it was made."""
        assert meter.joules() == pytest.approx(0.0)
        assert meter.reason == ""

    def test_what_is_used_adds_up(self, meter: EnergyMeter, use: Use) -> None:
        """Each read has all that was used before it."""
        told = []
        for joules in (1.5, 0.0, 0.25, 40.0):
            use(joules)
            told.append(meter.joules())
        assert told == pytest.approx([1.5, 1.5, 1.75, 41.75])

    def test_it_never_falls(self, meter: EnergyMeter, use: Use) -> None:
        """Not even where a counter begins anew."""
        before = 0.0
        for _ in range(40):
            use(7.0)
            now = meter.joules()
            assert now is not None
            assert now >= before
            before = now
        assert before == pytest.approx(280.0)


class MuteContract:
    """For a meter that can tell nothing: fixture `mute`."""

    def test_it_says_why_instead_of_a_number(self, mute: EnergyMeter) -> None:
        """No number is invented, and nothing raises."""
        assert mute.joules() is None
        assert mute.reason
        assert mute.joules() is None
