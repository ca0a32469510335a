"""The limits of a budget decide what is measured."""

from __future__ import annotations

from pytest_coreml.facts.budget_needs import needs_load, needs_prediction
from pytest_coreml.facts.limits import Budget


def test_what_a_budget_needs() -> None:
    """The limits decide whether to predict or load at all."""
    assert needs_prediction(Budget(min_fps=10))
    assert needs_prediction(Budget(min_speedup={"cpuOnly": 2}))
    assert needs_prediction(Budget(first_predict_ms=10))
    assert not needs_prediction(Budget(load_ms=10, size_mb=3))
    assert needs_load(Budget(compile_ms=10))
    assert needs_load(Budget(first_predict_ms=10))
    assert not needs_load(Budget(predict_ms=10, memory_mb=3))
