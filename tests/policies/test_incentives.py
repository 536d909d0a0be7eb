import numpy as np
import pytest

from policies.incentives import Incentives


def test_no_incentive_pays_what_the_world_pays() -> None:
    rewards = np.array([[1.0, 0.0, -0.1]], np.float32)
    assert Incentives().pay(rewards, np.zeros((1, 3), np.bool_)).tolist() == rewards.tolist()


def test_a_team_shares_and_who_knows_less_than_all_pays_for_waiting() -> None:
    rewards = np.array([[1.0, 0.0]], np.float32)
    paid = Incentives(team=0.5, waiting=0.1, lasting=0.2).pay(rewards, np.array([[True, False]]))
    assert paid[0].tolist() == pytest.approx([0.75 - 0.2, 0.25 - 0.1 - 0.2])


@pytest.mark.parametrize("wrong", [{"team": 1.1}, {"waiting": -1.0}, {"lasting": float("nan")}])
def test_an_incentive_out_of_range_names_its_key(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Incentives(**wrong)
