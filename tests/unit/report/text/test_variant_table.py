"""Variants side by side: at 80 columns, with what has no column below."""

from __future__ import annotations

from dataclasses import replace

from report_examples import MEASUREMENT, PLACEMENT, bare_record

from pytest_coreml.facts.against_original import AgainstOriginal, PairedTimes
from pytest_coreml.facts.agreement import Agreement, OutputAgreement
from pytest_coreml.facts.measurement import LoadTimes
from pytest_coreml.report.text.summary import summary_lines
from pytest_coreml.verdict.check import Check
from pytest_coreml.verdict.variant_rows import variant_groups

SHA256 = "0" * 64


def variant(name, **changes):
    """Return the record of a variant in a test on all compute units."""
    return bare_record(**{"id": f"test_a.py::test_b[{name}-all]", "variant": name, **changes})


ORIGINAL = variant("original", against_original=AgainstOriginal(SHA256, 12.4, 1.0), memory_mb=48.5)
PALETTE = variant(
    "palette-4-group16",
    model_name="Encoder-palette-4-group16.mlpackage",
    load=LoadTimes(compile_ms=(), first_load_ms=(640.0,), load_ms=(93.0, 91.0)),
    against_original=AgainstOriginal(
        *(SHA256, 3.1, 0.25, {"constexpr_lut_to_dense": 12}, {"const": 2}),
        times=PairedTimes(31.0, 34.1, 1.1, 100),
    ),
    agreement=(
        Agreement("original", 20, (OutputAgreement("a", 41.5), OutputAgreement("b", psnr=38.25, identical=False))),
    ),
    placement=PLACEMENT,
    checks=[Check("max_size_ratio", 0.2, 0.25, "failed"), Check("min_psnr[a]", 40, 41.5, "passed")],
)
SKIPPED = variant("int4", outcome="skipped", problem="Encoder.mlpackage: no variant int4: it needs iOS 18")


def test_the_table_has_a_row_for_each_variant():
    """The original is first in any order of runs; a name that is too long has a separate line."""
    lines = summary_lines([PALETTE, SKIPPED, ORIGINAL], 80)

    assert lines[:13] == [
        "variants of Encoder.mlpackage on all  test_a.py::test_b",
        "                             first",
        "                size          load   load median        memory   PSNR",
        "variant           MB  of it     ms     ms     ms  of it     MB     dB verdict",
        "────────────────────────────────────────────────────────────────────────────────",
        "original        12.4   100%      -      -      -      -   48.5      - passed",
        "palette-4-group16",
        "                3.10    25%    640     92   34.1   110%      -   38.2 failed",
        "int4               -      -      -      -      -      -      -      - skipped",
        "  palette-4-group16: operations +12 constexpr_lut_to_dense, -2 const",
        "  palette-4-group16: planned cpu 25.0 %, neuralEngine 75.0 %",
        "  int4: no variant int4: it needs iOS 18",
        "",
    ]
    assert "    all: size relative to the original 0.25 x, budget 0.2 x (+25.0 %)" in lines
    assert max(map(len, lines)) <= 80


def test_a_median_that_a_limit_is_judged_by_is_told_beside_the_interleaved_one():
    """Two medians of one variant would contradict each other otherwise."""
    checks = [Check("predict_ms", 30, 31.8, "failed")]
    note = "median 31.8 ms in the calls of its limit, 34.1 ms in the interleaved"

    assert f"  palette-4-group16: {note}" in summary_lines([replace(PALETTE, predict=MEASUREMENT, checks=checks)], 120)
    assert note not in " ".join(summary_lines([replace(PALETTE, predict=MEASUREMENT)], 120))


def test_outputs_that_are_equal_are_said_to_be():
    """Their ratio is infinite."""
    same = variant(
        "float16-io",
        against_original=AgainstOriginal(SHA256, 12.4, 1.0),
        agreement=(Agreement("original", 20, (OutputAgreement("a", identical=True),)),),
    )

    assert any(line.endswith("  equal passed") for line in summary_lines([same], 80))


def test_each_configuration_and_source_has_a_table():
    """Rows of one table differ by the variant alone."""
    records = [
        variant("int8"),
        variant("int8", id="test_a.py::test_b[int8-cpuOnly]", compute_units="cpuOnly"),
        variant("int8", id="test_a.py::test_b[small-int8-all]"),
        variant("int8", id="test_a.py::test_b[large-int8-all]"),
        variant("original", id="test_a.py::test_b[large-original-all]"),
        variant("int8", id="Net.mlmodel::all[int8]"),
        variant("original", id="Net.mlmodel::all[original]"),
    ]

    assert [(group.test, group.compute_units, len(group.rows)) for group in variant_groups(records)] == [
        ("test_a.py::test_b", "all", 1),
        ("test_a.py::test_b", "cpuOnly", 1),
        ("test_a.py::test_b[small]", "all", 1),
        ("test_a.py::test_b[large]", "all", 2),
        ("Net.mlmodel::all", "all", 2),
    ]


def test_other_records_keep_their_table():
    """They come first."""
    lines = summary_lines([ORIGINAL, bare_record()], 80)

    assert sum("Encoder.mlpackage" in line for line in lines) == 2
    assert any(line.startswith("Encoder.mlpackage  test_a.py::test_b") for line in lines)
