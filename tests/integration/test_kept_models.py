"""Compiled models that are kept between runs, on a Mac."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from compiled_folders import save_compiled
from standin.scenario import Times

from pytest_coreml.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from mac_project import MacProject

TIMES = Times(first_load_ns=30_000_000, load_ns=2_000_000)
TESTS = """
    import pytest

    @pytest.mark.coreml_model("Small.mlpackage", "Linear.mlmodelc")
    def test_model(coreml_model):
        coreml_model.predict(coreml_model.example_inputs())
"""
ONE_TEST = """
    import pytest

    @pytest.mark.coreml_model("Small.mlpackage")
    @pytest.mark.coreml_budget({})
    def test_model(coreml_model): pass
"""


@pytest.mark.slow
def test_a_second_run_compiles_nothing_and_loads_the_same_files(mac_project: MacProject, linear_package: Path) -> None:
    """Two workers that need a model compile it once; a compiled model of the user's stays in place.

    With `off`, each process compiles, and measures a first load.
    """
    mac_project.save(name="Small.mlpackage")
    save_compiled(linear_package, mac_project.path / "Linear.mlmodelc")
    mac_project.become(times=TIMES)
    mac_project.test(TESTS)
    both = ("-n", "2", "--dist=each")

    mac_project.run(*both).assert_outcomes(passed=4)
    compiled, cold = mac_project.journal("compile"), mac_project.journal("load")
    mac_project.run(*both).assert_outcomes(passed=4)
    warm = mac_project.journal("load")[len(cold) :]

    assert len(compiled) == 1
    assert mac_project.journal("compile") == compiled
    assert {call["known"] for call in warm} == {"all"}
    assert {call["path"] for call in warm} == {call["path"] for call in cold}
    assert str(mac_project.path / "Linear.mlmodelc") in {call["path"] for call in warm}
    assert {ms for entry in mac_project.report["tests"] for ms in entry["load"]["load_ms"]} == {2.0}
    assert all(entry["load"]["first_load_ms"] == [] for entry in mac_project.report["tests"])

    mac_project.run("--coreml-cache=off", *both).assert_outcomes(passed=4)

    assert len(mac_project.journal("compile")) == 3
    assert all(len(entry["load"]["first_load_ms"]) == 1 for entry in mac_project.report["tests"])


@pytest.mark.slow
def test_a_first_load_is_measured_for_a_budget_and_a_slowdown_confirmed_without(mac_project: MacProject) -> None:
    """It is a real one, however often the model was loaded; a confirming process loads the files that are kept."""
    mac_project.save(name="Small.mlpackage")
    mac_project.become(times=TIMES)
    mac_project.test(ONE_TEST.format("predict_ms=5"))
    # A baseline needs more calls than other tests.
    mac_project.run("--coreml-calls=30").assert_outcomes(passed=1)
    baseline = mac_project.report_path.rename(mac_project.path / "baseline.json")
    loads = len(mac_project.journal("load"))

    mac_project.become(times=Times(first_load_ns=30_000_000, load_ns=2_000_000, predict_ns=(3_000_000,)))
    compared = mac_project.run("--coreml-calls=30", f"--coreml-baseline={baseline}", "--coreml-unmeasured=fail")
    compared.assert_outcomes(failed=1)
    confirming = mac_project.journal("load")[loads:]

    assert len({call["pid"] for call in confirming}) >= 2
    assert {call["known"] for call in confirming} == {"all"}
    assert len(mac_project.journal("compile")) == 1

    mac_project.test(ONE_TEST.format("first_load_ms=29"))
    mac_project.run().assert_outcomes(failed=1)

    assert mac_project.report["tests"][0]["load"]["first_load_ms"] == [30.0]
    assert len(mac_project.journal("compile")) == 2


@pytest.mark.slow
def test_a_folder_that_is_not_ours_is_told_and_left_alone(mac_project: MacProject) -> None:
    """The tests run as with `off`; no command removes anything of it."""
    mac_project.save(name="Small.mlpackage")
    mac_project.test(ONE_TEST.format("predict_ms=5"))
    mac_project.cache.mkdir(parents=True)
    (mac_project.cache / "mine").write_text("mine")

    result = mac_project.run()

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*compiled models are not kept: *compiled-models is not a folder of pytest-coreml*"])
    assert main(["cache", "clear"]) == 2
    assert [path.name for path in mac_project.cache.iterdir()] == ["mine"]
