"""The feature vectorizer."""

from __future__ import annotations

import numpy as np
import pytest
from classic_models import make_spec, predict

from pytest_coreml.reference.errors import BadInputError, BadModelError


def vectorizer(inputs, *columns):
    """Return a vectorizer of columns (name, number of elements)."""
    spec, part = make_spec("featureVectorizer", inputs, {"y": "array"})
    for name, size in columns:
        part.inputList.add(inputColumn=name, inputDimensions=size)
    return spec


def test_numbers_arrays_and_sparse_dictionaries_in_the_order_of_the_list():
    """The list has its own order, and a dictionary has the elements that are not zero."""
    inputs = {"a": "double", "b": "int64", "c": "array 2", "d": "dictionary int64"}
    spec = vectorizer(inputs, ("c", 2), ("d", 3), ("b", 1), ("a", 1))

    result = predict(spec, a=1.5, b=2, c=np.array([3.0, 4.0]), d={1: 5.0})

    assert result["y"].tolist() == [3, 4, 0, 5, 0, 2, 1.5]


def test_what_does_not_fit_is_named():
    """Another number of elements, a position that is not there, and an input that is not declared."""
    with pytest.raises(BadInputError, match="takes 3 numbers of it, got 2"):
        predict(vectorizer({"a": "array"}, ("a", 3)), a=np.ones(2))
    with pytest.raises(BadInputError, match="4 is not a position from 0 to 2"):
        predict(vectorizer({"a": "dictionary int64"}, ("a", 3)), a={4: 1.0})
    with pytest.raises(BadModelError, match="not declared: b"):
        predict(vectorizer({"a": "double"}, ("b", 1)), a=1.0)
