"""The normalizer against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from classic_models import make_spec, predict
from sklearn.preprocessing import normalize


@pytest.mark.parametrize(("number", "norm"), [(0, "max"), (1, "l1"), (2, "l2")])
@pytest.mark.parametrize("x", [[1.0, -4.0, 2.0], [0.0, 0.0, 0.0]])
def test_norms(number, norm, x):
    """All three norms; a vector of zeros stays one."""
    spec, part = make_spec("normalizer", {"x": "array 3"}, {"y": "array 3"})
    part.normType = number

    np.testing.assert_allclose(predict(spec, x=np.array(x))["y"], normalize([x], norm=norm)[0])
