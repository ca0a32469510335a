"""The engine over Core ML's native module, scripted: what a user on a Mac sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from standin.scenario import Times

if TYPE_CHECKING:
    from mac_project import MacProject

TEST = """
    import pytest

    pytestmark = pytest.mark.coreml_model("Model.mlpackage")

    @pytest.mark.coreml_budget(predict_ms=3, first_load_ms=31, load_ms=3)
    def test_kept(coreml_model):
        assert coreml_model.predict(coreml_model.example_inputs())["y"].shape == (1, 4)

    @pytest.mark.coreml_budget(predict_ms=1.2)
    def test_missed(coreml_model):
        pass
"""


def test_native_durations_are_judged_and_reported_as_they_are(mac_project: MacProject) -> None:
    """What the native module says is what the report has, to the nanosecond; time is judged without an option."""
    mac_project.save()
    mac_project.become(times=Times(30_000_000, 2_000_001, 5_000_000, (1_500_001, 1_500_003)))
    mac_project.test(TEST)

    result = mac_project.run()
    entry = mac_project.report["tests"][0]

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*Model.mlpackage on all: predict median 1.50 ms, budget 1.20 ms (+25.0 %)*"])
    assert entry["runtime"] == "coreml"
    assert entry["load"]["first_load_ms"] == [30.0]
    assert set(entry["load"]["load_ms"]) == {2.000001}
    assert set(entry["predict"]["native_ms"]) == {1.500001, 1.500003}
    assert entry["predict"]["first_ms"] == 5.0
