"""Measuring: medians, differences and shares, on instruments that are advanced by hand; and the real workloads."""

from itertools import pairwise

import pytest

from nimmer.host.calibration import BATCH_S, MOST_ROUNDS, Instruments, Workload, measure, system_instruments
from nimmer.host.energy import ManualEnergy
from nimmer.host.workloads import walk, workloads
from nimmer.life.profile import OPERATIONS
from nimmer.world.levels import load_graphs


class Bench:
    """A machine whose clocks move only when something is done on it."""

    def __init__(self, reason: str = "") -> None:
        self.cpu_s = self.elapsed_s = 0.0
        self.energy = ManualEnergy(reason)
        self.batches = 0

    def instruments(self) -> Instruments:
        return Instruments(lambda: self.cpu_s, lambda: self.elapsed_s, self.energy)

    def work(self, rounds: int, cpu_s: float = 1e-6) -> None:
        self.batches += 1
        self.cpu_s += rounds * cpu_s
        self.elapsed_s += rounds * cpu_s * 2.0
        self.energy.use(rounds * cpu_s * 20.0)


def test_one_operation_is_a_batch_over_its_rounds() -> None:
    bench = Bench()
    found = measure(Workload(("one",), bench.work), bench.instruments(), 5)
    assert found.cpu_s == pytest.approx(1e-6)
    assert found.elapsed_s == pytest.approx(2e-6)
    assert found.joules == pytest.approx(20e-6)


def test_what_is_done_besides_is_taken_away_and_the_rest_shared() -> None:
    bench = Bench()
    workload = Workload(
        ("one", "two"),
        lambda rounds: bench.work(rounds, 5e-6),
        lambda rounds: bench.work(rounds, 1e-6),
        share=2,
    )
    found = measure(workload, bench.instruments(), 3)
    assert (found.cpu_s, found.elapsed_s) == pytest.approx((2e-6, 4e-6))
    assert found.joules == pytest.approx(40e-6)


def test_a_single_disturbed_batch_does_not_count() -> None:
    bench = Bench()

    def disturbed(rounds: int) -> None:
        bench.work(rounds, 1e-3 if bench.batches == 20 else 1e-6)

    assert measure(Workload(("one",), disturbed), bench.instruments(), 15).cpu_s == pytest.approx(1e-6)


def test_noise_never_makes_a_price_negative() -> None:
    bench = Bench()
    workload = Workload(("one",), bench.work, lambda rounds: bench.work(rounds, 3e-6))
    assert measure(workload, bench.instruments(), 3)[:2] == (0.0, 0.0)


def test_without_joules_there_are_none() -> None:
    bench = Bench("no counter")
    assert measure(Workload(("one",), bench.work), bench.instruments(), 3).joules is None


def test_a_batch_lasts_long_enough_and_ends_all_the_same() -> None:
    bench, done = Bench(), list[int]()

    def noted(rounds: int) -> None:
        done.append(rounds)
        bench.work(rounds)

    measure(Workload(("one",), noted), bench.instruments(), 2)
    assert BATCH_S / 2e-6 <= max(done) < 2 * BATCH_S / 2e-6
    done.clear()
    measure(Workload(("one",), done.append), bench.instruments(), 1)  # no clock moves
    assert len(done) < MOST_ROUNDS.bit_length() + 5


def test_memory_is_what_one_round_holds() -> None:
    bench, kept = Bench(), list[bytes]()

    def hold(rounds: int) -> None:
        kept[:] = [bytes(1_000_000)]
        bench.work(rounds)

    assert measure(Workload(("one",), hold), bench.instruments(), 1).mb == pytest.approx(1.0, abs=0.01)


def test_a_median_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="repeats is 0"):
        measure(Workload(("one",), print), Bench().instruments(), 0)


def test_every_real_workload_measures_operations_that_are_in_the_table() -> None:
    names: list[str] = []
    for workload in workloads():
        found = measure(workload, system_instruments(ManualEnergy("not here")), 1)
        assert min(found.cpu_s, found.mb, found.elapsed_s) >= 0.0
        names += workload.names
    assert len(set(names)) == len(names)
    assert set(names) <= set(OPERATIONS)
    wanted = {
        "cell.distance_left",
        "cell.energy",
        "cell.motor_left",
        "cell.host_cpu",
        "cell.math",
        "gate.hear",
    }
    wanted |= {"gate.leave_stable", "nerve.edge", "brain.explorer", "brain.mlp_large", "body.tick"}
    assert wanted <= set(names)


def test_a_walk_takes_edges_that_are_there() -> None:
    percepts = walk(load_graphs()[0])
    for before, after in pairwise(percepts):
        assert before.neighbour[after.heading] == after.node
        assert after.tick == before.tick + 1
