from itertools import combinations

from nimmer.bus.streams import DAY_S, streams
from nimmer.bus.subject import matches


def test_the_four_streams_keep_what_the_domain_says_and_the_buckets_an_hour() -> None:
    kept = {stream.name: stream.max_age_s for stream in streams("dev")}
    assert kept == {
        "VIRTUAL_TRACES": 7 * DAY_S,
        "GATE_TRANSITIONS": DAY_S,
        "VERIFICATION": 30 * DAY_S,
        "TRAINING_DATA": 0.0,
        "OBJ_dev-organs": 3600.0,
        "OBJ_dev-spoken": 3600.0,
    }


def test_no_two_streams_share_a_subject() -> None:
    for one, other in combinations(streams("prod"), 2):
        for pattern in one.subjects:
            assert not any(
                matches(pattern, subject) or matches(subject, pattern) for subject in other.subjects
            )
