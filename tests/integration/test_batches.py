"""Batches: one call of the framework's batch API."""

from __future__ import annotations

import json

import pytest

TEST = """
    import numpy as np
    import pytest

    pytestmark = pytest.mark.coreml_model("Linear.mlpackage")
    X = [{"x": np.full((1, 4), number, np.float32)} for number in range(3)]

    def test_predicted(coreml_model):
        outputs = coreml_model.predict(X)
        assert [out["y"].tolist() for out in outputs] == [coreml_model.predict(x)["y"].tolist() for x in X]

    def test_measured(coreml_model):
        measured = coreml_model.measure(batch=8, calls=10)
        assert measured.items == 8
        assert measured.item_ms == measured.median_ms / 8

    @pytest.mark.coreml_budget(predict_ms=10_000, min_fps=1)
    def test_judged(coreml_model):
        coreml_model.predict(X)

    @pytest.mark.parametrize(
        ("inputs", "problem"),
        [
            ([], "Linear.mlpackage: expected a batch of at least one set of inputs, got an empty list"),
            ([X[0], {}], "inputs 1 have 'x', inputs 2 have none"),
            ([X[0], {"x": [1.0]}], "Linear.mlpackage, inputs 2: input 'x' expects float32"),
            ([X[0], 7], "expected a dict of input names to values, or a list of such dicts"),
        ],
    )
    def test_refused(coreml_model, inputs, problem):
        with pytest.raises(Exception) as raised:
            coreml_model.predict(inputs)
        assert problem in str(raised.value)

    @pytest.mark.parametrize("batch", [0, 2.5, True, 2])
    def test_size(coreml_model, batch):
        with pytest.raises(Exception, match="batch"):
            coreml_model.measure(X, batch=batch)
"""


@pytest.mark.slow
def test_batches_are_predicted_measured_and_judged(project: pytest.Pytester) -> None:
    """A batch gives the outputs of its items; the report has the time of a call and of an item; bad ones are errors."""
    project.makepyfile(TEST)

    options = ("-p", "no:randomly", "--coreml-calls=10", "--coreml-runtime=reference", "--coreml-report=r.json")
    result = project.runpytest_subprocess(*options)
    tests = {test["id"].split("::")[1]: test for test in json.loads((project.path / "r.json").read_text())["tests"]}

    result.assert_outcomes(passed=11)
    measured = tests["test_measured[all]"]["predict"]
    assert measured["items"] == 8
    assert measured["item_ms"] * 8 == measured["median_ms"]
    assert tests["test_judged[all]"]["predict"]["items"] == 3
