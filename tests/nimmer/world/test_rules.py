from importlib.resources import as_file, files
from pathlib import Path

import pytest

from nimmer.errors import WorldError
from nimmer.world.rules import Rules


def test_the_packaged_file_holds_the_defaults() -> None:
    with as_file(files("nimmer.world") / "rules.toml") as path:
        assert Rules.from_toml(path) == Rules()


def test_rules_survive_the_way_through_a_log_header() -> None:
    rules = Rules(node_capacity=7, reward_fact=2.5)
    assert Rules.from_mapping(rules.to_mapping()) == rules


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"node_capacity": 0}, "node_capacity is 0; it must be a whole number from 1 to 64"),
        ({"node_capacity": 2.5}, "node_capacity is 2.5"),
        ({"crawl_ticks": True}, "crawl_ticks is True"),
        ({"energy_gain_well": float("nan")}, "energy_gain_well is nan"),
        ({"reward_fact": "much"}, "reward_fact is 'much'"),
        ({"gravity": 9.81}, "unknown rule 'gravity'"),
    ],
)
def test_a_rule_out_of_range_is_refused_by_name(values: dict[str, object], reason: str) -> None:
    with pytest.raises(WorldError, match=reason):
        Rules.from_mapping(values)


def test_a_broken_rules_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    with pytest.raises(WorldError, match="cannot be read"):
        Rules.from_toml(file)
    file.write_text("= 3")
    with pytest.raises(WorldError, match="not TOML"):
        Rules.from_toml(file)
