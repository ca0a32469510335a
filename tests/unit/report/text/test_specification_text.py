"""A specification in lines."""

from __future__ import annotations

from report_examples import SPEC

from pytest_coreml.report.text.specification_text import spec_lines


def test_every_fact_of_a_model_has_its_line():
    """Type, target, size, weights, functions, features with what they take, and operators, the most frequent first."""
    assert list(spec_lines(SPEC)) == [
        "Encoder.mlpackage",
        "  type        mlProgram, specification 7 (iOS 16, macOS 13)",
        "  size        12.4 MB, 12 MB of it weights",
        "  weights     float16, 4-bit palettized",
        "  functions   main (default), prefill",
        "  input       image: RGB image 320 x 224",
        "  input       ids: int32 (1, 8) (flexible), optional",
        "  input       mask: float16 (1, 8) (flexible)",
        "  output      logits: float32 (1, 1000)",
        "  state       cache: float16 (2, 64)",
        "  operations  23",
        "                12 x conv",
        "                11 x relu",
        f"  sha256      {SPEC.sha256}",
    ]
