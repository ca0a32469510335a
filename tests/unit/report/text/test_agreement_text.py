"""The agreement of outputs in the summary of the terminal."""

from __future__ import annotations

from report_examples import record

from pytest_coreml.facts.agreement import Agreement, OutputAgreement
from pytest_coreml.report.text.agreement_text import agreement_lines

AGREEMENT = Agreement("Net.mlpackage", 20, (OutputAgreement("y", psnr=41.5),))


def test_equal_titles_have_the_test():
    """Two tests may compare the same two models."""
    records = [record(id=f"test_a.py::{name}", agreement=(AGREEMENT,)) for name in ("test_one", "test_two")]

    both, one = (" ".join(agreement_lines(chosen, 200)) for chosen in (records, records[:1]))

    assert "20 inputs (test_a.py::test_one)" in both
    assert "20 inputs (test_a.py::test_two)" in both
    assert "test_one" not in one
