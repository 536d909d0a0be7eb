"""Vectors of texts from the packaged weights."""

import numpy as np
import pytest

from nimmer.engines.embedding import WordVectors


def test_alike_sentences_have_alike_vectors_of_unit_length() -> None:
    vectors = np.array(
        WordVectors()(["where is the well?", "the well is over there", "two plus two is four"])
    )
    assert vectors.shape == (3, 256)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1.0] * 3)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


def test_its_weights_are_loaded_when_they_are_needed() -> None:
    assert WordVectors()._model is None
