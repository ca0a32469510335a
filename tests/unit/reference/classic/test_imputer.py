"""The imputer against scikit-learn, and by its definition for what scikit-learn has not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from classic_models import make_spec, predict
from sklearn.impute import SimpleImputer


def imputer(type_, **fields):
    """Return an imputer with these fields; a list or dictionary fills a vector or map."""
    spec, part = make_spec("imputer", {"x": type_}, {"y": type_.rstrip("?")})
    for name, value in fields.items():
        if isinstance(value, dict):
            getattr(part, name).map.update(value)
        elif isinstance(value, list):
            getattr(part, name).vector.extend(value)
        else:
            setattr(part, name, value)
    return spec


@pytest.mark.parametrize("missing", [math.nan, -1.0])
def test_it_imputes_as_scikit_learn(missing):
    """Means replace missing values, which may be marked by a number."""
    data = np.array([[1.0, 2.0], [missing, 4.0], [5.0, missing]])
    model = SimpleImputer(missing_values=missing).fit(data)
    spec = imputer("array 2", imputedDoubleArray=model.statistics_.tolist(), replaceDoubleValue=missing)

    for row, expected in zip(data, model.transform(data), strict=True):
        assert predict(spec, x=row)["y"].tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("type_", "fields", "given", "expected"),
    [
        ("double", {"imputedDoubleValue": 3.0}, math.nan, 3.0),
        ("double", {"imputedDoubleValue": 3.0, "replaceDoubleValue": 7.0}, 7.0, 3.0),
        ("int64", {"imputedInt64Value": 3, "replaceInt64Value": 0}, 0, 3),
        ("int64", {"imputedInt64Value": 3, "replaceInt64Value": 0}, 1, 1),
        ("string", {"imputedStringValue": "none", "replaceStringValue": ""}, "", "none"),
        ("string", {"imputedStringValue": "none", "replaceStringValue": ""}, "a", "a"),
        ("dictionary string", {"imputedStringDictionary": {"a": 1.0, "b": 2.0}}, {"b": 5.0}, {"a": 1.0, "b": 5.0}),
        ("dictionary int64", {"imputedInt64Dictionary": {1: 1.0}}, {1: math.nan, 2: 2.0}, {1: 1.0, 2: 2.0}),
    ],
)
def test_values_of_every_type(type_, fields, given, expected):
    """Numbers, strings, and the keys of dictionaries."""
    assert predict(imputer(type_, **fields), x=given)["y"] == expected


def test_an_array_with_one_value_for_all():
    """A double fills every element that is missing."""
    result = predict(imputer("array 3", imputedDoubleValue=9.0), x=np.array([1.0, math.nan, math.nan]))

    assert result["y"].tolist() == [1, 9, 9]


@pytest.mark.parametrize(
    ("type_", "fields", "expected"),
    [("double?", {"imputedDoubleValue": 3.0}, 3.0), ("string?", {"imputedStringValue": "none"}, "none")],
)
def test_an_absent_input_is_imputed(type_, fields, expected):
    """An optional input that was left out is missing."""
    assert predict(imputer(type_, **fields))["y"] == expected
