"""Printed and measured prices, and the profile they come from."""

import json
import pickle
from math import inf, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.errors import ConfigError
from nimmer.life.body_cells import BodyCells
from nimmer.life.prices import LOOK, LOOK_PRICE, TARIFF, Prices, Tariff
from nimmer.life.profile import OPERATIONS, Profile, Sample, load_profile, profile_of
from nimmer.life.senses import CELLS

SAMPLE = Sample(cpu_s=3e-6, joules=None, mb=0.001, elapsed_s=4e-6)


def profile(**operations: Sample) -> Profile:
    return Profile(
        "a machine", "2026-11-24", 15, {name.replace("_0_", "."): one for name, one in operations.items()}
    )


def test_a_printed_price_is_the_domains_times_a_factor() -> None:
    prices = Prices.printed(0.01)
    assert prices.cell("distance_front", 0.5) == 0.005
    assert prices.gate("battery_gate", 0.3) == pytest.approx(0.003)
    assert prices.nerve("exploration", 1.0) == 0.01


def test_the_price_equation_term_by_term() -> None:
    sample = Sample(cpu_s=2.0, joules=30.0, mb=5.0, elapsed_s=4.0)
    assert Tariff(alpha=1.0).cost(sample) == 30.0
    assert Tariff(beta=1.0).cost(sample) == 2.0
    assert Tariff(gamma=1.0).cost(sample) == 20.0
    assert Tariff(delta=1.0).cost(sample) == 4.0
    assert Tariff(0.5, 3.0, 0.1, 10.0).cost(sample) == 15.0 + 6.0 + 2.0 + 40.0


def test_energy_nobody_could_measure_costs_nothing() -> None:
    assert Tariff(alpha=1.0).cost(SAMPLE) == 0.0


def test_what_was_measured_is_charged_and_the_rest_as_printed() -> None:
    prices = Prices.measured(profile(cell_0_energy=SAMPLE, gate_0_leave_stable=SAMPLE, nerve_0_edge=SAMPLE))
    once = TARIFF.cost(SAMPLE)
    assert prices.cell("energy", 0.1) == once
    assert prices.cell("energy/v1", 0.1) == once
    assert prices.cell("social", 0.2) == 0.002
    assert prices.gate("any_gate", 0.3) == once
    assert prices.nerve("collision_avoidance", 0.5) == once
    assert prices.nerve("collision_avoidance", 1.0) == 2.0 * once
    assert prices.nerve("collision_avoidance", 0.0) == 0.0
    assert "cell.social" in prices.missing
    assert "cell.energy" not in prices.missing
    assert "body.tick" not in prices.missing


def test_the_cells_of_a_body_charge_what_was_measured() -> None:
    cells = BodyCells(0.01, Prices.measured(profile(cell_0_distance_left=SAMPLE)))
    costs = [cell.poll_cost for cell in cells.cells[:4]]
    assert costs == pytest.approx([0.005, TARIFF.cost(SAMPLE), 0.005, 0.001])


def test_an_anchored_tariff_makes_a_look_cost_what_it_did() -> None:
    measured = Profile("a machine", "", 1, dict.fromkeys(LOOK, SAMPLE))
    tariff = TARIFF.anchored(measured)
    assert sum(Prices.measured(measured, tariff).known[name] for name in LOOK) == pytest.approx(LOOK_PRICE)
    assert tariff.alpha / tariff.beta == pytest.approx(TARIFF.alpha / TARIFF.beta)
    assert sum(kind.cost for kind in CELLS[:6]) * 0.01 == pytest.approx(LOOK_PRICE)
    with pytest.raises(ValueError, match=r"cell\.social"):
        TARIFF.anchored(profile(cell_0_energy=SAMPLE))
    with pytest.raises(ValueError, match="costs nothing"):
        Tariff().anchored(measured)


def test_prices_travel_to_another_process() -> None:
    prices = Prices.measured(profile(cell_0_energy=SAMPLE))
    assert pickle.loads(pickle.dumps(prices)) == prices


@pytest.mark.parametrize("scale", [-1.0, nan, inf])
def test_a_price_that_is_none_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="finite and 0 or more"):
        Prices.printed(scale)
    with pytest.raises(ValueError, match="beta is"):
        Tariff(beta=scale)


amount = st.floats(0.0, 1e3)
samples = st.builds(Sample, amount, st.none() | amount, amount, amount)


@given(st.dictionaries(st.sampled_from(OPERATIONS), samples), st.integers(1, 1000), st.text(), st.text())
def test_a_profile_is_read_as_it_was_written(
    operations: dict[str, Sample], count: int, machine: str, date: str
) -> None:
    written = Profile(machine, date, count, operations)
    assert profile_of(json.loads(json.dumps(written.to_mapping()))) == written


GOOD = profile(cell_0_energy=SAMPLE).to_mapping()


def broken(operation: str, **values: object) -> dict[str, object]:
    return {**GOOD, "operations": {operation: {**SAMPLE._asdict(), **values}}}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([], "the file is []; it is an object of machine, date, samples, operations"),
        ({**GOOD, "machin": ""}, "the file has 'machin'"),
        ({key: GOOD[key] for key in ("date", "samples", "operations")}, "the file lacks 'machine'"),
        ({**GOOD, "samples": 0}, "samples is 0; it is a whole number of 1 or more"),
        ({**GOOD, "samples": True}, "samples is True"),
        ({**GOOD, "machine": 7}, "machine is 7; it is text"),
        ({**GOOD, "operations": []}, "operations is []"),
        (broken("cell.enrgy"), "cell.enrgy is no operation; did you mean cell.energy?"),
        (
            broken("cell.energy", cpu_s=-1),
            "operations.cell.energy.cpu_s is -1; it is a finite number from 0 to 1e+09",
        ),
        (broken("cell.energy", mb=nan), "operations.cell.energy.mb is nan"),
        (broken("cell.energy", elapsed_s=inf), "operations.cell.energy.elapsed_s is inf"),
        (broken("cell.energy", elapsed_s=10**400), "operations.cell.energy.elapsed_s is 1000"),
        (broken("cell.energy", joules="5"), "operations.cell.energy.joules is 5"),
        (broken("cell.energy", watts=5), "operations.cell.energy has 'watts'; its keys are cpu_s, joules"),
    ],
)
def test_a_broken_profile_names_the_key_the_value_and_the_fix(
    found: object, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(found))
    with pytest.raises(ConfigError) as caught:
        load_profile(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_profile_that_is_not_there_or_no_json_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent.json cannot be read: No such file.*nimmer calibrate"):
        load_profile(tmp_path / "absent.json")
    (tmp_path / "torn.json").write_text('{"machine": ')
    with pytest.raises(ConfigError, match=r"is no JSON.*nimmer calibrate"):
        load_profile(tmp_path / "torn.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="no UTF-8"):
        load_profile(tmp_path / "bytes.json")
