"""What must be right before anything of a village is raised: levels, room, nerves, prices, weights.

Source: docs/operations.md.
"""

from nimmer.cli.life_settings import governor_weights, prices_of, rules_of
from nimmer.config import Settings
from nimmer.errors import ConfigError
from nimmer.life.nerve_table import load_nerves
from nimmer.minds.nursery import prepare_brains
from nimmer.minds.village_weights import village_of
from nimmer.world.curriculum import check_room
from nimmer.world.levels import load_levels
from nimmer.world.rules import Rules


def check_world(settings: Settings, seed: int) -> None:
    """Refuse what could not be lived in, and give every NPC its brain.

    Raises LevelError, NerveError, ConfigError or WeightsError naming what is wrong and the fix.
    """
    village = settings.village
    levels = load_levels(village.levels_file)
    rules = Rules(node_capacity=settings.world.node_capacity)
    for number in range(levels[village.level].number, len(levels) + 1):
        check_room(levels[number], rules, village.npcs)  # it may be promoted to any of them
    if village.look == "eye" and not settings.organs.enabled:
        raise ConfigError(
            "village.look = eye needs the organs; set organs.enabled = true, or village.look = oracle"
        )
    prices_of(settings.lifeforce)
    rules_of(settings.nerves)
    load_nerves(settings.nerves.table)
    governor_weights(settings.governor)
    if village.brain == "mlp":
        trained = village_of(village.network, village.brains_file)
        prepare_brains(settings.brains_path, village.npcs, village.network, seed, trained)
