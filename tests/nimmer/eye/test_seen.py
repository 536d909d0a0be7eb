import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.eye.box import Box
from nimmer.eye.seen import Seen, overlaps, suppress, surest_first

BOXES = st.lists(
    st.tuples(*(st.floats(0, 1, width=32) for _ in range(4)), st.floats(0, 1, width=32)),
    min_size=1,
    max_size=20,
)


def test_overlap_is_what_two_boxes_share_of_what_they_cover() -> None:
    boxes = np.array([[0, 0, 2, 2]], np.float32)
    others = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [2, 0, 4, 2], [5, 5, 5, 5]], np.float32)
    assert overlaps(boxes, others)[0].tolist() == pytest.approx([1.0, 1 / 3, 0.0, 0.0])


def test_of_boxes_on_top_of_each_other_the_surest_stays() -> None:
    boxes = np.array([[0, 0, 2, 2], [0, 0, 2, 1.9], [4, 4, 6, 6], [1, 0, 3, 2]], np.float32)
    assert suppress(boxes, np.array([0.5, 0.9, 0.3, 0.4], np.float32), 0.6) == [1, 3, 2]


@given(BOXES, st.floats(0.1, 0.9))
def test_what_stays_does_not_overlap_and_what_goes_does(rows: list[tuple[float, ...]], most: float) -> None:
    table = np.array(rows, np.float32)
    boxes = np.concatenate(
        [np.minimum(table[:, :2], table[:, 2:4]), np.maximum(table[:, :2], table[:, 2:4])], 1
    )
    stays = suppress(boxes, table[:, 4], most)
    kept = overlaps(boxes[stays], boxes[stays])
    assert (kept[~np.eye(len(stays), dtype=np.bool_)] <= most).all()
    for row in set(range(len(rows))) - set(stays):
        assert any(overlaps(boxes[[row]], boxes[[one]])[0, 0] > most for one in stays)


def test_the_surest_come_first() -> None:
    one, other = Seen("npc", 0.2, Box(0, 0, 1, 1)), Seen("well", 0.9, Box(0, 0, 1, 1))
    assert surest_first([one, other]) == (other, one)
