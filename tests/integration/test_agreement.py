"""Outputs compared with references: what a user sees where they differ, and where a reference cannot be used."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import coremltools as ct
import numpy as np
import pytest
import small_models
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses

from pytest_coreml.cli import main
from pytest_coreml.engine.input_sequences import InputSequences
from pytest_coreml.facts.agreement import Comparing
from pytest_coreml.session.model import Listeners
from pytest_coreml.session.models import Models
from pytest_coreml.session.options import Options
from pytest_coreml.session.output_comparison import Comparison, compare_with

if TYPE_CHECKING:
    from mac_project import MacProject

EXAMPLES = Path(__file__).parents[2] / "examples"
RUN = ("-p", "no:randomly", "--coreml-calls=10", "--coreml-report")
TESTS = """
    import numpy as np
    import pytest
    from small_models import linear

    pytestmark = pytest.mark.coreml_model("Linear.mlpackage")

    def exact(inputs):
        return {"y": linear(inputs["x"])}

    def shifted(inputs):
        return linear(inputs["x"]) + 0.5

    def renamed(inputs):
        return {"z": linear(inputs["x"])}

    def broken(inputs):
        raise KeyError("weights")

    @pytest.mark.coreml_agreement(reference=exact, inputs=20, min_psnr=100, max_abs=1e-5, min_top1=1)
    def test_agrees(coreml_model):
        pass

    @pytest.mark.coreml_agreement(reference=shifted, inputs=20, min_psnr=40)
    def test_differs(coreml_model):
        pass

    @pytest.mark.coreml_agreement(reference=renamed, min_psnr=40)
    def test_renamed(coreml_model):
        pass

    @pytest.mark.coreml_agreement(reference=broken, min_psnr=40)
    def test_broken(coreml_model):
        pass

    @pytest.mark.coreml_agreement(reference="pickled.npz", min_psnr=40)
    def test_pickled(coreml_model):
        pass

    @pytest.mark.coreml_agreement(inputs=list)
    def test_no_inputs(coreml_model):
        pass

    @pytest.mark.coreml_agreement(reference=exact, max_abs={"logits": 1})
    def test_no_such_output(coreml_model):
        pass
"""


@pytest.mark.slow
def test_each_reference_agrees_or_is_one_clear_error(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure names the worst input, which the report names the file of; what cannot be used is told in a line."""
    project.makepyfile(test_models=TESTS)
    monkeypatch.setenv("PYTHONPATH", str(Path(small_models.__file__).parent), prepend=os.pathsep)
    np.savez(project.path / "pickled.npz", y=np.array([{"a": 1}], dtype=object))

    result = project.runpytest_subprocess(*RUN)
    report = json.loads((project.path / "coreml-report.json").read_text())
    tests = {entry["id"].partition("::")[2]: entry for entry in report["tests"]}

    result.assert_outcomes(passed=1, failed=6)
    result.stdout.fnmatch_lines(
        [
            "Linear.mlpackage on all: PSNR of y * dB, at least 40 dB: against shifted, at worst for input * of 0-19",
            "  input *, the worst for PSNR of y, is in coreml-report-inputs/*.npz, beside the report",
            "the reference renamed returned the outputs 'z', expected 'y'",
            "the reference broken, for input 0, raised KeyError: 'weights' (test_models.py:*)",
            "*pickled.npz contains pickled objects, which are not read because reading them runs code*",
            "list returned no inputs, expected at least one",
            "coreml_agreement: Linear.mlpackage has no output 'logits'. It has 'y'",
        ]
    )
    (agreement,) = tests["test_differs[all]"]["agreement"]
    assert (project.path / agreement["saved_input"]).exists()
    assert agreement["outputs"][0]["max_abs"] == pytest.approx(0.5)
    assert [entry["verdict"] for entry in tests["test_agrees[all]"]["checks"]] == ["passed"] * 6
    assert tests["test_agrees[all]"]["health"][0]["varies"] is True


UNITS = """
    import pytest

    @pytest.mark.coreml_model("Model.mlpackage")
    @pytest.mark.coreml_compute_units("cpuOnly", "cpuAndGPU", "cpuAndNeuralEngine")
    @pytest.mark.coreml_agreement(min_psnr=40, varying=False)
    def test_units_agree(coreml_model):
        pass
"""


@pytest.mark.slow
def test_the_odd_one_of_three_compute_units_is_named_on_a_mac(mac_project: MacProject) -> None:
    """It fails alone, with the command that finds the operation; the others pass with a note."""
    mac_project.save()
    right, near, wrong = [[1.0, 2.0, 3.0, 4.0]], [[1.0, 2.0, 3.0, 4.004]], [[1.0, 2.0, 3.0, 0.0]]
    mac_project.become(
        outputs_by_units={
            "CPU_ONLY": {"y": right},
            "CPU_AND_GPU": {"y": near},
            "CPU_AND_NE": {"y": wrong},
        }
    )
    mac_project.test(UNITS)

    result = mac_project.run()

    result.assert_outcomes(passed=2, failed=1)
    sentence = "cpuAndNeuralEngine disagrees with cpuOnly and cpuAndGPU (PSNR 6.0* dB); these two agree (PSNR 66.2 dB)*"
    result.stdout.fnmatch_lines(
        [
            f"Model.mlpackage on cpuAndNeuralEngine: PSNR of y 6.0* dB, at least 40 dB: {sentence}",
            "  to find the first wrong operation: python -c '*MLModelComparator(*",
        ]
    )


@pytest.mark.slow
def test_the_example_with_torch_passes_without_it(
    pytester: pytest.Pytester, without_core_ml: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three conversions of one network agree with what torch gave, which is stored."""
    for name in ("torch_network.py", "torch_network.npz", "test_torch.py"):
        shutil.copy(EXAMPLES / name, pytester.path / name)
    monkeypatch.setenv("PYTHONPATH", str(pytester.path), prepend=os.pathsep)

    result = pytester.runpytest_subprocess("-p", "no:randomly", "--coreml-calls=10")

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["agreement", "  palettized.mlpackage on all with *, 10 inputs"])


LOOSE = """
    import pytest
    from small_models import linear

    def rounded(inputs):
        return linear(inputs["x"]).round(1)

    @pytest.mark.coreml_model("Linear.mlpackage")
    @pytest.mark.coreml_agreement(reference=rounded, inputs=3, min_psnr=5)
    def test_close(coreml_model):
        pass
"""


@pytest.mark.slow
@pytest.mark.usefixtures("without_core_ml")
def test_less_agreement_and_another_boundary_than_in_the_baseline_are_listed(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the run, in its report and by `compare`, though the test keeps its limit."""
    monkeypatch.setenv("PYTHONPATH", str(Path(small_models.__file__).parent), prepend=os.pathsep)
    monkeypatch.setenv("COLUMNS", "200")
    project.makepyfile(test_close=LOOSE)
    project.runpytest_subprocess(*RUN).assert_outcomes(passed=1)
    base = project.path / "base.json"
    report = json.loads((project.path / "coreml-report.json").read_text())
    (output,), (model,) = report["tests"][0]["agreement"][0]["outputs"], report["models"].values()
    output["psnr"] += 20
    model["boundary"]["outputs"][0] |= {"declared": "float16", "size_bytes": 6, "conversions": []}
    base.write_text(json.dumps(report))

    result = project.runpytest_subprocess(*RUN, f"--coreml-baseline={base}")
    current = project.path / "coreml-report.json"
    notes = json.loads(current.read_text())["tests"][0]["notes"]
    main(["compare", str(base), "--current", str(current)])
    shown = capsys.readouterr().out

    assert result.ret == 0
    drop, boundary = (next(note for note in notes if note.startswith(word)) for word in ("less", "output"))
    assert re.fullmatch(r"less agreement with rounded: y \(PSNR \d\S+ dB -> \d\S+ dB\)", drop)
    assert boundary == "output y: float16; 6 bytes -> float32; 12 bytes"
    result.stdout.fnmatch_lines([f"*{re.sub(r'[][]', '?', line)}" for line in (drop, boundary)])
    assert f"  changed: {drop}\n  changed: {boundary}\n" in shown


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a process has read")
@pytest.mark.usefixtures("without_core_ml")
def test_large_outputs_are_compared_where_they_are(tmp_path: Path) -> None:
    """Outputs of 9 MB are read by an engine, never by the process of the tests."""

    @mb.program(input_specs=[mb.TensorSpec((1500, 1)), mb.TensorSpec((1, 1500))])
    def program(x, y):
        return mb.mul(x=x, y=y, name="product")

    path = tmp_path / "Large.mlpackage"
    ct.convert(program, convert_to="mlprogram", skip_model_load=True).save(str(path))
    models = Models(Options(tmp_path, runtime="reference"), Listeners())
    model, reference = (models.load(models.key(path, tmp_path, units)) for units in ("all", "cpuOnly"))
    comparison = Comparison(InputSequences(3), ("product",), Comparing())

    before = bytes_read()
    agreement, health = compare_with(comparison, model, "cpuOnly", partial(comparison.store, reference))
    read = bytes_read() - before
    models.close()

    assert agreement.outputs[0].identical
    assert (health[0].inputs, health[0].varies) == (3, True)
    assert read < 100_000


def bytes_read() -> int:
    """Return the bytes that this process has read, from files and from engines."""
    return int(Path("/proc/self/io").read_text().split()[1])
