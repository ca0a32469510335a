"""Scenarios: predictions of several models, measured as one."""

from __future__ import annotations

import json
import shutil

import pytest

MODELS = """
    import numpy as np
    import pytest

    X = {"x": np.ones((1, 4), np.float32)}

    @pytest.fixture
    def models(coreml_load):
        return coreml_load("Linear.mlpackage"), coreml_load("Other.mlpackage")
"""
TEST = (
    MODELS
    + """
    @pytest.mark.coreml_budget(scenario="chunk", predict_ms=10_000, predict_p95_ms=10_000, min_fps=0.001)
    def test_two_models(models, coreml_scenario):
        linear, other = models

        def chunk():
            linear.predict(X)
            for _ in range(3):
                other.predict(X)

        scenario = coreml_scenario(chunk, name="chunk", calls=20)
        assert [(part.model, part.predictions) for part in scenario.models] == [
            ("Linear.mlpackage", 1), ("Other.mlpackage", 3)
        ]
        assert sum(part.share for part in scenario.models) == pytest.approx(1)
        assert sum(part.native_ms for part in scenario.models) == pytest.approx(
            np.mean(scenario.measurement.native_ms), rel=1e-6
        )
        assert scenario.wall_ms >= scenario.measurement.median_ms

    @pytest.mark.coreml_budget(scenario="chnk", predict_ms=1)
    def test_misspelled(models, coreml_scenario):
        coreml_scenario(lambda: models[0].predict(X), name="chunk", calls=2)

    def test_problems_keep_what_was_measured(models, coreml_scenario):
        coreml_scenario(lambda: models[0].predict(X), name="kept", calls=2)
        count = iter(range(100))

        def third():
            models[0].predict(X)
            if next(count) == 2:
                raise ValueError("no more")

        def changing():
            models[next(count) % 2].predict(X)

        for call, problem in [
            (lambda: None, "scenario 'bad': call 1 predicted nothing"),
            (third, "scenario 'bad': call 3 raised ValueError: no more"),
            (changing, "used Other.mlpackage on all, the calls before it Linear.mlpackage on all"),
            (lambda: coreml_scenario(lambda: models[0].predict(X), name="in"), "cannot be measured within another"),
            (7, "expected a callable that predicts, got 7"),
        ]:
            with pytest.raises(Exception) as raised:
                coreml_scenario(call, name="bad")
            assert problem in str(raised.value), raised.value
        for arguments, problem in [({"calls": 0}, "positive whole number"), ({"name": "kept"}, "measured already")]:
            with pytest.raises(Exception, match=problem):
                coreml_scenario(lambda: models[0].predict(X), **{"name": "more", **arguments})
        raise KeyError("the test fails in the end")
"""
)
RUN = ("-p", "no:randomly", "--coreml-calls=5", "--coreml-runtime=reference")


@pytest.fixture
def two_models(project):
    """Two models in one project."""
    shutil.copytree(project.path / "Linear.mlpackage", project.path / "Other.mlpackage")
    return project


@pytest.mark.slow
def test_scenarios_are_measured_judged_and_reported(two_models):
    """A separate entry has samples, shares and checks; bad scenarios are errors and cost no measurement."""
    two_models.makepyfile(TEST)

    result = two_models.runpytest_subprocess(*RUN, "--coreml-report=r.json")
    tests = json.loads((two_models.path / "r.json").read_text())["tests"]
    scenarios = {test["scenarios"][0]["name"]: test for test in tests if test["scenarios"]}

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*coreml_budget: the test measured no scenario 'chnk'; did you mean 'chunk'?*"])
    result.stdout.fnmatch_lines(["*Linear.mlpackage + Other.mlpackage*", "*all, scenario chunk*"])
    chunk = next(test for test in tests if test["scenarios"] and "two_models" in test["id"])
    assert [check["check"] for check in chunk["checks"]] == ["predict_ms", "predict_p95_ms", "min_fps"]
    assert {check["verdict"] for check in chunk["checks"]} == {"passed"}
    assert len(chunk["predict"]["native_ms"]) >= 20
    assert scenarios["kept"]["outcome"] == "failed"


REGRESSION = (
    MODELS
    + """
    import os

    def test_chunk(models, coreml_scenario):
        repeats = int(os.environ["REPEATS"])
        coreml_scenario(lambda: [models[0].predict(X) for _ in range(repeats)], name="chunk", calls=40)
"""
)


@pytest.mark.slow
def test_a_scenario_is_compared_with_its_baseline(two_models, monkeypatch):
    """Three times as many predictions are slower than the baseline, which fresh engines confirm."""
    two_models.makepyfile(REGRESSION)
    monkeypatch.setenv("REPEATS", "20")
    two_models.runpytest_subprocess(*RUN, "--coreml-report=before.json").assert_outcomes(passed=1)
    monkeypatch.setenv("REPEATS", "60")

    options = ("--coreml-baseline=before.json", "--coreml-report=now.json", "-rs")
    result = two_models.runpytest_subprocess(*RUN, *options)
    entry = json.loads((two_models.path / "now.json").read_text())["tests"][-1]

    # A machine that other processes use may leave it open, and never lets it pass.
    assert entry["regression"]["verdict"] in ("failed", "inconclusive")
    assert entry["regression"]["runs"] == 1
    assert entry["regression"]["processes"] >= 2 or entry["regression"]["cause"] == "current run disturbed"
    assert result.parseoutcomes().get("passed", 0) == 0
