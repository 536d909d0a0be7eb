"""Settings of the organism as the values that life works with: rules of evolution, prices, the governor's net.

Source: docs/domain.md sections 5 (evolution), 6 (costs are to be measured) and 8 (governor).
"""

from pathlib import Path

from nimmer.config.organism import LifeforceSettings, NervesSettings
from nimmer.config.village import GovernorSettings
from nimmer.errors import WeightsError
from nimmer.life.evolution import EvolutionRules
from nimmer.life.prices import Prices
from nimmer.life.profile import load_profile
from nimmer.minds.governor_weights import load_governor, packaged_governor


def rules_of(settings: NervesSettings) -> EvolutionRules:
    """Return when nerves evolve. Raises NerveError naming the key when the numbers contradict each other."""
    return EvolutionRules(
        hybrid_weight=settings.hybrid_weight,
        demote_weight=settings.demote_weight,
        compile_weight=settings.compile_weight,
        compile_successes=settings.compile_successes,
        compile_rate=settings.compile_rate,
    )


def prices_of(settings: LifeforceSettings) -> Prices | None:
    """Return the measured prices of `lifeforce.prices`, None for the printed ones.

    Raises ConfigError naming file and key when the profile is none.
    """
    if settings.prices is None:
        return None
    return Prices.measured(load_profile(settings.prices), scale=settings.price_scale)


def governor_mode(settings: GovernorSettings) -> str:
    """Return what the governor begins with: net, rule, shadow or off. Raises WeightsError as `governor_weights`."""
    if not settings.enabled:
        return "off"
    found = governor_weights(settings)
    if settings.mode or found is None:
        return settings.mode or "rule"
    # what ships spends all it may: the user says when
    return "shadow" if settings.weights is None else "net"


def governor_weights(settings: GovernorSettings) -> Path | None:
    """Return the file of the governor's net: the one that is set, else the packaged one, None when there is none.

    Raises WeightsError naming the file and the fix when the one that is set cannot be a governor.
    """
    if settings.weights is not None:
        load_governor(settings.weights)
        return settings.weights.absolute()
    try:
        return packaged_governor()
    except WeightsError:
        return None
