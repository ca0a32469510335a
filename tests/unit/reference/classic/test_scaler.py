"""The scaler: (x + shift) * scale."""

from __future__ import annotations

import numpy as np
import pytest
from classic_models import make_spec, predict
from sklearn.preprocessing import StandardScaler

from pytest_coreml.reference.errors import BadInputError, BadModelError


def scaler(type_, shift, scale, output=None):
    """Return a scaler of one feature."""
    spec, part = make_spec("scaler", {"x": type_}, {"y": output or type_})
    part.shiftValue.extend(shift)
    part.scaleValue.extend(scale)
    return spec


def test_it_scales_as_scikit_learn():
    """A shift and a scale for each element."""
    data = np.random.default_rng(0).standard_normal((20, 3)) * [1, 10, 100] + 5
    model = StandardScaler().fit(data)
    spec = scaler("array 3", -model.mean_, 1 / model.scale_)

    np.testing.assert_allclose(predict(spec, x=data[0])["y"], model.transform(data[:1])[0])


@pytest.mark.parametrize(("shift", "scale", "expected"), [([1.0], [2.0], 8.0), ([], [2.0], 6.0), ([1.0], [], 4.0)])
def test_one_number_is_for_all_elements_and_none_is_neutral(shift, scale, expected):
    """A single shift or scale applies everywhere; without one, nothing is added or multiplied."""
    assert predict(scaler("double", shift, scale), x=3.0)["y"] == expected
    assert predict(scaler("array 1 2", shift, scale), x=np.full((1, 2), 3.0))["y"].tolist() == [[expected, expected]]


def test_an_integer_output_must_not_lose_anything():
    """An integer is scaled as a double; a result that is not whole is an error (Scaler.proto)."""
    assert predict(scaler("int64", [1.0], [2.0]), x=3)["y"] == 8
    with pytest.raises(BadModelError, match=r"computes 2\.0?5?"):
        predict(scaler("int64", [1.1], [0.5]), x=3)


def test_another_number_of_elements_is_refused():
    """Parameters for two elements do not fit three."""
    with pytest.raises(BadInputError, match="for 2 numbers, got 3"):
        predict(scaler("array", [1.0, 2.0], []), x=np.ones(3))
