"""Compute units set against each other in one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from standin.scenario import Op, Times

if TYPE_CHECKING:
    from mac_project import MacProject
    from scripted_engine import Script

TESTS = """
    import pytest

    pytestmark = pytest.mark.coreml_model("Model.mlpackage")

    @pytest.mark.coreml_compute_units("cpuAndNeuralEngine")
    @pytest.mark.coreml_budget(predict_ms=100)
    @pytest.mark.coreml_budget(min_speedup={"cpuOnly": 2.0})
    def test_faster_than_what_is_measured_later(coreml_model): pass

    @pytest.mark.coreml_compute_units("all")
    @pytest.mark.coreml_budget(min_speedup={"cpuAndGPU": 2.0})
    def test_faster_than_what_is_never_measured(coreml_model): pass

    @pytest.mark.coreml_compute_units("cpuOnly")
    def test_later(coreml_model):
        coreml_model.measure()
"""


@pytest.mark.slow
def test_units_are_compared_at_the_end_of_the_run(mac_project: MacProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """A partner that came later fails the run; one that never came is not judged; an idle Neural Engine is noted."""
    # No line of the summary is to be cut.
    monkeypatch.setenv("COLUMNS", "300")
    mac_project.save()
    mac_project.become(default=Op("neuralEngine"), times=Times(predict_ns=(4_000_000,)))
    mac_project.test(TESTS)

    result = mac_project.run("--coreml-calls=100")
    late, never, _ = mac_project.report["tests"]

    assert result.ret == 1
    result.assert_outcomes(passed=2, skipped=1)
    assert [check["verdict"] for check in late["checks"]] == ["failed", "passed"]
    assert (late["checks"][0]["value"], late["outcome"]) == (1.0, "failed")
    assert [check["verdict"] for check in never["checks"]] == ["not_judged"]
    assert late["notes"][-1].startswith(
        "Model.mlpackage on cpuAndNeuralEngine: planned placement not confirmed by timing: the plan has 100.0 % of cost"
    )
    result.stdout.fnmatch_lines(
        [
            "*speed-up over cpuOnly 1 x, at least 2 x*",
            "note: *planned placement not confirmed by timing*",
            "ERROR: *test_faster_than_what_is_measured_later* failed after its end, by what a later test measured",
        ]
    )


SEVERAL = """
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage", "Other.mlpackage")
    @pytest.mark.coreml_compute_units("all", "cpuOnly")
    @pytest.mark.coreml_budget(min_speedup={"cpuOnly": 1000.0}, compute_units="all")
    @pytest.mark.parametrize("number", [1, 2])
    def test_it(coreml_model, number): pass
"""


@pytest.mark.parametrize("order", [("-p", "no:randomly"), ("--randomly-seed=1",), ("--randomly-seed=2",)])
def test_partners_come_first_in_any_order(pytester: pytest.Pytester, order: tuple[str, ...]) -> None:
    """Also among several sources, whose instances pytest runs together, and when they are shuffled."""
    pytester.makepyfile(test_several=SEVERAL)

    result = pytester.runpytest_inprocess("--collect-only", "-q", *order)

    places = {line: place for place, line in enumerate(result.outlines) if "::" in line}
    assert len(places) == 8
    for line, place in places.items():
        assert places[line.replace("-all-", "-cpuOnly-")] <= place


@pytest.mark.usefixtures("in_one_process")
def test_a_miss_fails_the_test_itself(pytester: pytest.Pytester, script: Script) -> None:
    """Each, though there are several sources; and one that was run alone is told of what it lacks."""
    for name in ("Linear.mlpackage", "Other.mlpackage"):
        pytester.mkdir(name)
    pytester.makepyfile(test_several=SEVERAL)
    run = ("-p", "no:randomly", "--coreml-runtime=reference", "-rs")

    whole = pytester.runpytest_inprocess(*run)
    alone = pytester.runpytest_inprocess(*run, "test_several.py::test_it[Linear-all-1]")

    whole.assert_outcomes(passed=4, failed=4)
    whole.stdout.no_fnmatch_line("*failed after its end*")
    whole.stdout.fnmatch_lines(["  to see every value: pytest test_several.py::test_it --coreml-runtime=reference *"])
    alone.assert_outcomes(skipped=1)
    alone.stdout.fnmatch_lines(["*cpuOnly was not run in this run; run the whole test, which also runs on *"])
