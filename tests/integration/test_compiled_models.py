"""Compiled models (`.mlmodelc`) as sources: everywhere that a package is one, without Core ML and on a Mac."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from compiled_folders import save_compiled
from standin.scenario import Op, Times

if TYPE_CHECKING:
    from pathlib import Path

    from mac_project import MacProject


@pytest.fixture
def compiled(project: pytest.Pytester, linear_package: Path) -> Path:
    """Put a compiled model into the project, beside its package."""
    return save_compiled(linear_package, project.path / "Compiled.mlmodelc")


@pytest.mark.slow
def test_a_compiled_model_on_the_command_line_is_a_test(project: pytest.Pytester, compiled: Path) -> None:
    """It is loaded, predicts and is measured; its description is in the report."""
    result = project.runpytest_subprocess(compiled.name, "--coreml-report=r.json", "--coreml-calls=10")

    result.assert_outcomes(passed=1)
    document = json.loads((project.path / "r.json").read_text())
    (model,) = document["models"].values() if isinstance(document["models"], dict) else document["models"]
    assert model["type"] == "mlProgram"
    assert model["operations"]["relu"] == 1
    assert document["tests"][0]["id"] == "Compiled.mlmodelc::all"


@pytest.mark.slow
def test_its_outputs_are_those_of_the_package(project: pytest.Pytester, compiled: Path) -> None:
    """By a marker, beside the package by `coreml_load`."""
    project.makepyfile(
        f"""
        import numpy as np
        import pytest

        @pytest.mark.coreml_model({compiled.name!r})
        @pytest.mark.coreml_budget(size_mb=100)
        def test_it(coreml_model, coreml_load):
            package = coreml_load("Linear.mlpackage")
            inputs = package.example_inputs()
            assert coreml_model.spec.inputs == package.spec.inputs
            assert coreml_model.spec.operations == package.spec.operations
            for name, value in package.predict(inputs).items():
                assert np.array_equal(coreml_model.predict(inputs)[name], value)
        """
    )

    project.runpytest_subprocess("--coreml-calls=10", "-W", "ignore").assert_outcomes(passed=1)


@pytest.mark.slow
def test_it_is_the_other_version_of_a_comparison(project: pytest.Pytester, compiled: Path) -> None:
    """Both are interleaved; ten pairs judge nothing, and the clock of the reference runtime must be chosen."""
    words = ("Linear.mlpackage", f"--coreml-against={compiled.name}", "--coreml-calls=10")
    chosen = project.runpytest_subprocess(*words, "--coreml-runtime=reference")
    unasked = project.runpytest_subprocess(*words, "-rs")

    chosen.stdout.fnmatch_lines(["*against the other version*: CANNOT TELL: 10 pairs are too few*"])
    unasked.assert_outcomes(passed=1)
    unasked.stdout.fnmatch_lines(["not judged", "*this comparison is about Core ML's time*"])


@pytest.mark.slow
def test_it_cannot_be_loaded_from_memory(project: pytest.Pytester, compiled: Path) -> None:
    """The error says what can."""
    project.makepyfile(
        f"""
        def test_it(coreml_load):
            coreml_load({compiled.name!r}, from_memory=True)
        """
    )

    result = project.runpytest_subprocess()

    result.stdout.fnmatch_lines(["*Compiled.mlmodelc: a compiled model cannot be loaded from memory; name the*"])


@pytest.mark.slow
def test_weights_that_are_missing_are_named_by_the_user_s_path(project: pytest.Pytester, compiled: Path) -> None:
    """Not by the copy that the engine loads."""
    shutil.rmtree(compiled / "weights")

    result = project.runpytest_subprocess(compiled.name)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*Compiled.mlmodelc: the weight file '@model_path/weights/weight.bin' is missing, expected *"]
    )


@pytest.mark.slow
def test_a_folder_that_only_looks_like_one_is_refused(project: pytest.Pytester) -> None:
    """By name, and with what is missing."""
    (project.path / "Empty.mlmodelc").mkdir()

    result = project.runpytest_subprocess("Empty.mlmodelc")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Empty.mlmodelc: not a compiled model: coremldata.bin is missing*"])


def inspect(path: Path) -> str:
    """Run `pytest-coreml inspect`, and return what it prints."""
    code = "import sys; from pytest_coreml.cli import main; sys.exit(main(sys.argv[1:]))"
    ended = subprocess.run([sys.executable, "-c", code, "inspect", path], capture_output=True, text=True, check=True)
    return ended.stdout


def test_inspect_prints_its_description(linear_package: Path, tmp_path: Path) -> None:
    """Type, inputs, outputs and operations."""
    compiled = save_compiled(linear_package, tmp_path / "Compiled.mlmodelc")

    found = inspect(compiled)

    assert found.startswith("Compiled.mlmodelc\n")
    assert "mlProgram, specification" in found
    assert "1 x relu" in found


def test_inspect_describes_a_compiled_network_by_its_data(linear_package: Path, tmp_path: Path) -> None:
    """Core ML may run it: its operations are unknown, its inputs are not."""
    compiled = save_compiled(linear_package, tmp_path / "Network.mlmodelc")
    (compiled / "model.mil").rename(compiled / "model.espresso.net")
    data = bytearray((compiled / "coremldata.bin").read_bytes())
    data[:4] = (500).to_bytes(4, "little")
    (compiled / "coremldata.bin").write_bytes(data)

    found = inspect(compiled)

    assert "neuralNetwork, specification" in found
    assert "input       x: " in found
    assert "operations  unknown" in found


@pytest.mark.slow
def test_on_a_mac_it_is_loaded_timed_and_planned(mac_project: MacProject, linear_package: Path) -> None:
    """From a fresh copy, without being compiled, and its plan is that of the compiled path."""
    save_compiled(linear_package, mac_project.path / "Compiled.mlmodelc")
    mac_project.become(default=Op("cpu"), times=Times(predict_ns=(2_000_000,)))
    mac_project.test(
        """
        import pytest

        @pytest.mark.coreml_model("Compiled.mlmodelc")
        @pytest.mark.coreml_budget(predict_ms=10, first_load_ms=1000)
        @pytest.mark.coreml_placement(min_share={"cpu": 0.9})
        def test_it(coreml_model):
            coreml_model.predict(coreml_model.example_inputs())
        """
    )

    mac_project.run().assert_outcomes(passed=1)

    (test,) = mac_project.report["tests"]
    assert test["placement"]["share"]["ops"] == {"cpu": 1.0}
    assert set(test["predict"]["native_ms"]) == {2.0}
    assert mac_project.journal("compile") == []
    assert all(call["path"].endswith("/Compiled.mlmodelc") for call in mac_project.journal("load"))
    assert all(str(mac_project.path / "Compiled.mlmodelc") != call["path"] for call in mac_project.journal("load"))
