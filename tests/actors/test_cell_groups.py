"""Which actor carries which cells, and what it is admitted with."""

import importlib

import pytest

from actors.cell_groups import CELL_GROUPS, MB, group_named
from nimmer.arena.outbox import OUTBOXES
from nimmer.life.senses import DEVICE_CELLS, kind_named


def test_every_group_is_an_actor_with_an_outbox_and_known_cells() -> None:
    for group in CELL_GROUPS:
        module, _, name = group.actor.rpartition(".")
        assert hasattr(importlib.import_module(module), name)
        assert group.name in OUTBOXES
        assert group.cells
        for cell in group.cells:
            kind_named(cell)


def test_no_cell_has_two_groups() -> None:
    cells = [cell for group in CELL_GROUPS for cell in group.cells]
    assert len(set(cells)) == len(cells)


def test_the_devices_group_carries_what_a_device_may() -> None:
    assert set(group_named("devices").cells) == {kind.name for kind in DEVICE_CELLS}


def test_a_custom_resource_is_asked_for_only_where_it_is_offered() -> None:
    group = group_named("devices")
    plain = {"num_cpus": 0.05, "memory": 256 * MB}
    assert group.options({"CPU": 2.0}) == {**plain, "resources": {}}
    assert group.options({"identity_nyx_nervous": 1.0}) == {
        **plain,
        "resources": {"identity_nyx_nervous": 0.01},
    }


def test_a_group_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="called 'organs'; there are cells, devices"):
        group_named("organs")
