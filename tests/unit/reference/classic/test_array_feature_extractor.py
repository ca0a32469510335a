"""The array feature extractor."""

from __future__ import annotations

import numpy as np
import pytest
from classic_models import make_spec, predict

from pytest_coreml.reference.errors import BadInputError, BadModelError


def extractor(output, *indices):
    """Return an extractor of an array of any shape."""
    spec, part = make_spec("arrayFeatureExtractor", {"x": "array"}, {"y": output})
    part.extractIndex.extend(indices)
    return spec


def test_elements_by_flat_index():
    """Several elements make an array, one may be a number."""
    x = np.arange(6.0).reshape(2, 3)

    assert predict(extractor("array 2", 4, 0), x=x)["y"].tolist() == [4, 0]
    assert predict(extractor("double", 5), x=x)["y"] == 5.0
    whole = predict(extractor("int64", 3), x=x)["y"]
    assert (whole, type(whole)) == (3, int)


def test_what_does_not_fit_is_named():
    """An index beyond the array, and two numbers for one output."""
    with pytest.raises(BadInputError, match="element 6 is extracted of an array of 6"):
        predict(extractor("double", 6), x=np.zeros(6))
    with pytest.raises(BadModelError, match="'y' is one number, and 2 are extracted"):
        predict(extractor("double", 0, 1), x=np.zeros(6))
