import os
import uuid

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nimmer.bus.headers import KEPT, Stamps, message_ids, number_texts


def test_every_id_is_a_different_uuid4() -> None:
    ids = message_ids(500, os.urandom)
    assert len(set(ids)) == 500
    for text in ids:
        parsed = uuid.UUID(text)
        assert str(parsed) == text
        assert (parsed.version, parsed.variant) == (4, uuid.RFC_4122)


def test_no_ids_are_no_ids() -> None:
    assert message_ids(0, os.urandom) == []


@given(st.binary(min_size=16, max_size=16))
def test_an_id_is_the_uuid4_of_its_entropy(entropy: bytes) -> None:
    assert message_ids(1, lambda count: entropy) == [str(uuid.UUID(bytes=entropy, version=4))]


def test_stamps_are_milliseconds_in_utc_and_bounded() -> None:
    stamps = Stamps()
    assert stamps.of(np.array([1_700_000_000.0, 1_700_000_000.9999])) == [
        "2023-11-14T22:13:20.000Z",
        "2023-11-14T22:13:20.999Z",
    ]
    stamps.update(dict.fromkeys(range(KEPT + 1), ""))
    stamps.of(np.array([0.0]))
    assert len(stamps) == 1


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_number_keeps_six_digits(number: float) -> None:
    (text,) = number_texts(np.array([number]))
    assert abs(float(text) - number) <= abs(number) * 1e-5 + 1e-25


def test_short_numbers_stay_short() -> None:
    numbers = np.array([0.3, 25.0, 0.005, -1.5, 0.0], dtype=np.float32).astype(np.float64)
    assert number_texts(numbers) == ["0.3", "25.0", "0.005", "-1.5", "0.0"]
