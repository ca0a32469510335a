"""The engine over Core ML's native module, scripted: what a user on a Mac sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
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


@pytest.mark.slow
def test_native_durations_are_judged_and_reported_as_they_are(mac_project: MacProject) -> None:
    """The report has the times of the native module to the nanosecond; time is judged without an option."""
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


LOADS = """
    import pytest

    pytestmark = pytest.mark.coreml_model("Model.mlpackage")

    @pytest.mark.coreml_budget(load_ms=8)
    def test_load(coreml_model): pass

    @pytest.mark.coreml_compute_units("cpuOnly")
    @pytest.mark.coreml_budget(first_load_ms=100)
    def test_another_budget(coreml_model): pass
"""


@pytest.mark.slow
def test_a_budget_for_loading_is_about_an_app_that_starts(mac_project: MacProject) -> None:
    """The median of loads by fresh processes, from the path that was loaded before; never by the one that has it."""
    mac_project.save()
    mac_project.become(times=Times(first_load_ns=30_000_000, load_ns=2_000_000, waking_ns=7_000_000))
    mac_project.test(LOADS)

    result = mac_project.run()
    budgeted, other = mac_project.report["tests"]
    loads = [call for call in mac_project.journal("load") if call["units"] == "ALL"]

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*Model.mlpackage on all: load 9 ms, budget 8 ms*"])
    assert budgeted["load"]["first_load_ms"] == [37.0]
    assert set(budgeted["load"]["load_ms"]) == {2.0}
    assert budgeted["load"]["fresh_load_ms"] == [9.0, 9.0, 9.0]
    assert other["load"]["fresh_load_ms"] == []
    assert len({call["path"] for call in loads}) == 1
    assert len({call["pid"] for call in loads}) == 4
