"""Neural networks in the reports of the reference runtime."""

from __future__ import annotations

import json

import coremltools as ct
import pytest
from one_layer import build


@pytest.mark.slow
def test_the_layers_of_a_network_are_in_the_report(project: pytest.Pytester) -> None:
    """On no device: the reference runtime plans nothing, and a rule about placement is not judged."""
    network = build(lambda builder: builder.add_activation("relu", "RELU", "x0", "y0"), [(2,)])
    ct.models.utils.save_spec(network, str(project.path / "Net.mlmodel"))
    project.makepyfile(
        """
        import pytest

        @pytest.mark.coreml_model("Net.mlmodel")
        @pytest.mark.coreml_budget(size_mb=1)
        @pytest.mark.coreml_placement(forbid="cpu")
        def test_it(coreml_model): coreml_model.predict(coreml_model.example_inputs())
        """
    )

    project.runpytest_subprocess("Net.mlmodel", ".", "--coreml-report=r.json", "--coreml-calls=10")

    tests = json.loads((project.path / "r.json").read_text())["tests"]
    placements = [test["placement"] for test in tests]
    assert [placement["status"] for placement in placements] == ["unknown", "unknown"]
    assert [[op["name"], op["operator"], op["preferred"]] for op in placements[0]["ops"]] == [
        ["relu", "activation", None]
    ]
    assert placements[1] == placements[0]
    assert {check["verdict"] for test in tests for check in test["checks"]} == {"passed", "not_judged"}
