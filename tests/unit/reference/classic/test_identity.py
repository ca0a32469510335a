"""The identity."""

from __future__ import annotations

import numpy as np
from classic_models import make_spec, predict


def test_values_of_every_type_come_out_as_they_went_in():
    """Outputs take the input of their name, else the one at their position."""
    inputs = {"a": "double", "b": "array 2 int32", "c": "dictionary string", "d": "string", "e": "sequence int64"}
    values = {"a": 1.5, "b": np.array([1, 2], np.int32), "c": {"k": 2.0}, "d": "text", "e": [4, 5]}
    spec, _ = make_spec("identity", inputs, {**inputs, "d": "string"})

    result = predict(spec, **values)

    assert result.pop("b").tolist() == [1, 2]
    assert result == {name: value for name, value in values.items() if name != "b"}

    renamed, _ = make_spec("identity", {"a": "double"}, {"z": "double"})
    assert predict(renamed, a=2.0) == {"z": 2.0}
