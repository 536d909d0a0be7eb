"""A level that is no grid, for brains that were born on one."""

import json
from pathlib import Path

from nimmer.world.level import Level
from nimmer.world.levels import load_levels

# A hamlet of ten houses round a green: node 0 has six neighbours, node 9 one, and no street lies on a grid.
PLACES = [
    (0, 0), (0, -90), (80, -50), (90, 40), (10, 95), (-80, 60),
    (-95, -30), (170, -70), (180, 90), (-160, 110),
]  # fmt: skip
STREETS = [
    (0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (0, 6), (1, 2), (2, 7), (3, 8), (7, 8), (4, 5), (5, 9), (6, 1),
]  # fmt: skip
LEVELS = """
[[level]]
number = 1
name = "hamlet"
graph = "hamlet.json"
vocabulary = ["red", "blue", "green", "well", "bench", "tree"]
seed = 4
traits_per_house = [1, 2]
wells = 2
"""


def hamlet_file(folder: Path) -> Path:
    """Write a levels file whose only level is an irregular graph to `folder`, and return its path."""
    nodes = [{"id": node, "x": x, "y": y} for node, (x, y) in enumerate(PLACES)]
    (folder / "hamlet.json").write_text(json.dumps({"nodes": nodes, "edges": STREETS}))
    file = folder / "levels.toml"
    file.write_text(LEVELS)
    return file


def hamlet(folder: Path) -> Level:
    """Return the irregular level, by way of files in `folder`."""
    return load_levels(hamlet_file(folder))[1]
