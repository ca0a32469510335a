"""Variants of one model: a test each, one table side by side, and a variant that cannot be built ends nothing."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from small_models import save_encoder

if TYPE_CHECKING:
    from pathlib import Path

TEST = """
import pytest

def wrong(model):
    raise RuntimeError("no such layer")

def ends(model):
    import os
    os._exit(5)

@pytest.mark.coreml_model("Encoder.mlpackage")
@pytest.mark.coreml_variants("int8", "int4-block32", wrong=wrong, ends=ends)
@pytest.mark.coreml_budget(max_size_ratio=0.4)
def test_it(coreml_model, coreml_original):
    inputs = coreml_model.example_inputs()
    same = coreml_model is coreml_original
    assert same == (coreml_model.name == "Encoder.mlpackage")
    assert coreml_model.predict(inputs)["logits"].shape == coreml_original.predict(inputs)["logits"].shape
"""


@pytest.fixture
def encoder(project: pytest.Pytester) -> pytest.Pytester:
    """A project with a model whose weights are worth compressing."""
    save_encoder(project.path)
    return project


@pytest.mark.slow
def test_variants_are_tested_side_by_side(encoder: pytest.Pytester) -> None:
    """Each is a row: a missed ratio, a target that lacks a preset, a callable that raises, and one that crashes."""
    encoder.makepyfile(test_v=TEST)

    result = encoder.runpytest_subprocess("--coreml-report=r.json", "--coreml-calls=20", "-p", "no:randomly")

    result.assert_outcomes(passed=1, failed=3, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "*Encoder-int8.mlpackage on all: size relative to the original 0.5* x, budget 0.4 x*",
            "variants of Encoder.mlpackage on all  test_v.py::test_it",
            "variant *",
            "original *100%* passed",
            "int8 *5?%* failed",
            "int4-block32 * skipped",
            "wrong * failed",
            "ends * failed",
            "  int8: operations +2 constexpr_affine_dequantize",
            "  int4-block32: no variant int4-block32: it needs the deployment target iOS 18,*",
            "  wrong: the variant wrong cannot be built: RuntimeError: no such layer*",
            "*(test_v.py:4)",
            "  ends: the engine process exited with status 5 while building ends of*",
        ]
    )
    document = json.loads((encoder.path / "r.json").read_text())
    (group,) = document["variants"]
    assert [(row["variant"], row["verdict"]) for row in group["rows"]] == [
        ("original", "passed"),
        ("int8", "failed"),
        ("int4-block32", "skipped"),
        ("wrong", "failed"),
        ("ends", "failed"),
    ]
    assert group["rows"][1]["time_ratio"] > 0
    assert 25 < group["rows"][1]["psnr"] < 60
    assert (document["tests"][1]["variant"], document["tests"][1]["against_original"]["lost"]) == ("int8", {})


@pytest.mark.slow
def test_the_option_gives_each_model_file_its_variants(encoder: pytest.Pytester) -> None:
    """And a second run builds nothing."""
    words = ("Encoder.mlpackage", "--coreml-variants=int8", "--coreml-calls=10", "-v")

    encoder.runpytest_subprocess(*words).assert_outcomes(passed=2)

    (kept,) = (encoder.path / ".pytest_cache").rglob("Encoder-int8.mlpackage")
    before: list[tuple[Path, int]] = [(path, path.stat().st_mtime_ns) for path in kept.rglob("*")]
    result = encoder.runpytest_subprocess(*words)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["Encoder.mlpackage::all?int8? PASSED*", "original *", "int8 *"])
    assert [(path, path.stat().st_mtime_ns) for path in kept.rglob("*")] == before


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        ("pytest.mark.coreml_variants('int-8', 'palete-4')", "unknown variant 'int-8'; did you mean 'int8'?"),
        ("pytest.mark.coreml_variants(original=print)", "'original' is the name of the model itself"),
        ("pytest.mark.coreml_variants(mine=3)", "mine: expected a callable that takes an MLModel*, got 3"),
        ("pytest.mark.coreml_variants()", "expected at least one variant"),
    ],
)
def test_mistakes_are_found_before_any_test(project: pytest.Pytester, words: str, mistake: str) -> None:
    """With the nearest name."""
    project.makepyfile(
        f"""
        import pytest

        @pytest.mark.coreml_model("Linear.mlpackage")
        @{words}
        def test_it(coreml_model):
            pass
        """
    )

    result = project.runpytest_inprocess()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*coreml_variants: {mistake}*"])


# Loaded by each Python process of the run. Engines end in the middle of writing or reading a file of these variants.
ENDS = """
import os, signal, sys

def end(event, arguments):
    if event not in ("open", "os.mkdir") or "pytest_coreml.engine.server.loop" not in sys.modules:
        return
    path = str(arguments[0])
    if "unfinished-Encoder-int8" in path:
        os.kill(os.getpid(), signal.SIGKILL)
    if "unfinished-Encoder-palette-4" in path:
        os._exit(3)
    if "Encoder-sparse-50" in path and "unfinished-" not in path:
        os.abort()

sys.addaudithook(end)
"""
ENDING = """
import pathlib
import pytest

def test_of_something_else():
    assert not list(pathlib.Path(".pytest_cache").rglob("Encoder-*"))

@pytest.mark.coreml_model("Encoder.mlpackage")
@pytest.mark.coreml_variants("int8", "palette-4", "sparse-50", "palette-6")
def test_it(coreml_model):
    coreml_model.predict(coreml_model.example_inputs())
"""


@pytest.mark.slow
def test_a_variant_that_ends_its_process_is_a_row(encoder: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed or gone while it is built, aborted while it is loaded: each is a row, and later variants are tested.

    Tests before do not wait for variants: none is built before its test.
    """
    site = encoder.mkdir("site")
    (site / "sitecustomize.py").write_text(ENDS)
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)
    monkeypatch.setenv("COLUMNS", "200")
    encoder.makepyfile(test_v=ENDING)

    result = encoder.runpytest_subprocess("--coreml-report=r.json", "--coreml-calls=10", "-p", "no:randomly", "-vv")

    document = json.loads((encoder.path / "r.json").read_text())
    problems = {row["variant"]: row["problem"] or "" for row in document["variants"][0]["rows"]}
    ends = {"int8": "was killed by SIGKILL", "palette-4": "exited with status 3", "sparse-50": "SIGABRT"}
    result.assert_outcomes(passed=3, failed=3)
    assert list(problems) == ["original", "int8", "palette-4", "sparse-50", "palette-6"]
    assert all(end in problems[name] for name, end in ends.items())
    result.stdout.fnmatch_lines(["original * passed", "int8 * failed", "palette-4 * failed", "sparse-50 * failed"])
