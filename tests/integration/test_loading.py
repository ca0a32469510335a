"""A Mac loads what a test asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import standin_models
from standin.scenario import Times

if TYPE_CHECKING:
    from mac_project import MacProject

TEST = """
    import numpy as np
    import pytest

    X = {"x": np.ones((1, 4), np.float32)}

    @pytest.mark.coreml_model("Several.mlpackage", function="other")
    def test_function(coreml_model):
        coreml_model.predict(X)

    @pytest.mark.coreml_model("Stateful.mlpackage")
    @pytest.mark.coreml_budget(predict_ms=3)
    def test_state(coreml_model):
        pass

    def test_hints(coreml_load):
        hints = {"specializationStrategy": "FastPrediction", "allowLowPrecisionAccumulationOnGPU": True}
        coreml_load("Model.mlpackage", optimization_hints=hints).predict(X)
        coreml_load("Model.mlpackage").predict(X)

    def test_memory(coreml_load):
        model = coreml_load("Model.mlpackage", from_memory=True)
        assert model.predict(X)["y"].shape == (1, 4)
        assert model.load_times.compile_ms == ()
        assert model.load_times.first_load_ms == (30.0,)

    def test_wrong_hint(coreml_load):
        coreml_load("Model.mlpackage", optimization_hints={"reshapeFrequenzy": "Infrequent"})
"""


@pytest.mark.slow
def test_functions_states_hints_and_models_from_memory(mac_project: MacProject) -> None:
    """Each reaches the native module; a measured sequence begins with a fresh state; inputs are never let go."""
    mac_project.save()
    mac_project.save(standin_models.multifunction_spec(), "Several.mlpackage")
    mac_project.save(standin_models.program_spec(state=True), "Stateful.mlpackage")
    mac_project.become(times=Times(30_000_000, 2_000_000, 5_000_000, (1_500_000,)))
    mac_project.test(TEST)

    result = mac_project.run()
    loads = mac_project.journal("load")

    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["*unknown hint 'reshapeFrequenzy'*did you mean 'reshapeFrequency'?*"])
    assert {call["function"] for call in loads if "Several" in call["path"]} == {"other"}
    assert {"specializationStrategy": "FastPrediction", "allowLowPrecisionAccumulationOnGPU": "True"} in [
        call["hints"] for call in loads
    ]
    assert any(call["asset"] for call in loads)
    assert [entry["loaded"] for entry in mac_project.report["tests"] if "hints" in entry["id"]] == [
        "allowLowPrecisionAccumulationOnGPU=True, specializationStrategy=FastPrediction",
        None,
    ]
    assert len(mac_project.journal("state")) == 2
    assert mac_project.journal("input released") == []
    assert all(call["contiguous"] and call["dtype"] == "float32" for call in mac_project.journal("input"))
