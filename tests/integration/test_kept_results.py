"""Nothing that goes wrong with one test, or ends a run early, loses the results of other tests or of an earlier run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from scripted_engine import SPEC

from pytest_coreml.__main__ import main

TWO = """
    import pytest

    @pytest.mark.coreml_model("Net.mlpackage")
    def test_net(coreml_model):
        coreml_model.measure(calls=5)

    @pytest.mark.coreml_model("Other.mlpackage")
    def test_other(coreml_model):
        coreml_model.measure(calls=5)
"""
ARGUMENTS = ("-p", "no:randomly", "--coreml-runtime=reference", "--coreml-report=r.json")

pytestmark = pytest.mark.usefixtures("in_one_process")


@pytest.fixture
def net(script, pytester):
    """A folder with two tests of two models, which scripted engines run."""
    for name in ("Net.mlpackage", "Other.mlpackage"):
        pytester.mkdir(name)
    pytester.makepyfile(test_it=TWO)
    return pytester


def outcomes(net):
    """Return the outcome of each test in the report."""
    return {test["id"].partition("::")[2]: test["outcome"] for test in document(net)["tests"]}


def document(net):
    """Return the report."""
    return json.loads((net.path / "r.json").read_text())


def test_a_value_that_no_report_can_hold_fails_its_test_and_the_others_are_kept(net, script):
    """A native clock that runs backwards: the field is named."""
    script.times = (-1.0, 10.0)

    result = net.runpytest(*ARGUMENTS)

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*predict.native_ms[[]0]: expected at least 0, got -1.0*"])
    assert outcomes(net) == {"test_net[all]": "failed", "test_other[all]": "passed"}
    assert main(["validate", "r.json"]) == 0


def test_a_model_that_no_report_can_describe_is_named(net, script):
    """The report is written, without the description of the model."""
    script.spec = replace(SPEC, specification_version=-5)

    result = net.runpytest(*ARGUMENTS)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*Encoder.mlpackage: specification_version: expected at least 0, got -5"])
    assert document(net)["models"] == {}
    assert len(outcomes(net)) == 2


def test_a_model_that_was_not_loaded_is_in_the_report_and_compare_fails(net, capsys):
    """The run before had it."""
    net.runpytest(*ARGUMENTS)
    (net.path / "r.json").rename(net.path / "before.json")
    (net.path / "Net.mlpackage").rmdir()

    net.runpytest(*ARGUMENTS).assert_outcomes(failed=1, passed=1)

    (failed,) = [test for test in document(net)["tests"] if "test_net" in test["id"]]
    assert (failed["outcome"], failed["model"], failed["model_name"]) == ("failed", None, "Net.mlpackage")
    capsys.readouterr()
    assert main(["compare", "before.json", "--current", "r.json", "--inconclusive=warn"]) == 1
    told = capsys.readouterr().out
    assert "2 compared, 1 failed" in told
    assert "FAILED: the test failed before anything was measured" in told


def test_an_interrupt_before_any_test_has_ended_keeps_the_earlier_report(net):
    """Ctrl-C in the body of the first test."""
    net.runpytest(*ARGUMENTS)
    before = document(net)
    net.makepyfile(test_it=TWO.replace("coreml_model.measure(calls=5)", "raise KeyboardInterrupt", 1))

    result = net.runpytest_inprocess(*ARGUMENTS, no_reraise_ctrlc=True)

    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert document(net) == before
    result.stdout.fnmatch_lines(["Core ML report: no test of a model has ended; *r.json is of an earlier run"])


@pytest.mark.parametrize(
    "stop", ["raise KeyboardInterrupt", "pytest.exit('enough')", "request.session.shouldstop = 'x'"]
)
def test_the_report_of_a_run_that_ended_early_says_that_it_is_partial(net, stop):
    """The second test ends the run; the first one is in the report."""
    net.makepyfile(test_it=TWO + f"\n    def test_stop(request):\n        {stop}\n\n    def test_last(): pass\n")

    result = net.runpytest_inprocess(*ARGUMENTS, no_reraise_ctrlc=True)

    assert document(net)["partial"] is True
    assert outcomes(net) == {"test_net[all]": "passed", "test_other[all]": "passed"}
    result.stdout.fnmatch_lines(["Core ML report: *r.json (partial: the run ended before all its tests)"])
    assert main(["validate", "r.json"]) == 0


def test_the_report_of_a_whole_run_does_not_speak_of_parts(net):
    """Also of one in which a test has failed."""
    net.makepyfile(test_it=TWO + "\n    def test_fails():\n        assert False\n")

    net.runpytest(*ARGUMENTS)

    assert "partial" not in document(net)


@pytest.mark.parametrize("exists", [False, True])
def test_without_a_baseline_yet_there_is_nothing_to_compare_with(net, exists):
    """A first pull request: the folder is missing or empty, and the command that records one is named."""
    if exists:
        net.mkdir("baselines")
    net.makeini("[pytest]\ncoreml_baseline = baselines")

    result = net.runpytest(*ARGUMENTS)

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["Core ML baseline: nothing to compare with yet*baseline add r.json baselines"])
    assert main(["baseline", "add", "r.json", "baselines"]) == 0
    assert "nothing to compare" not in net.runpytest(*ARGUMENTS).stdout.str()


def test_a_name_that_no_file_system_takes_is_a_usage_error(net):
    """The report cannot be written; nothing has run."""
    result = net.runpytest("--coreml-report=" + "x" * 300 + ".json")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: cannot write the report to *"])
