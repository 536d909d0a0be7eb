import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.cortex.price import affordable_tokens, cost


def test_the_owners_sample_of_2_3_lifeforce_is_a_prompt_of_200_tokens_and_an_answer_of_33() -> None:
    assert cost(200, 33) == pytest.approx(2.29)


@given(st.floats(0.0, 100.0), st.integers(0, 5000))
def test_an_answer_of_the_affordable_length_never_costs_more_than_the_budget(
    budget: float, prompt_tokens: int
) -> None:
    tokens = affordable_tokens(budget, prompt_tokens)
    assert tokens >= 0
    if tokens:
        assert cost(prompt_tokens, tokens) <= budget + 1e-6
        assert cost(prompt_tokens, tokens + 1) > budget - 1e-6
