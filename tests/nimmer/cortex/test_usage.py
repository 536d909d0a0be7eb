from nimmer.cortex.usage import MOST_IDENTITIES, OTHERS, Usage


def test_calls_are_counted_by_outcome_and_metered_by_identity() -> None:
    usage = Usage()
    usage.count("guest", "answered", 100.0, 30, 10, 0.0)
    usage.count("guest", "denied", 1.0, 0, 0, 0.0)
    usage.count("nyx-training", "answered", 300.0, 50, 20, 2.3)
    assert usage.outcomes == {"answered": 2, "denied": 1}
    guest = usage.meter("guest")
    assert (guest.requests, guest.answered, guest.prompt_tokens, guest.completion_tokens) == (2, 1, 30, 10)
    assert usage.tokens() == (80, 30)


def test_latencies_are_those_of_the_last_answers() -> None:
    usage = Usage()
    assert usage.latency_ms(0.5) == 0.0
    for took_ms in range(1000):
        usage.count("guest", "answered", float(took_ms), 1, 1, 0.0)
    assert usage.latency_ms(0.5) == 744.0
    assert usage.latency_ms(1.0) == 999.0


def test_identities_beyond_the_thousandth_are_counted_together() -> None:
    usage = Usage()
    for number in range(MOST_IDENTITIES + 5):
        usage.count(f"tool-{number}", "answered", 1.0, 1, 1, 0.0)
    assert usage.meters[OTHERS].requests == 5
