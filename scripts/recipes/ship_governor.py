"""Put a governor's weights where they ship, with what they are worth on their card; draw its learning.

    python scripts/recipes/ship_governor.py DIR/governor.safetensors

Reads docs/bench/governor_goal.csv and docs/bench/governor_training_*.csv. Part of scripts/recipes/governor.
"""

import csv
import sys
from dataclasses import replace
from pathlib import Path

from nimmer.minds.governor_weights import load_governor, save_governor
from policies.governor_plots import learning

HOME = Path(__file__).parents[2]
BENCH = HOME / "docs" / "bench"


def main() -> None:
    weights, card = load_governor(Path(sys.argv[1]))
    with (BENCH / "governor_goal.csv").open(newline="") as file:
        goal = list(csv.DictReader(file))
    better = {f"better_than_static_at_{row['budget']}": float(row["better_than_static"]) for row in goal}
    card = replace(card, scores={**card.scores, **better})
    save_governor(HOME / "nimmer" / "minds" / "shipped" / "governor.safetensors", weights, card)
    named = {
        "es, from the need rule": "es", "es, from nothing": "scratch", "ppo, from the need rule": "ppo",
    }  # fmt: skip
    journals = {name: BENCH / f"governor_training_{short}.csv" for name, short in named.items()}
    learning(
        {name: path for name, path in journals.items() if path.is_file()},
        HOME / "docs" / "img" / "governor-learning.png",
    )


if __name__ == "__main__":
    main()
