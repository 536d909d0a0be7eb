"""What a call costs, in lifeforce: something for being asked, something per token read, most per token written.

    cost = 0.5 + 0.004 * prompt tokens + 0.03 * completion tokens

A prompt of 200 tokens and an answer of 33 cost the 2.3 that the owner's sample shows. Tokens and not seconds, because an
NPC must not pay for a busy engine, and because tokens can be promised beforehand: the budget of a request becomes the
longest answer it may get. Source: docs/domain.md section 7 (budget 5.0, spent 2.3), section 10 (-2 LF); docs/cortex.md.
"""

ASKING = 0.5
PROMPT_TOKEN = 0.004
COMPLETION_TOKEN = 0.03
PENALTY = 2.0
"""What a request costs that got no answer in time."""


def cost(prompt_tokens: int, completion_tokens: int) -> float:
    """Return what an answer costs, lifeforce."""
    return ASKING + PROMPT_TOKEN * prompt_tokens + COMPLETION_TOKEN * completion_tokens


def affordable_tokens(budget: float, prompt_tokens: int) -> int:
    """Return how many tokens may be written for `budget` lifeforce after a prompt of so many; 0 for none."""
    return max(int((budget - cost(prompt_tokens, 0)) / COMPLETION_TOKEN + 1e-9), 0)
