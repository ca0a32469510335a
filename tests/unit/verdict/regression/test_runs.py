"""Runs of several measurements."""

from __future__ import annotations

import pytest

from pytest_coreml.facts.measurement import LoadTimes
from pytest_coreml.verdict.regression.run import Run, Runs


@pytest.mark.parametrize(
    ("runtime", "load", "expected"),
    [
        ("coreml", LoadTimes(first_load_ms=(30.0,), load_ms=(2.0,)), {"tests/test_a.py"}),
        ("coreml", LoadTimes(compile_ms=(400.0,)), {"tests/test_a.py"}),
        ("coreml", LoadTimes(load_ms=(2.0,)), set()),
        ("coreml", None, set()),
        ("reference", LoadTimes(first_load_ms=(30.0,)), set()),
    ],
)
def test_a_file_has_first_loads_where_a_run_on_core_ml_timed_them(
    runtime: str, load: LoadTimes | None, expected: set[str]
) -> None:
    """The reference runtime times them in every run, and its times are compared with its own only."""
    run = Run({"runtime": {"name": runtime}}, load=load)
    bare = Run({"runtime": {"name": "coreml"}})
    runs = Runs({("tests/test_a.py::test_it[all]", "all", ""): [bare, run], ("test_b.py::test_it", "all", ""): [bare]})

    assert runs.files_with_first_loads == expected
