"""Packages that are damaged, too new or of another kind get a clear error each, in one run that goes on."""

from __future__ import annotations

import bad_models
import pytest
import small_models

CONST = "*cannot be loaded: operation const 'linear_0_weight_0_to_fp16'*"
READ = ": cannot be read as a Core ML model: *"
EXPECTED = {
    "CorruptManifest": ["*CorruptManifest.mlpackage: cannot be read as a Core ML model: *manifest*line 1*"],
    "CorruptProto": ["*CorruptProto.mlpackage: cannot be read as a Core ML model: Error parsing message*"],
    "CutWeights": [f"*CutWeights.mlpackage{CONST}weight.bin*expected 16384 bytes at 128, but the file ends at 200"],
    "OffsetOutside": [f"*OffsetOutside.mlpackage{CONST}weight.bin, blob at offset 1099511627776: *the file ends at *"],
    "DataOutside": [f"*DataOutside.mlpackage{CONST}expected 16384 bytes at 1099511627776, but the file ends at *"],
    "LinkedWeights": [f"*LinkedWeights.mlpackage{READ}is a link that points outside the package: *.outside.bin"],
    "LinkedFolder": [f"*LinkedFolder.mlpackage{READ}is a link that points outside the package: *.outside/weight.bin"],
    "WeightsAbove": [f"*WeightsAbove.mlpackage{READ}'@model_path/../../../outside.bin' points outside the package"],
    "WeightsAbsolute": [f"*WeightsAbsolute.mlpackage{READ}'/outside.bin' points outside the package"],
    "TooNew": ["*TooNew.mlpackage: cannot be compiled: specification version 99 is newer than *"],
    "AnotherKind": ["*AnotherKind.mlpackage*cannot execute models of type wordTagger*runs only on a Mac"],
    "UnknownOperations": [
        "*UnknownOperations.mlpackage*3 operations are not supported by the reference runtime:",
        "*strange_linear x2 (first: 'linear_0_cast_fp16')*",
        "*strange_relu x1 (first: 'relu_0_cast_fp16')*",
    ],
}


@pytest.mark.slow
def test_every_bad_package_is_refused_and_the_sound_one_runs(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each error names the user's file and the cause; the test after them passes."""
    monkeypatch.setenv("TMPDIR", str(project.mkdir("temporary")))
    bad_models.save_all(small_models.save_encoder(project.path), project.path)
    project.makepyfile(
        f"""
        import pytest

        @pytest.mark.parametrize("name", {[*bad_models.DAMAGES, "Encoder"]})
        def test_it(coreml_load, name):
            model = coreml_load(f"{{name}}.mlpackage")
            model.predict(model.example_inputs())
        """
    )

    result = project.runpytest_subprocess("-p", "no:randomly", "--coreml-runtime=reference")

    assert list(EXPECTED) == list(bad_models.DAMAGES)
    result.assert_outcomes(passed=1, failed=len(EXPECTED))
    # Neither a frame of ours nor a path that only the engine knows.
    for line in ("*Traceback*", "*pytest_coreml/*", "*session.py*", "*/temporary/pytest-coreml-*"):
        result.stdout.no_fnmatch_line(line)
    for lines in EXPECTED.values():
        result.stdout.fnmatch_lines([f"E  *{line}" for line in lines])
