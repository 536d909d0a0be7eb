"""Which seeds are for learning and which are for judging what was learned: never the same ones.

Whoever trains asks `training_seed`, whoever compares asks `evaluation_seeds`; a training that is given a seed of the
other kind is refused, so that no table in the docs can be of seeds its brain has seen.
Source: docs/evaluation.md, "Seeds".
"""

from nimmer.errors import ConfigError

FIRST_EVALUATION_SEED = 1_000_000_000
"""From here on seeds are for evaluation."""
EVALUATION_SEEDS = 1000
"""How many of them there are."""


def evaluation_seeds(count: int) -> range:
    """Return the first `count` evaluation seeds. Raises ConfigError outside 1..1000."""
    if not 1 <= count <= EVALUATION_SEEDS:
        raise ConfigError(f"{count} evaluation seeds are asked for; there are 1..{EVALUATION_SEEDS}")
    return range(FIRST_EVALUATION_SEED, FIRST_EVALUATION_SEED + count)


def training_seed(seed: int) -> int:
    """Return `seed` when training may use it. Raises ConfigError for one that is kept for evaluation or negative."""
    if seed < 0:
        raise ConfigError(f"the training seed is {seed}; give a whole number from 0 on")
    if FIRST_EVALUATION_SEED <= seed < FIRST_EVALUATION_SEED + EVALUATION_SEEDS:
        raise ConfigError(
            f"seed {seed} is kept for evaluation ({FIRST_EVALUATION_SEED} to"
            f" {FIRST_EVALUATION_SEED + EVALUATION_SEEDS - 1}), so nothing may be trained on it; choose another"
        )
    return seed
