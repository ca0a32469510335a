"""Predictions in flight: throughput and latency under load."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mac_project import MacProject

TEST = """
    import pytest

    pytestmark = pytest.mark.coreml_model("Linear.mlpackage")

    @pytest.mark.coreml_budget(min_throughput=1)
    def test_four(coreml_model):
        measured = coreml_model.measure(in_flight=4, calls=20)
        assert measured.in_flight == 4
        assert measured.throughput == 1000 * 20 * measured.batch / measured.elapsed_ms
        assert measured.wait_ms is None

    @pytest.mark.coreml_budget(min_throughput=1)
    def test_one(coreml_model):
        pass

    @pytest.mark.parametrize("number", [0, -1, 2.5, True])
    def test_refused(coreml_model, number):
        with pytest.raises(Exception, match="in_flight=...*: expected a positive whole number"):
            coreml_model.measure(in_flight=number)

    def test_batch(coreml_model):
        with pytest.raises(Exception, match="a batch .* is not kept in flight"):
            coreml_model.measure(in_flight=2, batch=2)
"""


@pytest.mark.slow
def test_four_predictions_in_flight(project: pytest.Pytester) -> None:
    """The report has their number, the throughput, and a check of it; what cannot be in flight is an error."""
    project.makepyfile(TEST)

    options = ("-p", "no:randomly", "--coreml-calls=10", "--coreml-runtime=reference", "--coreml-report=r.json")
    result = project.runpytest_subprocess(*options)
    tests = {test["id"].split("::")[1]: test for test in json.loads((project.path / "r.json").read_text())["tests"]}

    result.assert_outcomes(passed=7)
    four, one = tests["test_four[all]"], tests["test_one[all]"]
    assert four["predict"]["in_flight"] == 4
    assert four["predict"]["throughput"] == four["checks"][0]["value"]
    assert (one["predict"]["in_flight"], one["checks"][0]["verdict"]) == (1, "passed")


@pytest.mark.slow
def test_core_ml_through_coremltools_makes_one_prediction_at_a_time(mac_project: MacProject) -> None:
    """The error names the reason and what to choose instead, for predictions in flight and for output backings."""
    mac_project.save()
    mac_project.test(
        """
        import numpy as np
        import pytest

        @pytest.mark.coreml_model("Model.mlpackage")
        def test_it(coreml_model):
            problem = "coremltools passes no output backings to Core ML, and makes one prediction at a time"
            with pytest.raises(Exception, match=problem):
                coreml_model.measure(in_flight=2)
            with pytest.raises(Exception, match=problem):
                (output,) = coreml_model.spec.outputs
                array = np.empty(output.shape, output.dtype)
                coreml_model.predict(coreml_model.example_inputs(), output_backings={output.name: array})
        """
    )

    mac_project.run().assert_outcomes(passed=1)
