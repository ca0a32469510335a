"""A sustained load: the last quarter of its time is judged, and changes during it are reported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from standin.scenario import Times

if TYPE_CHECKING:
    from mac_project import MacProject
    from scripted_engine import Script

TEST = """
    import pytest

    @pytest.mark.coreml_model("Model.mlpackage")
    @pytest.mark.coreml_budget(sustained_ms=1.2)
    def test_it(coreml_model):
        coreml_model.measure(seconds=0.6)
"""


@pytest.mark.slow
# The states are told one after the other, and loads of workers that nobody judges take none.
@pytest.mark.usefixtures("in_one_process")
def test_a_mac_that_becomes_warm_and_leaks(mac_project: MacProject) -> None:
    """A warm machine does not excuse a miss here; time, memory and thermal state are reported with their values."""
    mac_project.save()
    mac_project.tell(thermal_pressure=(0, 0, 0, 2))
    mac_project.become(times=Times(slower_by_second=1.0), counters=True, leaked_bytes=65_536)
    mac_project.test(TEST)

    result = mac_project.run()
    text = " ".join(result.stdout.str().split())
    entry = mac_project.report["tests"][0]
    sustained = entry["sustained"]

    result.assert_outcomes(failed=1)
    assert (entry["checks"][0]["check"], entry["checks"][0]["verdict"]) == ("sustained_ms", "failed")
    assert entry["checks"][0]["value"] == sustained["quarters_ms"][3] > sustained["quarters_ms"][0] > 1.0
    assert (sustained["seconds"], sustained["thermal"]) == (0.6, {"before": "nominal", "after": "heavy"})
    assert sustained["slope_ms_per_minute"] == pytest.approx(60, rel=0.3)
    assert sustained["slope_bytes_per_call"] == pytest.approx(65_536, rel=0.05)
    assert "slower under sustained load: " in text
    assert "memory grew by 6" in text
    assert "thermal state nominal -> heavy" in text


def test_a_limit_that_the_body_did_not_measure_takes_a_minute(pytester: pytest.Pytester, script: Script) -> None:
    """It is measured after the other predictions, which it would have warmed the machine up for."""
    script.times = (10.0, 12.0)
    pytester.mkdir("Model.mlpackage")
    pytester.makepyfile(TEST.replace("1.2", "20, predict_ms=11").replace("coreml_model.measure(seconds=0.6)", "pass"))

    result = pytester.runpytest_inprocess("-p", "no:randomly", "--coreml-report")
    (entry,) = json.loads((pytester.path / "coreml-report.json").read_text())["tests"]

    result.assert_outcomes(passed=1)
    assert (entry["predict"]["median_ms"], entry["predict"]["seconds"]) == (pytest.approx(10, rel=0.01), None)
    assert (entry["sustained"]["median_ms"], entry["sustained"]["seconds"]) == (pytest.approx(12, rel=0.01), 60)
    result.stdout.fnmatch_lines(["sustained load", "*100 calls in 60 s*"])


def test_a_duration_must_be_one(pytester: pytest.Pytester, script: Script) -> None:
    """Both a number of calls and a duration are a mistake, and so is a duration of nothing."""
    pytester.mkdir("Model.mlpackage")
    pytester.makepyfile(
        """
        import pytest
        from pytest_coreml.errors import InputError

        @pytest.mark.coreml_model("Model.mlpackage")
        def test_it(coreml_model):
            for wrong in ({"calls": 3, "seconds": 1}, {"seconds": 0}, {"seconds": "60"}, {"seconds": float("inf")}):
                with pytest.raises(InputError, match="measure"):
                    coreml_model.measure(**wrong)
        """
    )

    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=1)
